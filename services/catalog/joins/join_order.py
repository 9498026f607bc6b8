"""The order of joins: which pairs of columns are worth telling, and which are of most use."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import FEW, PARTS, ColumnPairs, Counts, DatasetColumn, Join
from shared.engine.tables.crosswalks import CROSSWALKS
from shared.engine.tables.key_file import COARSE, UNTYPED
from shared.engine.tables.privacy import at_most

Floats: TypeAlias = NDArray[np.float64]
Marks: TypeAlias = tuple[int, int, int, int, int]

_REPEATED = 0.25
_WORTH = (1.0, 0.95, 0.8, 0.65)
_LOOSE = 0.5
"""How much less a join is worth: see `usefulness`. Of _WORTH, by the steps of both sides."""

_OTHER_KIND = 2
"""Steps to keys of another kind: more than to the present codes of the same kind."""


class Traits(NamedTuple):
    """What ranking needs of every column, by its number in the index.

    `alive` are those that are there, `coarse` those of COARSE, `loose` those of no known kind,
    `identifying` those whose values tell single things or persons from all others.
    `rows` have a value, each of which a crosswalk made `fan_out` of, in the mean. `sources` is the
    same number for all that was made of the same columns of a dataset, `names` for columns of the
    same names; `steps` are those of `steps_of`.
    """

    alive: NDArray[np.bool_]
    distinct: Counts
    rows: Floats
    fan_out: Floats
    sources: NDArray[np.uint64]
    names: NDArray[np.uint64]
    steps: Counts
    coarse: NDArray[np.bool_]
    loose: NDArray[np.bool_]
    identifying: NDArray[np.bool_]
    ties: NDArray[np.uint64]

    def for_others(self, closed: NDArray[np.bool_]) -> "Traits":
        """The same to those who may not read these columns, of which they may know bounds."""
        if not closed.any():
            return self
        distinct, rows, fan_out = self.distinct.copy(), self.rows.copy(), self.fan_out.copy()
        distinct[closed], rows[closed] = _bounds(distinct[closed]), _bounds(rows[closed])
        fan_out[closed] = np.round(fan_out[closed], 1)
        return self._replace(distinct=distinct, rows=rows, fan_out=fan_out)


def _bounds(counts: Counts | Floats) -> Counts:
    """What `at_most` says of each."""
    distinct, places = np.unique(counts, return_inverse=True)
    return np.array([at_most(int(count)) for count in distinct], np.int64)[places]


def steps_of(via: str) -> int:
    """0 for values as they are, 1 for their present codes, 2 for keys of another kind."""
    if not via:
        return 0
    crosswalk = CROSSWALKS.get(via)
    return 1 if crosswalk and crosswalk.source == crosswalk.target else _OTHER_KIND


def traits_of(
    columns: Sequence[DatasetColumn], marks: Sequence[Marks], alive: NDArray[np.bool_]
) -> Traits:
    """What ranking needs of these columns."""
    sizes = [(held.column.distinct, held.column.rows) for held in columns]
    distinct, rows = np.array(sizes, np.int64).reshape(-1, 2).T
    spaces = [held.column.space for held in columns]
    ties, sources, names, steps, identifying = np.array(marks, np.uint64).reshape(-1, 5).T
    return Traits(
        alive=alive,
        distinct=distinct,
        rows=rows.astype(np.float64),
        fan_out=_fan_out(sources, steps, rows),
        sources=sources,
        names=names,
        steps=steps.astype(np.int64),
        coarse=np.array([space in COARSE for space in spaces], bool),
        loose=np.array([space == UNTYPED for space in spaces], bool),
        identifying=identifying.astype(bool),
        ties=ties,
    )


def marks_of(held: DatasetColumn) -> Marks:
    """An order of columns that does not depend on when they came; what each was made of, and is."""
    column = held.column
    names = "\0".join(column.columns)
    source = f"{held.dataset_id}\0{names}"
    tie = f"{source}\0{column.space}\0{column.via}"
    numbers = _number_of(tie), _number_of(source), _number_of(names.casefold())
    return *numbers, steps_of(column.via), int(column.is_identifying)


def _fan_out(sources: NDArray[np.uint64], steps: NDArray[np.uint64], rows: Counts) -> Floats:
    """How many rows a column has for one of the column it was made of, at least 1."""
    plain = np.flatnonzero(steps == 0)
    plain = plain[np.argsort(sources[plain], kind="stable")]
    row_counts = np.maximum(1.0, rows)
    if not len(plain):
        return np.ones(len(row_counts))
    at = np.minimum(np.searchsorted(sources[plain], sources), len(plain) - 1)
    nearest = plain[at]
    is_known = sources[nearest] == sources
    return np.where(is_known, np.maximum(1.0, row_counts / np.maximum(1, rows[nearest])), 1.0)


def _number_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def pruned(pairs: ColumnPairs, traits: Traits) -> ColumnPairs:
    """The pairs that find more than simpler ones do.

    Two columns that both lead to keys of another kind are none: all communes of an EPCI would meet
    one another. Of the pairs of the same two columns one stays when it finds a larger share of both
    sides than any of fewer steps.
    """
    steps = traits.steps[pairs.here] + traits.steps[pairs.there]
    sizes = np.maximum(1, traits.distinct)
    shares = pairs.matches / sizes[pairs.here] + pairs.matches / sizes[pairs.there]
    sources = np.stack([traits.sources[pairs.here], traits.sources[pairs.there]])
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
    return ColumnPairs(*(array[kept] for array in pairs))


def usefulness(pairs: ColumnPairs, traits: Traits) -> Floats:
    """How much each join is worth to who has what is here, from 0 to 1.

    It is the share of the rows here that find one there, and less where they find several, above
    all where both sides repeat: such rows are a product, and no longer things. Keys that a
    crosswalk made are worth less than keys as they are, and codes of no known kind less than those
    of one, unless their columns are called the same. Judged examples: tests/corpora/joins.
    """
    here, there = pairs.here, pairs.there
    of_rows_here = pairs.rows_here / traits.fan_out[here]
    rows = np.max(traits.rows[here] / traits.fan_out[here], initial=1.0)
    joined = pairs.rows_joined.astype(np.float64)
    finds, is_found = (
        np.maximum(1.0, traits.fan_out[side] * joined / np.maximum(1, of_side))
        for side, of_side in ((here, pairs.rows_here), (there, pairs.rows_there))
    )
    repeats = 1.0 + _REPEATED * np.log2(finds)
    product = 1.0 + np.log2(np.minimum(finds, is_found))
    taken = traits.steps[here] + traits.steps[there]
    is_loose = traits.loose[here] & (traits.names[here] != traits.names[there])
    worth = np.array(_WORTH)[np.minimum(taken, len(_WORTH) - 1)] * np.where(is_loose, _LOOSE, 1.0)
    # Rounded, so that what is equal is left to what decides among equals.
    useful: Floats = np.round(np.minimum(1.0, of_rows_here / rows) * worth / repeats / product, 6)
    return useful


def _shares(matches: Counts, distinct: Counts, closed: NDArray[np.bool_]) -> Floats:
    """What `DatasetColumn.share_of` says of each; 0 where it is not told."""
    coarse = np.where(distinct > FEW, PARTS * matches // distinct / PARTS, 0.0)
    return np.where(closed, coarse, matches / distinct)


class RankedJoins:
    """Pairs of columns in the order of their use; a Join is made when it is looked at.

    Among equally useful ones come first those whose values took the fewest `steps`, then those
    whose values are found most, then those with most matches; `ties` decide among what is left, the
    same in every process. Those of coarse codes come after all others. Of `closed` columns bounds
    are told; `traits` has these too, so that the order follows from nothing else.
    """

    def __init__(
        self,
        columns: Sequence[DatasetColumn],
        pairs: ColumnPairs,
        traits: Traits,
        closed: NDArray[np.bool_],
    ) -> None:
        self._columns, self._closed = columns, closed
        here, there = (
            _shares(pairs.matches, np.maximum(1, traits.distinct[side]), closed[side])
            for side in (pairs.here, pairs.there)
        )
        taken = traits.steps[pairs.here] + traits.steps[pairs.there]
        by_tie = traits.ties[pairs.there], traits.ties[pairs.here]
        first = (*by_tie, -pairs.matches, -there, taken, -usefulness(pairs, traits))
        order = np.lexsort((*first, traits.coarse[pairs.here]))
        self._pairs = ColumnPairs(*(array[order] for array in pairs))
        self._share = np.maximum(here, there)[order]

    def __len__(self) -> int:
        return len(self._share)

    def __iter__(self) -> Iterator[Join]:
        for at in range(len(self)):
            yield from self.chosen([at])

    def chosen(self, positions: Sequence[int]) -> list[Join]:
        """The joins at these positions."""
        rows = zip(*(array[positions].tolist() for array in self._pairs), strict=True)
        return [
            Join(self._column(here), self._column(there), *figures)
            for here, there, *figures in rows
        ]

    def _column(self, number: int) -> DatasetColumn:
        column = self._columns[number]
        return column.for_others() if self._closed[number] else column

    def at_least(self, share: float) -> list[int]:
        """The positions of joins in which at least that share of one side is on the other."""
        return [int(at) for at in np.flatnonzero(self._share >= share)]

    @property
    def datasets(self) -> set[str]:
        """The datasets that are joined with."""
        return {self._columns[number].dataset_id for number in np.unique(self._pairs.there)}
