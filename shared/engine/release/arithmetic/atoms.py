"""Classes of rows that are alike in the released cells that they are in, and what these disclose.

A cell of a result, or of an earlier one, is a set of rows of a dataset's table. Rows that are in
the same cells cannot be told apart by what was released: they are an atom. Cells that add up and
subtract to atoms of too few units disclose them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shared.engine.release.arithmetic.linear import Disclosure, Units, disclosures

MOST_ATOMS = 300_000
_MOST_CELLS, _MOST_ENTRIES = 700, 6_000_000


class Atom(NamedTuple):
    """The cells that its rows are in, and its units: None when these are enough.

    `alike` numbers the group that nearly all of a larger one are in, 0 where its rows are of none.
    """

    cells: frozenset[int]
    units: Units | None
    rows: int = 0
    alike: int = 0


class Undecided(Exception):
    """Too large to decide within the limits."""


def without(atoms: Iterable[Atom], hidden: Collection[int], enough: int) -> list[Atom]:
    """Return the atoms without these hidden cells: atoms that then look alike are joined."""
    gone, merged = frozenset(hidden), dict[frozenset[int], Atom]()
    for atom in atoms:
        seen = atom.cells - gone
        if not seen:
            continue
        merged_atom = merged.get(seen)
        merged[seen] = (
            _joined(merged_atom, atom, enough) if merged_atom else atom._replace(cells=seen)
        )
    return list(merged.values())


def _joined(atom: Atom, other: Atom, enough: int) -> Atom:
    units = None if atom.units is None or other.units is None else atom.units | other.units
    is_enough = units is None or len(units) >= enough
    alike = atom.alike if atom.alike == other.alike else 0
    return Atom(atom.cells, None if is_enough else units, atom.rows + other.rows, alike)


def found_in(atoms: Sequence[Atom], enough: int) -> list[Disclosure]:
    """Find combinations of cells that disclose fewer than `enough` units.

    So do those that disclose how many are in a group that nearly all of a larger one are in: it
    counts as a unit of its own. Raises Undecided.
    """
    atoms = [
        atom._replace(units=frozenset({-atom.alike})) if atom.alike and atom.units is None else atom
        for atom in atoms
    ]
    return [
        disclosure
        for some in _components(atoms)
        for disclosure in _found_in_component(some, enough)
    ]


def _components(atoms: Sequence[Atom]) -> Iterator[list[Atom]]:
    """Group atoms that share cells, directly or through others; yield groups with a small atom."""
    first = {cell: cell for atom in atoms for cell in atom.cells}

    def root(cell: int) -> int:
        while first[cell] != cell:
            first[cell] = first[first[cell]]
            cell = first[cell]
        return cell

    for atom in atoms:
        first_cell, *others = atom.cells
        for other in others:
            first[root(other)] = root(first_cell)
    together: dict[int, list[Atom]] = defaultdict(list)
    for atom in atoms:
        together[root(next(iter(atom.cells)))].append(atom)
    yield from (some for some in together.values() if any(atom.units is not None for atom in some))


def _found_in_component(atoms: Sequence[Atom], enough: int) -> list[Disclosure]:
    left = _not_alone(atoms)
    cells = sorted({cell for atom in left for cell in atom.cells})
    if len(cells) > _MOST_CELLS or len(cells) * len(left) > _MOST_ENTRIES:
        raise Undecided
    place = {cell: at for at, cell in enumerate(cells)}
    matrix = np.zeros((len(cells), len(left)), dtype=np.int64)
    for at, atom in enumerate(left):
        matrix[[place[cell] for cell in atom.cells], at] = 1
    combinations = disclosures(matrix, [atom.units for atom in left], enough)
    return [
        combination._replace(cells=tuple(cells[at] for at in combination.cells))
        for combination in combinations
    ]


def _not_alone(atoms: Sequence[Atom]) -> list[Atom]:
    """Remove the cells that no combination can contain.

    A cell that has a large atom alone cannot be in one: nothing takes that atom away again.
    """
    cells_of = [set(atom.cells) for atom in atoms]
    atoms_of: Mapping[int, set[int]] = defaultdict(set)
    for at, atom in enumerate(atoms):
        for cell in atom.cells:
            atoms_of[cell].add(at)
    alone = [at for at, atom in enumerate(atoms) if atom.units is None and len(cells_of[at]) == 1]
    while alone:
        at = alone.pop()
        for cell in tuple(cells_of[at]):
            for other in atoms_of[cell]:
                cells_of[other].discard(cell)
                if atoms[other].units is None and len(cells_of[other]) == 1:
                    alone.append(other)
    return [
        atom._replace(cells=frozenset(cells))
        for atom, cells in zip(atoms, cells_of, strict=True)
        if cells
    ]
