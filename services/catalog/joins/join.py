"""Columns that have values in common, the best first."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from shared.tables.key_file import KeyColumn

Multiplication = Literal["one_to_one", "one_to_many", "many_to_one", "many_to_many"]
Counts: TypeAlias = NDArray[np.int64]


class Held(NamedTuple):
    """A column of a dataset."""

    dataset_id: str
    column: KeyColumn


class Join(NamedTuple):
    """Two columns with values in common, as seen from `here`; rows are those that match.

    A row counts once for each value that a crosswalk made of its own.

    `rows_joined` is how many rows an inner join has.
    """

    here: Held
    there: Held
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
    def reversed(self) -> "Join":
        """The same from the other side."""
        rows = self.rows_there, self.rows_here, self.rows_joined
        return Join(self.there, self.here, self.matches, *rows)

    @property
    def multiplication(self) -> Multiplication:
        """Whether a row that matches finds one row or several, from here to there."""
        many_here = self.rows_here > self.matches or _leads_to_several(self.there)
        many_there = self.rows_there > self.matches or _leads_to_several(self.here)
        if many_here:
            return "many_to_many" if many_there else "many_to_one"
        return "one_to_many" if many_there else "one_to_one"


def _leads_to_several(held: Held) -> bool:
    """Whether a row of it stands under several values, since a crosswalk made them."""
    return held.column.cost is not None and held.column.cost.multiplies


class Found(NamedTuple):
    """One row for each pair of columns; `here` and `there` are their numbers in the index."""

    here: Counts
    there: Counts
    matches: Counts
    rows_here: Counts
    rows_there: Counts
    rows_joined: Counts


class Traits(NamedTuple):
    """What ranking needs of every column, by its number in the index.

    `alive` are those that are there, `coarse` those of COARSE; `sources` and `steps` are those of
    Ways.
    """

    alive: NDArray[np.bool_]
    distinct: Counts
    sources: NDArray[np.uint64]
    steps: Counts
    coarse: NDArray[np.bool_]
    ties: NDArray[np.uint64]


class Joins(Sequence[Join]):
    """Pairs of columns in the order of their use; a Join is made when it is looked at.

    First come those that find most of what is here, then those whose values took the fewest
    `steps`, then those whose values are found most, then those with most matches; `ties` decide
    among equals, the same in every process. Those of coarse codes come after all others.
    """

    def __init__(self, columns: Sequence[Held], found: Found, traits: Traits) -> None:
        self._columns = columns
        here = found.matches / np.maximum(1, traits.distinct[found.here])
        there = found.matches / np.maximum(1, traits.distinct[found.there])
        taken = traits.steps[found.here] + traits.steps[found.there]
        by_tie = traits.ties[found.there], traits.ties[found.here]
        first, coarse = (*by_tie, -found.matches, -there, taken, -here), traits.coarse[found.here]
        order = np.lexsort((*first, coarse))
        self._found = Found(*(one[order] for one in found))
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
