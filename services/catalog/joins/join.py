"""Columns that have values in common: how many rows match, and who may know it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.engine.tables.key_file import KeyColumn
from shared.engine.tables.multiplicity import ONCE, SEVERAL, Relation

Counts: TypeAlias = NDArray[np.int64]

STEP = 5
"""Counts of joins with data that one may not read are multiples of it."""

MayRead: TypeAlias = Callable[[str], bool]
"""Whether one may read the restricted data of that owner."""

_Count = TypeVar("_Count", int, Counts)


class DatasetColumn(NamedTuple):
    """A column of a dataset."""

    dataset_id: str
    column: KeyColumn

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
    def containment(self) -> float:
        """The share of the distinct values here that are there."""
        return self.matches / max(1, self.here.column.distinct)

    @property
    def contained(self) -> float:
        """The share of the distinct values there that are here."""
        return self.matches / max(1, self.there.column.distinct)

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


def disclosed(pairs: ColumnPairs, is_hidden: NDArray[np.bool_]) -> ColumnPairs:
    """The pairs as told to those who may not read the columns that `is_hidden` marks.

    Counts against restricted data would let anybody test whether a value is in it: upload that
    value and look. So a join with data that one may not read is told from `STEP` values in common
    on, and its counts are rounded down to multiples of it; shares come from the rounded counts.
    That keeps single values and single rows from being read off; it is no perfect protection: who
    knows four values of the data can test a fifth, and who asks often enough narrows down more.
    """
    of_pairs = is_hidden[pairs.there]
    is_told = ~of_pairs | (pairs.matches >= STEP)
    here, there, *counts = (array[is_told] for array in pairs)
    return ColumnPairs(here, there, *(np.where(of_pairs[is_told], _rounded(n), n) for n in counts))


def disclosed_join(join: Join) -> Join | None:
    """A join with data that one may not read, as it may be told; None when it may not."""
    if join.matches < STEP:
        return None
    here, there, *counts = join
    return Join(here, there, *map(_rounded, counts))


def _rounded(count: _Count) -> _Count:
    return count - count % STEP
