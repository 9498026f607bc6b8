"""What follows from released cells by addition and subtraction: exact, modulo a large prime.

A cell is a set of atoms: classes of rows that are alike in the released cells that they are in. A
combination of cells discloses something where it holds atoms of fewer units than are enough, and
no others. Whether there is one is a question about the rows of a matrix, cells by atoms.
"""

from collections.abc import Iterator, Sequence
from math import ceil, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int64]
Units = frozenset[int]

_PRIME = 2_147_483_629
"""Products of two numbers below it fit into 64 bits. A number that it divides by chance is one
in two billion."""

_MOST_SEARCHES = 300
_DOUBT = 1e-7


class Disclosure(NamedTuple):
    """Cells of which a combination discloses something; `is_sure` unless the search was cut."""

    cells: tuple[int, ...]
    is_sure: bool = True


def disclosures(matrix: Matrix, units: Sequence[Units | None], enough: int) -> list[Disclosure]:
    """Find combinations of cells (rows of `matrix`) that leave fewer than `enough` units.

    `units` are those of each atom (column), None where they are enough; a number below 0 is that of
    a group, which only a combination of several cells discloses. Empty when there is none.
    """
    is_small = np.array([units_of_atom is not None for units_of_atom in units], dtype=bool)
    if not is_small.any():
        return []
    cells = matrix.shape[0]
    big, small = matrix[:, ~is_small], matrix[:, is_small]
    eye = np.eye(cells, dtype=np.int64)
    rest = _reduced(np.hstack([big, small, eye]) % _PRIME, big.shape[1], keep_pivots=False)
    left, combined = rest[:, big.shape[1] : -cells], rest[:, -cells:]
    small_units = [units_of_atom for units_of_atom in units if units_of_atom is not None]
    return list(_found(left, combined, small_units, enough))


def _found(
    left: Matrix, combined: Matrix, units: Sequence[Units], enough: int
) -> Iterator[Disclosure]:
    columns = left.shape[1]
    basis = _reduced(np.hstack([left, combined]), columns, keep_pivots=True)
    for rows, kept in _blocks(basis[:, :columns]):
        block = np.hstack([basis[np.ix_(rows, kept)], basis[rows][:, columns:]])
        yield from _searched(block, [units[int(column)] for column in kept], enough)


def _searched(block: Matrix, units: Sequence[Units], enough: int) -> Iterator[Disclosure]:
    """Search a block for combinations of rows with few units, by random reductions.

    A vector of w entries shows up as a row when one alone of them is reduced to (Prange 1962): the
    number of reductions makes it unlikely to miss any. Blocks that would need too many are in
    doubt.
    """
    depth, columns = len(block), len(units)
    disclosed = list(_light_rows(block, units, enough))
    if disclosed or depth == 1:
        yield from disclosed
        return
    searches = _searches(depth / columns, min(columns, _most_atoms(units, enough)))
    random = np.random.default_rng(columns * 1009 + depth)
    for _ in range(min(searches, _MOST_SEARCHES)):
        order = random.permutation(columns)
        turned = np.hstack([block[:, order], block[:, columns:]])
        reduced = _reduced(turned, columns, keep_pivots=True)
        disclosed = list(_light_rows(reduced, [units[int(at)] for at in order], enough))
        if disclosed:
            yield from disclosed
            return
    if searches > _MOST_SEARCHES:
        yield Disclosure(_cells(block[:, columns:].max(axis=0)), is_sure=False)


def _light_rows(block: Matrix, units: Sequence[Units], enough: int) -> Iterator[Disclosure]:
    columns = len(units)
    for row in block:
        behind: set[int] = set()
        for column in np.flatnonzero(row[:columns]):
            behind |= units[int(column)]
            if len(behind) >= enough:
                break
        else:
            cells = _cells(row[columns:])
            # A group that is a cell by itself was judged where it stands.
            if len(cells) > 1 or not any(unit < 0 for unit in behind):
                yield Disclosure(cells)


def _cells(row: Matrix) -> tuple[int, ...]:
    return tuple(int(cell) for cell in np.flatnonzero(row))


def _most_atoms(units: Sequence[Units], enough: int) -> int:
    """Return how many atoms together have fewer than `enough` units, at most."""
    of_unit: dict[int, int] = {}
    for units_of_atom in units:
        for unit in units_of_atom:
            of_unit[unit] = of_unit.get(unit, 0) + 1
    return sum(sorted(of_unit.values(), reverse=True)[: enough - 1])


def _searches(rate: float, most: int) -> int:
    """Return how many reductions find any vector of up to `most` entries, but for `_DOUBT`."""
    least = min(weight * rate * (1 - rate) ** (weight - 1) for weight in range(1, most + 1))
    return ceil(log(_DOUBT) / log(1 - least)) if 0 < least < 1 else _MOST_SEARCHES + 1


def _reduced(matrix: Matrix, columns: int, *, keep_pivots: bool) -> Matrix:
    """Row-reduce over the first `columns`; return the rows with pivots, or those without."""
    work, top = matrix.copy(), 0
    for column in range(columns):
        below = np.flatnonzero(work[top:, column])
        if not len(below):
            continue
        pivot = top + int(below[0])
        if pivot != top:
            work[[top, pivot]] = work[[pivot, top]]
        inverse = pow(int(work[top, column]), _PRIME - 2, _PRIME)
        work[top] = work[top] * inverse % _PRIME
        others = np.flatnonzero(work[:, column])
        others = others[others != top]
        work[others] = (work[others] - work[others, column][:, None] * work[top]) % _PRIME
        top += 1
        if top == len(work):
            break
    return work[:top] if keep_pivots else work[top:]


def _blocks(basis: Matrix) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the rows that share no column with other rows, and their columns."""
    is_left = np.ones(len(basis), dtype=bool)
    touches = basis != 0
    for first in range(len(basis)):
        if not is_left[first]:
            continue
        rows = np.zeros(len(basis), dtype=bool)
        rows[first] = True
        while True:
            kept = touches[rows].any(axis=0)
            grown = touches[:, kept].any(axis=1)
            if (grown == rows).all():
                break
            rows = grown
        is_left &= ~rows
        yield np.flatnonzero(rows).tolist(), np.flatnonzero(kept).tolist()
