"""Rows that are the sum of rows beside them: totals and sub-totals, by their figures alone.

A row that sums a block of its neighbours may do so by chance: the chance is the number of blocks
that were tried, by the share of values that would have fitted, column by column. A column without
two figures in the block shows nothing.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
"""A table's numbers, rows by columns, NaN where there is none."""

Running = NDArray[np.float64]
"""What the rows before each sum to, rows by columns by two: figures, and how many are not zero."""

Marks = NDArray[np.int8]
"""How much a row says by itself that it is a total: UNMARKED, HINTED or LABELLED."""

Bits = NDArray[np.bool_]
"""Which rows of a table bear a mark."""

UNMARKED, HINTED, LABELLED = 0, 1, 2

_CHANCES = {UNMARKED: 1e-2, HINTED: 1e-2, LABELLED: 0.05}
"""The chance up to which a row may be a total; one that is labelled and sums all others is one."""

_TOGETHER = 1e-4
"""The same of a row that nothing marks, of all such rows of a table together, and of rows that bear
one mark and are judged together."""

_LEAST_BLOCK = 2
_SURE_BLOCK = 3
"""So many rows are summed by one that nothing else marks, unless others do the same."""

_ROUNDS = 4
"""Totals of sub-totals are found once those are out of the way."""

_EXACT = 2**53
"""Whole numbers of 64 bits with a point are exact up to it."""

_MOST_DIGITS = 4
_ROUNDED = 0.01
"""What rounding explains of a sum, at most."""

_MOST_CELLS = 5_000_000
_LEAST_SHARE = 0.5
"""Of a row's figures must be sums; rates, years and ranks are none."""


class BlockSum(NamedTuple):
    """A row that sums others in these columns, and how probable that is by chance.

    `block` of them have figures there; `is_rest` when those are all rows that are left.
    """

    row: int
    columns: tuple[int, ...]
    block: int
    is_rest: bool
    chance: float


def find_block_sums(figures: Figures, marks: Marks, alike: Sequence[Bits] = ()) -> list[BlockSum]:
    """Find the rows that sum others; each of `alike` marks rows that look the same.

    Each alone may sum others by chance where most of those that look the same hardly do.
    """
    scaled = _scaled(figures)
    left = np.arange(len(scaled))
    sums: list[BlockSum] = []
    for _ in range(_ROUNDS):
        alone = _supported(_round(scaled[left], marks[left]), marks[left])
        together = _together(scaled[left], [bits[left] for bits in alike])
        new = list({block_sum.row: block_sum for block_sum in (*together, *alone)}.values())
        if not new:
            break
        sums += [block_sum._replace(row=int(left[block_sum.row])) for block_sum in new]
        left = np.delete(left, [block_sum.row for block_sum in new])
    return sorted(sums)


def _scaled(figures: Figures) -> Figures:
    """Return each column in units of its last digit: sums of whole numbers are exact."""
    units = [10 ** _digits(column[np.isfinite(column)]) for column in figures.T]
    return np.asarray(np.round(figures * units))


def _digits(figures: NDArray[np.float64]) -> int:
    """Return how many decimals these figures have, at most."""
    for digits in range(_MOST_DIGITS):
        scaled = figures * 10**digits
        if np.allclose(scaled, np.round(scaled), rtol=1e-12, atol=1e-6):
            return digits
    return _MOST_DIGITS


def _round(figures: Figures, marks: Marks) -> list[BlockSum]:
    """Find the rows that sum a block before or after them, among the rows that are left."""
    if len(figures) <= _LEAST_BLOCK:
        return []
    sums = _running(figures)
    rows_marks = ((row, int(marks[row])) for row in _candidates(figures, marks))
    fits = ((mark, _fit(figures, sums, row, mark)) for row, mark in rows_marks)
    return [
        block_sum
        for mark, block_sum in fits
        if block_sum and block_sum.chance < _most(block_sum, mark)
    ]


def _running(figures: Figures) -> Running:
    numbers = np.nan_to_num(figures)
    cells = np.stack([numbers, (numbers != 0).astype(np.float64)], axis=-1)
    return np.concatenate([np.zeros((1, *cells.shape[1:])), np.cumsum(cells, axis=0)])


def _most(block_sum: BlockSum, mark: int) -> float:
    """Return the chance up to which a sum counts as a total."""
    return 1.0 if mark == LABELLED and block_sum.is_rest else _CHANCES[mark]


def _together(figures: Figures, alike: Iterable[Bits]) -> list[BlockSum]:
    """Find alike rows that each sum a block, if most of them do, and not by chance."""
    together: list[BlockSum] = []
    sums = _running(figures)
    for bits in alike:
        rows = np.flatnonzero(bits)
        if len(rows) < _LEAST_BLOCK:
            continue
        readings = [_sums_between(figures, sums, rows, is_above=above) for above in (False, True)]
        if len(rows) * figures.size <= _MOST_CELLS:
            fits = (_fit(figures, sums, int(row), HINTED) for row in rows)
            readings.append([block_sum for block_sum in fits if block_sum])
        usual = [reading for reading in readings if _is_usual(reading, len(rows))]
        largest: list[BlockSum] = max(usual, key=len, default=[])
        together += largest
    return together


def _is_usual(block_sums: Sequence[BlockSum], rows: int) -> bool:
    """Whether most of the alike rows are sums, and not by chance."""
    chances = math.prod(min(1.0, block_sum.chance) for block_sum in block_sums)
    by_chance = math.comb(rows, len(block_sums)) * chances
    return 2 * len(block_sums) > rows and by_chance < _TOGETHER


def _sums_between(
    figures: Figures, sums: Running, rows: NDArray[np.int64], *, is_above: bool
) -> list[BlockSum]:
    """Find the rows that sum all rows up to the next of them, or since the one before.

    That is one block for each, so that its chance does not grow with the table.
    """
    starts = rows + 1 if is_above else np.append(0, rows[:-1] + 1)
    ends = np.append(rows[1:], len(figures)) if is_above else rows
    blocks, parts = np.moveaxis(sums[ends] - sums[starts], -1, 0)
    totals = np.nan_to_num(figures[rows])
    can = totals != 0
    fits = (blocks == totals) & can & (parts >= _LEAST_BLOCK)
    # Of many columns some fits by chance in each row, but seldom the same.
    fits &= 2 * fits.sum(axis=0) > can.sum(axis=0)
    # Two equal parts are multiples of their half by chance: what the whole column's are, counts.
    windows = _common_divisors(figures) / np.where(fits, np.abs(totals), 1)
    chances = np.where(fits, windows, 1).prod(axis=1)
    block_sums: list[BlockSum] = []
    for number in np.flatnonzero(fits.any(axis=1)):
        columns = np.flatnonzero(fits[number])
        row, block = int(rows[number]), int(parts[number, columns].min())
        chance = float(chances[number])
        block_sums.append(BlockSum(row, tuple(columns.tolist()), block, False, chance))
    return block_sums


def _candidates(figures: Figures, marks: Marks) -> Iterable[int]:
    """Return all rows of a small table; of a large one the marked rows, and its ends."""
    rows, columns = figures.shape
    if rows * rows * columns <= _MOST_CELLS:
        return range(rows)
    ends = {0, 1, rows - 2, rows - 1}
    marked = [int(row) for row in np.flatnonzero(marks)]
    most = max(1, _MOST_CELLS // (rows * columns))
    return sorted(ends | {*marked[:most]})


def _fit(figures: Figures, sums: Running, row: int, mark: int) -> BlockSum | None:
    """Return what that row sums, if anything."""
    figures_of_row, rows = figures[row], len(figures)
    before, after = max(0, row - 1), max(0, rows - row - 2)
    starts = np.append(np.arange(before), np.full(after, row + 1))
    ends = np.append(np.full(before, row), np.arange(after) + row + 3)
    if not len(starts):
        return None
    blocks, parts = np.moveaxis(sums[ends] - sums[starts], -1, 0)
    lengths = ends - starts
    can = np.isfinite(figures_of_row) & (figures_of_row != 0)
    # Each part, and the sum, may be rounded by half a unit; of one that sums few that is chance.
    is_rounded = (lengths == rows - 1) | (mark == LABELLED)
    slack = np.minimum(
        0.5 * (lengths[:, None] + 1) * is_rounded[:, None],
        _ROUNDED * np.abs(np.nan_to_num(figures_of_row)),
    )
    fits = (np.abs(blocks - figures_of_row) <= slack) & can & (parts >= _LEAST_BLOCK)
    matched = fits.sum(axis=1)
    if not matched.any():
        return None
    best = int(np.lexsort((lengths, matched))[-1])
    columns = np.flatnonzero(fits[best])
    is_rest = int(lengths[best]) == rows - 1
    tried = 1 if is_rest else len(lengths)
    rows_tried = rows if mark == UNMARKED else 1
    steps = _common_divisors(figures[starts[best] : ends[best], columns])
    windows = (2 * slack[best, columns] + steps) / np.abs(figures_of_row[columns])
    chance = tried * rows_tried * float(np.prod(np.minimum(1, windows)))
    needed = _LEAST_SHARE * can.sum() if mark == UNMARKED else 1
    if not len(columns) or len(columns) < needed:
        return None
    block = int(parts[best, columns].min())
    return BlockSum(row, tuple(map(int, columns)), block, is_rest, chance)


def _common_divisors(figures: Figures) -> NDArray[np.int64]:
    """Return the largest number that divides each column's figures, such as 500 of grants.

    Their sums are, too, and so are likelier to be met by chance.
    """
    sizes = np.clip(np.abs(np.nan_to_num(figures)), 0, _EXACT)
    return np.asarray(np.gcd.reduce(sizes.astype(np.int64), axis=0))


def _supported(block_sums: list[BlockSum], marks: Marks) -> list[BlockSum]:
    """Remove unmarked rows whose sum may be due to chance.

    One that sums two neighbours only is so, unless others do the same.
    """
    unmarked = [block_sum for block_sum in block_sums if marks[block_sum.row] == UNMARKED]
    is_usual = (
        len(unmarked) > 1 and math.prod(block_sum.chance for block_sum in unmarked) < _TOGETHER
    )
    return [
        block_sum
        for block_sum in block_sums
        if marks[block_sum.row] != UNMARKED
        or is_usual
        or (block_sum.chance < _TOGETHER and (block_sum.is_rest or block_sum.block >= _SURE_BLOCK))
    ]
