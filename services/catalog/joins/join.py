"""Columns that have values in common: which pairs are worth telling, to whom, the best first."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from shared.tables.crosswalks import CROSSWALKS
from shared.tables.key_file import KeyColumn

Multiplication = Literal["one_to_one", "one_to_many", "many_to_one", "many_to_many"]
Counts: TypeAlias = NDArray[np.int64]

STEP = 5
"""Counts of joins with data that one may not read are multiples of it."""

MayRead: TypeAlias = Callable[[str], bool]
"""Whether one may read the restricted data of that owner."""

_Count = TypeVar("_Count", int, Counts)

_OTHER_KIND = 2
"""Steps to keys of another kind: more than to the present codes of the same kind."""


class DatasetColumn(NamedTuple):
    """A column of a dataset."""

    dataset_id: str
    column: KeyColumn


class Join(NamedTuple):
    """Two columns with values in common, as seen from `here`; rows are those that match.

    A row counts once for each value that a crosswalk made of its own.

    `rows_joined` is how many rows an inner join has.
    """

    here: DatasetColumn
    there: DatasetColumn
    matches: int
    rows_here: int
    rows_there: int
    rows_joined: int

    @property
    def containment(self) -> float:
        """The share of the distinct values here that are there."""
        return self.matches / max(1, self.here.column.distinct)

    @property
    def contained(self) -> float:
        """The share of the distinct values there that are here."""
        return self.matches / max(1, self.there.column.distinct)

    @property
    def told(self) -> dict[str, Any]:
        """What events and answers tell of it, by the names that their fields have."""
        here, there = self.here.column, self.there.column
        return {
            "key": here.space,
            "columns_here": here.columns,
            "columns_there": there.columns,
            "via_here": here.via,
            "via_there": there.via,
            "matches": self.matches,
            "containment": self.containment,
            "contained": self.contained,
            "multiplication": self.multiplication,
        }

    @property
    def multiplication(self) -> Multiplication:
        """Whether a row that matches finds one row or several, from here to there."""
        many_here = self.rows_here > self.matches or _leads_to_several(self.there)
        many_there = self.rows_there > self.matches or _leads_to_several(self.here)
        if many_here:
            return "many_to_many" if many_there else "many_to_one"
        return "one_to_many" if many_there else "one_to_one"


def _leads_to_several(held: DatasetColumn) -> bool:
    """Whether a row of it stands under several values, since a crosswalk made them."""
    return held.column.cost is not None and held.column.cost.multiplies


class ColumnPairs(NamedTuple):
    """One row for each pair of columns; `here` and `there` are their numbers in the index."""

    here: Counts
    there: Counts
    matches: Counts
    rows_here: Counts
    rows_there: Counts
    rows_joined: Counts


class Traits(NamedTuple):
    """What ranking needs of every column, by its number in the index.

    `alive` are those that are there, `coarse` those of COARSE. `sources` is the same number for all
    that was made of the same columns of a dataset; `steps` are those of `steps_of`.
    """

    alive: NDArray[np.bool_]
    distinct: Counts
    sources: NDArray[np.uint64]
    steps: Counts
    coarse: NDArray[np.bool_]
    ties: NDArray[np.uint64]


def steps_of(via: str) -> int:
    """0 for values as they are, 1 for their present codes, 2 for keys of another kind."""
    if not via:
        return 0
    crosswalk = CROSSWALKS.get(via)
    return 1 if crosswalk and crosswalk.source == crosswalk.target else _OTHER_KIND


def pruned(found: ColumnPairs, traits: Traits) -> ColumnPairs:
    """The pairs that are worth telling: those that find more than simpler ones.

    Two columns that both lead to keys of another kind are none: all communes of an EPCI would meet
    one another. Of the pairs of the same two columns one stays when it finds a larger share of both
    sides than any of fewer steps.
    """
    steps = traits.steps[found.here] + traits.steps[found.there]
    sizes = np.maximum(1, traits.distinct)
    shares = found.matches / sizes[found.here] + found.matches / sizes[found.there]
    sources = np.stack([traits.sources[found.here], traits.sources[found.there]])
    order = np.lexsort((-shares, steps, *sources))
    order = order[steps[order] < 2 * _OTHER_KIND]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(sources[:, order], axis=1) != 0).any(axis=0)
    # Ranks instead of shares, so that each group stands above the one before it, without rounding.
    ranks = np.unique(shares, return_inverse=True)[1]
    heights = ranks[order] + len(ranks) * np.cumsum(is_first)
    is_better = is_first
    is_better[1:] |= heights[1:] > np.maximum.accumulate(heights)[:-1]
    kept = np.sort(order[is_better])
    return ColumnPairs(*(one[kept] for one in found))


def disclosed(found: ColumnPairs, is_hidden: NDArray[np.bool_]) -> ColumnPairs:
    """The pairs as they may be told to who may not read the data of columns that `is_hidden` marks.

    Counts against restricted data would let anybody test whether a value is in it: upload that
    value and look. So a join with data that one may not read is told from `STEP` values in common
    on, and its counts are rounded down to multiples of it; shares come from the rounded counts.
    That keeps single values and single rows from being read off; it is no perfect protection: who
    knows four values of the data can test a fifth, and who asks often enough narrows down more.
    """
    of_pairs = is_hidden[found.there]
    is_told = ~of_pairs | (found.matches >= STEP)
    here, there, *counts = (one[is_told] for one in found)
    return ColumnPairs(here, there, *(np.where(of_pairs[is_told], _rounded(n), n) for n in counts))


def disclosed_join(join: Join) -> Join | None:
    """A join with data that one may not read, as it may be told; None when it may not."""
    if join.matches < STEP:
        return None
    here, there, *counts = join
    return Join(here, there, *map(_rounded, counts))


def _rounded(count: _Count) -> _Count:
    return count - count % STEP


class RankedJoins(Sequence[Join]):
    """Pairs of columns in the order of their use; a Join is made when it is looked at.

    First come those that find most of what is here, then those whose values took the fewest
    `steps`, then those whose values are found most, then those with most matches; `ties` decide
    among equals, the same in every process. Those of coarse codes come after all others.
    """

    def __init__(
        self, columns: Sequence[DatasetColumn], found: ColumnPairs, traits: Traits
    ) -> None:
        self._columns = columns
        here = found.matches / np.maximum(1, traits.distinct[found.here])
        there = found.matches / np.maximum(1, traits.distinct[found.there])
        taken = traits.steps[found.here] + traits.steps[found.there]
        by_tie = traits.ties[found.there], traits.ties[found.here]
        first, coarse = (*by_tie, -found.matches, -there, taken, -here), traits.coarse[found.here]
        order = np.lexsort((*first, coarse))
        self._found = ColumnPairs(*(one[order] for one in found))
        self._share = np.maximum(here, there)[order]

    def __len__(self) -> int:
        return len(self._share)

    @overload
    def __getitem__(self, at: int) -> Join: ...
    @overload
    def __getitem__(self, at: slice) -> list[Join]: ...
    def __getitem__(self, at: int | slice) -> Join | list[Join]:
        if isinstance(at, slice):
            return self.chosen(range(*at.indices(len(self))))
        return self.chosen([range(len(self))[at]])[0]

    def chosen(self, positions: Sequence[int]) -> list[Join]:
        """The joins at these positions."""
        rows = zip(*(one[positions].tolist() for one in self._found), strict=True)
        return [
            Join(self._columns[here], self._columns[there], *figures)
            for here, there, *figures in rows
        ]

    def at_least(self, share: float) -> list[int]:
        """The positions of those in which so much of one side, from 0 to 1, is on the other."""
        return [int(at) for at in np.flatnonzero(self._share >= share)]

    @property
    def datasets(self) -> set[str]:
        """The datasets that are joined with."""
        return {self._columns[number].dataset_id for number in np.unique(self._found.there)}
