"""Which cells to leave empty: small ones, those that are mostly one unit's, and what tells them.

pytauargus proposes what to hide besides; what is released is then audited without it, by rank and
by interval, and more is hidden until nothing is found, or nobody can decide.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.engine.release.arithmetic.atoms import Atom, Undecided, found_in, without
from shared.engine.release.arithmetic.intervals import Interval, Piece, Protection, System
from shared.engine.release.arithmetic.linear import Disclosure
from shared.engine.release.cells import EARLIER, Cells, Hidden, Measure, P
from shared.engine.tables.release import RuleName

_MOST_ROUNDS = 60
_NEARLY = 1e-4


class _Linked(NamedTuple):
    """Pieces that have cells in common, and what has to be protected of them."""

    pieces: list[Piece]
    targets: dict[int, Protection]
    small: list[tuple[int, Protection]]


def hide_small(cells: Cells, present: Collection[int], hidden: Hidden) -> None:
    """Hide the cells of too few units, and other cells that would disclose them.

    `present` are all cells of the table, also those without any row of the input. Raises Undecided.
    """
    units, uneven = cells.units()
    enough = cells.population.minimum
    for cell in present:
        if units.get(cell, 0) < enough:
            hidden[cell] = "units"
        elif cell in uneven:
            hidden.setdefault(cell, "selection")
    if not cells.bring_into_play():
        return
    atoms = cells.atoms()
    few = {cell: Protection(enough, enough, enough) for cell in hidden}
    pieces = [Piece(atom.cells, float(atom.rows)) for atom in atoms]
    system = System(pieces, _earlier(pieces), few)
    for proposed in _proposed(system, hidden):
        hidden[proposed] = _why(atoms, proposed)
    while picked := _picked(found_in(without(atoms, hidden, enough), enough), atoms, hidden):
        hidden |= {cell: _why(atoms, cell) for cell in picked}


def hide_large(
    cells: Cells, figure: str, hidden: Mapping[int, RuleName], *, signed: bool
) -> Hidden:
    """Return the cells to hide for a figure; cells in `hidden` show no figure at all.

    Raises Undecided.
    """
    measures, enough = cells.measures(), cells.population.minimum
    newly_hidden: Hidden = {
        cell: rule
        for cell, measure in measures.items()
        if (rule := _failed(measure, enough)) and cell not in hidden
    }
    if not cells.bring_into_play(figure, with_values=True):
        return newly_hidden
    pieces = dict(cells.pieces())
    # That all are alike is what is secret of such a cell, and not its sum.
    kept = {
        cell
        for cell in (*hidden, *newly_hidden)
        if cell in measures and hidden.get(cell) != "alike"
    }
    kept |= {cell for cell in hidden if cell in measures and _failed(measures[cell], enough)}
    targets = {cell: _protected(measures[cell]) for cell in kept}
    small = {
        atom: _protected(measure)
        for atom, measure in cells.piece_measures().items()
        if measure.units < enough or measure.is_dominated or measure.is_close
    }
    for linked in _linked(pieces, targets, small):
        system = System(linked.pieces, _earlier(linked.pieces), linked.targets, signed)
        gone = {*hidden, *newly_hidden}
        for cell in _proposed(system, gone):
            newly_hidden[cell] = "margins"
        _widen(system, linked.small, {*hidden}, newly_hidden)
    return newly_hidden


def hide_counts(
    cells: Cells, figure: str, value: str, present: Collection[int], hidden: Mapping[int, RuleName]
) -> Hidden:
    """Return the cells that must not show how many of their rows have a `value`, in SQL.

    Both they and those that have none are of enough units: who is in neither is known to have it,
    or not to. Raises Undecided.
    """
    cells.read_values(f"CASE WHEN ({value}) IS NULL THEN 1 END")
    empty = cells.measures()
    cells.read_values(f"CASE WHEN ({value}) IS NOT NULL THEN 1 END")
    filled, enough = cells.measures(), cells.population.minimum
    newly_hidden: Hidden = {
        cell: "units"
        for cell in set(present) - set(hidden)
        if any(
            cell not in measures or measures[cell].units < enough for measures in (empty, filled)
        )
    }
    if not cells.bring_into_play(figure, with_values=True):
        return newly_hidden
    atoms = cells.atoms()
    while picked := _picked(
        found_in(without(atoms, {*hidden, *newly_hidden}, enough), enough),
        atoms,
        {**hidden, **newly_hidden},
    ):
        newly_hidden |= {cell: _why(atoms, cell) for cell in picked}
    return newly_hidden


def _failed(measure: Measure, enough: int) -> RuleName | None:
    if measure.units < enough:
        return "units"
    if measure.is_alike:
        return "alike"
    if measure.is_dominated:
        return "dominance"
    return "p_percent" if measure.is_close else None


def _protected(measure: Measure) -> Protection:
    return Protection(P * measure.largest, P * measure.largest)


def _earlier(pieces: Sequence[Piece]) -> set[int]:
    return {cell for piece in pieces for cell in piece.cells if cell >= EARLIER}


def _why(atoms: Sequence[Atom], cell: int) -> RuleName:
    """Tell whether a cell is hidden for this table's cells, or for an earlier release."""
    for atom in atoms:
        if cell in atom.cells and any(cell >= EARLIER for cell in atom.cells):
            return "ledger"
    return "margins"


def _proposed(system: System, hidden: Collection[int]) -> set[int]:
    """Return the cells that the solver hides besides; none when it finds no answer."""
    values = system.values()
    some = [cell for cell in hidden if cell in values]
    if not some:
        return set()
    try:
        return system.hidden_besides(some)
    except Undecided:
        return set()


def _picked(
    disclosures: Sequence[Disclosure], atoms: Sequence[Atom], hidden: Mapping[int, RuleName]
) -> set[int]:
    """Return, of each disclosing combination, the smallest cell that is not hidden yet.

    One of cells that all left before discloses nothing new.
    """
    if not disclosures:
        return set()
    rows: dict[int, int] = defaultdict(int)
    for atom in atoms:
        for cell in atom.cells:
            rows[cell] += atom.rows
    picked: set[int] = set()
    for disclosure in disclosures:
        ours = [cell for cell in disclosure.cells if cell < EARLIER and cell not in hidden]
        if ours and not picked & set(ours):
            picked.add(min(ours, key=lambda cell: (rows[cell], cell)))
    return picked


def _linked(
    pieces: Mapping[int, Piece], targets: Mapping[int, Protection], small: Mapping[int, Protection]
) -> Iterator[_Linked]:
    """Yield the parts of the system that share no cell and hold something secret."""
    of_cell: dict[int, list[int]] = defaultdict(list)
    for at, piece in pieces.items():
        for cell in piece.cells:
            of_cell[cell].append(at)
    left = set(pieces)
    while left:
        grown, inside = [left.pop()], []
        while grown:
            at = grown.pop()
            inside.append(at)
            for cell in pieces[at].cells:
                others = [other for other in of_cell[cell] if other in left]
                left.difference_update(others)
                grown += others
        cells = {cell for at in inside for cell in pieces[at].cells}
        secret = {cell: targets[cell] for cell in cells if cell in targets}
        atoms = [(at, small[number]) for at, number in enumerate(inside) if number in small]
        if len(cells) > 1 and (secret or atoms):
            yield _Linked([pieces[at] for at in inside], secret, atoms)


def _widen(
    system: System,
    small: Sequence[tuple[int, Protection]],
    hidden: Collection[int],
    newly_hidden: Hidden,
) -> None:
    """Hide more cells until every secret one may have values far enough from its own."""
    values = system.values()
    for _ in range(_MOST_ROUNDS):
        of_cells, of_pieces = system.intervals({*hidden, *newly_hidden})
        close = [
            system.pieces[at].cells
            for at, needed in small
            if _is_close(of_pieces[at], system.pieces[at].value, needed)
        ]
        close += [
            frozenset({cell})
            for cell, needed in system.targets.items()
            if cell in of_cells and _is_close(of_cells[cell], values[cell], needed)
        ]
        if not close:
            return
        more = {
            cell for cells in close[:5] if (cell := _near(system, cells, {*hidden, *newly_hidden}))
        }
        if not more:
            raise Undecided
        newly_hidden |= dict.fromkeys(more, "margins")
    raise Undecided


def _is_close(interval: Interval, value: float, needed: Protection) -> bool:
    slack = _NEARLY * max(abs(value), needed.above)
    return (
        interval.least > value - needed.below + slack
        or interval.most < value + needed.above - slack
    )


def _near(system: System, cells: frozenset[int], gone: Collection[int]) -> int | None:
    """Return the smallest shown cell of this table that is linked to these cells."""
    values = system.values()
    candidates = {cell for cell in values if cell < EARLIER and cell not in gone}
    reached = set(cells)
    for _ in range(3):
        reached |= {
            cell for piece in system.pieces if piece.cells & reached for cell in piece.cells
        }
        if near := reached & candidates:
            return min(near, key=lambda cell: (abs(values[cell]), cell))
    return min(candidates, key=lambda cell: (abs(values[cell]), cell), default=None)
