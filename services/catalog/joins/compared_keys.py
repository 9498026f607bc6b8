"""Compares the keys of two tables value by value, through crosswalks, as the job that crosses them.

Only numbers of rows are known here, one for each distinct value; no row is read.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import Counts
from shared.engine.codes.code_lists import CodeArray
from shared.engine.codes.crosswalk_lookup import map_keys

MOST_PAIRS = 10_000_000
"""Pairs of values that meet; a job refuses more, which crosswalks to something coarse make."""

Mask = NDArray[np.bool_]


class KeyRows(NamedTuple):
    """The distinct values of a key as they are, and how many rows have each."""

    values: CodeArray
    rows: Counts


class ComparedSide(NamedTuple):
    """A side of two keys that were compared.

    `is_led` marks the values that its crosswalk, if any, leads somewhere: to the `targets`, which
    are in order. `is_met` marks those that meet the other side. A row meets up to `most` rows of
    that; None where the pairs are too many to be counted.
    """

    key: KeyRows
    via: str
    targets: CodeArray
    is_led: Mask
    is_met: Mask
    most: int | None

    @property
    def values_met(self) -> int:
        """How many of its distinct values meet."""
        return int(self.is_met.sum())

    @property
    def rows_met(self) -> int:
        """How many of its rows meet."""
        return int(self.key.rows[self.is_met].sum())

    def is_met_by(self, values: CodeArray, via: str) -> Mask:
        """Which of these values meet this side, led through a crosswalk if one is named."""
        at, targets = lead(values, via)
        return _marked(len(values), at[_are_among(targets, self.targets)])


class ComparedKeys(NamedTuple):
    """Two keys that were compared: `common` values are on both sides, as crosswalks lead there.

    `joined` pairs of rows meet; None where the pairs of values are too many.
    """

    left: ComparedSide
    right: ComparedSide
    common: int
    joined: int | None


def compare(left: KeyRows, right: KeyRows, left_via: str, right_via: str) -> ComparedKeys:
    """Which values of two keys meet, as they are or as the crosswalks named lead them."""
    (left_at, left_targets), (right_at, right_targets) = (
        lead(left.values, left_via),
        lead(right.values, right_via),
    )
    targets, numbers = np.unique(np.concatenate([left_targets, right_targets]), return_inverse=True)
    left_numbers, right_numbers = np.split(numbers, [len(left_targets)])
    left_times, right_times = (
        np.bincount(numbers_of_side, minlength=len(targets))
        for numbers_of_side in (left_numbers, right_numbers)
    )
    is_common = (left_times > 0) & (right_times > 0)
    pairs = None
    if int((left_times * right_times).sum()) <= MOST_PAIRS:
        pairs = _pairs((left_at, left_numbers), (right_at, right_numbers), len(right.values))
    joined, left_most, right_most = _counted(pairs, left.rows, right.rows)
    left_met, right_met = (
        _marked(len(key.values), at[is_common[of_targets]])
        for key, at, of_targets in ((left, left_at, left_numbers), (right, right_at, right_numbers))
    )
    is_led = _marked(len(left.values), left_at), _marked(len(right.values), right_at)
    return ComparedKeys(
        ComparedSide(left, left_via, targets[left_times > 0], is_led[0], left_met, left_most),
        ComparedSide(right, right_via, targets[right_times > 0], is_led[1], right_met, right_most),
        common=int(is_common.sum()),
        joined=joined,
    )


def lead(values: CodeArray, via: str) -> tuple[Counts, CodeArray]:
    """Where each value leads: to itself without a crosswalk."""
    return map_keys(via, values) if via else (np.arange(len(values)), values)


def _marked(values: int, at: Counts) -> Mask:
    """A mask of so many values that is true at these."""
    mask = np.zeros(values, bool)
    mask[at] = True
    return mask


def _are_among(values: CodeArray, ordered: CodeArray) -> Mask:
    """Which values stand in an array that is in order."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    is_among: Mask = ordered[at] == values
    return is_among


def _pairs(
    left: tuple[Counts, Counts], right: tuple[Counts, Counts], values: int
) -> tuple[Counts, Counts]:
    """The positions of values that meet, each pair once: two may meet at several targets."""
    (left_at, left_numbers), (right_at, right_numbers) = left, right
    order = np.argsort(right_numbers, kind="stable")
    begin, end = (
        np.searchsorted(right_numbers[order], left_numbers, side=side) for side in ("left", "right")
    )
    here = np.repeat(np.arange(len(left_at)), end - begin)
    before = np.cumsum(end - begin) - (end - begin)
    there = order[np.arange(len(here)) + (begin - before)[here]]
    once = np.unique(left_at[here] * max(1, values) + right_at[there])
    return np.divmod(once, max(1, values))


def _counted(
    pairs: tuple[Counts, Counts] | None, left: Counts, right: Counts
) -> tuple[int | None, int | None, int | None]:
    """The number of row pairs, and the most rows that a left row and a right row meet."""
    if pairs is None:
        return None, None, None
    here, there = pairs
    # Doubles are exact up to 2^53, more rows than any crossing here can have.
    left_most = np.bincount(here, right[there]).max(initial=0)
    right_most = np.bincount(there, left[here]).max(initial=0)
    return int((left[here] * right[there]).sum()), int(left_most), int(right_most)
