"""Columns that have values in common: how many rows match, and who may know it."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.engine.tables.key_file import KeyColumn
from shared.engine.tables.multiplicity import ONCE, SEVERAL, Relation
from shared.engine.tables.privacy import at_most

Counts: TypeAlias = NDArray[np.int64]

STEP = 5
"""Counts of joins with data that one may not read are multiples of it."""

MayRead: TypeAlias = Callable[[str], bool]
"""Whether one may read the restricted data of that owner."""

PARTS = 10
"""Shares of the values of data that one may not read are told in so many parts."""

FEW = at_most(0)
"""Of a column of so many values at most, no share is told: bounds say no more of it."""

_Count = TypeVar("_Count", int, Counts)


class DatasetColumn(NamedTuple):
    """A column of a dataset; `is_coarse`: its numbers are bounds, which one may know unread."""

    dataset_id: str
    column: KeyColumn
    is_coarse: bool = False

    def for_others(self) -> "DatasetColumn":
        """The same with bounds of two digits, as those may know it who may not read it."""
        bounds = {name: at_most(getattr(self.column, name)) for name in ("rows", "distinct")}
        return self._replace(column=self.column.model_copy(update=bounds), is_coarse=True)

    def share_of(self, values: int) -> float | None:
        """The share of its distinct values that so many are; None where that is not told."""
        distinct = max(1, self.column.distinct)
        if self.is_coarse:
            return PARTS * values // distinct / PARTS if distinct > FEW else None
        return values / distinct

    @property
    def leads_to_several(self) -> bool:
        """Whether a row of it may stand under several values, since a crosswalk made them."""
        return self.column.cost is not None and self.column.cost.multiplies


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
    def containment(self) -> float | None:
        """The share of the distinct values here that are there; None where it is not told."""
        return self.here.share_of(self.matches)

    @property
    def contained(self) -> float | None:
        """The share of the distinct values there that are here; None where it is not told."""
        return self.there.share_of(self.matches)

    @property
    def summary_fields(self) -> dict[str, Any]:
        """Its figures, by the names of the fields of events and answers."""
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
            "multiplication": self.relation.name,
        }

    @property
    def relation(self) -> Relation:
        """Whether a row that matches finds one row or several, from here to there."""
        is_found_here = self.rows_here > self.matches or self.there.leads_to_several
        is_found_there = self.rows_there > self.matches or self.here.leads_to_several
        return Relation(
            left=SEVERAL if is_found_there else ONCE, right=SEVERAL if is_found_here else ONCE
        )


class ColumnPairs(NamedTuple):
    """One row for each pair of columns; `here` and `there` are their numbers in the index."""

    here: Counts
    there: Counts
    matches: Counts
    rows_here: Counts
    rows_there: Counts
    rows_joined: Counts


def disclosed(pairs: ColumnPairs, closed: NDArray[np.bool_]) -> ColumnPairs:
    """The pairs as told to those who may not read the columns that `closed` marks.

    Counts against restricted data would let anybody test whether a value is in it: upload that
    value and look. So a join with data that one may not read is told from `STEP` values in common
    on, and its counts are rounded down to multiples of it; shares come from the rounded counts, and
    of what one may not read from bounds (`DatasetColumn.for_others`), in tenths.
    That keeps single values and single rows from being read off; it is no perfect protection: who
    knows four values of the data can test a fifth, and who asks often enough narrows down more.
    """
    of_pairs = closed[pairs.here] | closed[pairs.there]
    is_told = ~of_pairs | (pairs.matches >= STEP)
    here, there, *counts = (array[is_told] for array in pairs)
    return ColumnPairs(here, there, *(np.where(of_pairs[is_told], _rounded(n), n) for n in counts))


def disclosed_join(join: Join, closed: Collection[DatasetColumn]) -> Join | None:
    """A join as those may know it who may not read `closed` sides; None when they may not."""
    if not closed:
        return join
    if join.matches < STEP:
        return None
    here, there, *counts = join
    here, there = (side.for_others() if side in closed else side for side in (here, there))
    return Join(here, there, *map(_rounded, counts))


def _rounded(count: _Count) -> _Count:
    return count - count % STEP
