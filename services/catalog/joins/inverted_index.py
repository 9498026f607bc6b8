"""An exact inverted index: from the values of key columns to the columns that hold them.

Columns are compared within their key space. Each space and width of values has a shelf of segments
that are merged when they are of like size, so that adding a dataset costs about what it holds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.compared_keys import KeyRows
from services.catalog.joins.join import ColumnPairs, DatasetColumn, Join, MayRead, disclosed
from services.catalog.joins.join_order import (
    Marks,
    RankedJoins,
    Traits,
    marks_of,
    pruned,
    traits_of,
)
from services.catalog.joins.segment import (
    Hasher,
    IndexState,
    Occurrences,
    Shelf,
    ShelfKey,
    ValueRows,
    Words,
    by_width,
    codes_of,
    hash_words,
    look_up,
    merge,
    text_of,
    values_of,
)
from shared.engine.tables.key_file import KeyBlock, KeyColumn

_Mask = NDArray[np.bool_]

_AT_ONCE = 500
"""Values looked up at a time where a few are enough."""


class JoinIndex:
    """Every key column of the published datasets; `hasher` may be any function of the values."""

    def __init__(self, hasher: Hasher = hash_words) -> None:
        self._hasher = hasher
        self._columns: list[DatasetColumn] = []
        self._marks: list[Marks] = []
        self._sizes: list[dict[ShelfKey, int]] = []
        self._numbers: dict[str, list[int]] = {}
        self._restrictions = Restrictions()
        self._shelves: defaultdict[ShelfKey, Shelf] = defaultdict(Shelf)
        self._traits: Traits | None = None

    @classmethod
    def restored(cls, state: IndexState) -> Self:
        """The index that was in this state."""
        index = cls()
        index._columns, index._sizes, index._numbers = state[:3]
        index._restrictions = Restrictions(dict(state.owners), set(state.joins_shown))
        index._shelves.update(state.shelves)
        index._marks = list(map(marks_of, state.columns))
        return index

    def state(self) -> IndexState:
        """Its state as of now, which nothing that it takes in later changes."""
        self.settle()
        # Segments and what is known of a column never change: only what holds them is copied.
        shelves = {
            key: Shelf(list(shelf.segments), dead=shelf.dead)
            for key, shelf in self._shelves.items()
        }
        lists = list(self._columns), list(self._sizes)
        kept = self._restrictions
        joins_shown = frozenset(kept.joins_shown)
        return IndexState(*lists, dict(self._numbers), dict(kept.owners), shelves, joins_shown)

    @property
    def columns(self) -> int:
        """How many columns it holds."""
        return sum(map(len, self._numbers.values()))

    @property
    def values(self) -> int:
        """How many pairs of value and column it holds."""
        numbers = (number for held in self._numbers.values() for number in held)
        return sum(sum(self._sizes[number].values()) for number in numbers)

    @property
    def bytes(self) -> int:
        """The memory of its arrays, in bytes."""
        segments = [segment for shelf in self._shelves.values() for segment in shelf.segments]
        return sum(array.nbytes for segment in segments for array in segment)

    def replace(self, dataset_id: str, blocks: Iterable[KeyBlock]) -> None:
        """Let these be the columns of a dataset, in place of those of an earlier version."""
        for number in self._numbers.pop(dataset_id, ()):
            for key, size in self._sizes[number].items():
                self._shelves[key].dead += size
        numbers: dict[KeyColumn, int] = {}
        for block in blocks:
            column = block.column
            number = numbers.setdefault(column, len(self._columns))
            if number == len(self._columns):
                self._add(DatasetColumn(dataset_id, column))
            self._put(number, block)
        if numbers:
            self._numbers[dataset_id] = list(numbers.values())
        self._traits = None

    def purge(self) -> None:
        """Drop the values of columns that are gone; else they stay until shelves are merged."""
        alive = self.settle().alive
        for shelf in self._shelves.values():
            if shelf.dead and shelf.segments:
                shelf.segments, shelf.dead = [merge(shelf.segments, alive, self._hasher)], 0

    def restrict(self, dataset_id: str, owner_id: str, *, is_shown: bool = False) -> None:
        """Let a dataset be restricted to its owner; open when that is empty."""
        self._restrictions.restrict(dataset_id, owner_id, is_shown=is_shown)

    def settle(self) -> Traits:
        """Take in what came since the last question; the next one then need not wait for it."""
        if self._traits is None:
            self._traits = self._made_traits()
            for shelf in self._shelves.values():
                shelf.settle(self._traits.alive, self._hasher)
        return self._traits

    def joins(
        self, dataset_id: str, name: str = "", may_read: MayRead = lambda _owner: True
    ) -> RankedJoins:
        """Every column of another dataset that shares a value with one of this.

        Through crosswalks as well, where that finds more than the values as they are.
        `name` leaves the joins by that column, alone or with another, and no others.
        Joins with data that one may not read are told as `disclosed` has it, and not at all by
        identifiers of data whose owner does not want that: `same_kind` tells what is told then.
        """
        traits = self.settle()
        column_pairs = [
            self._pairs_of(number, traits.alive)
            for number in self._numbers.get(dataset_id, ())
            if not name or name in self._columns[number].column.columns
        ]
        pairs = ColumnPairs(*map(np.concatenate, zip(_NOTHING, *column_pairs, strict=True)))
        silent = self._silent(may_read)
        is_told = ~(silent[pairs.here] | silent[pairs.there])
        pairs = ColumnPairs(*(array[is_told] for array in pairs))
        closed_ids = self._restrictions.closed(may_read)
        closed = _columns_of(closed_ids, self._numbers, len(self._columns))
        traits = traits.for_others(closed)
        pairs = pruned(disclosed(pairs, closed), traits)
        return RankedJoins(self._columns, pairs, traits, closed)

    def unmatched(self, here: DatasetColumn, there: DatasetColumn, limit: int) -> list[str]:
        """Up to `limit` values here that are not there; none of a column that is gone."""
        self.settle()
        missing: list[str] = []
        for mine in self._numbers_of(here):
            for theirs in self._numbers_of(there):
                for words in self._alone(mine, theirs):
                    missing += text_of(words[: limit - len(missing)])
                    if len(missing) == limit:
                        return sorted(missing)
        return sorted(missing)

    def key(self, dataset_id: str, name: str) -> tuple[KeyColumn, KeyRows] | None:
        """A key column by itself and its values as they are; None where it is no key."""
        self.settle()
        for number in self._numbers.get(dataset_id, ()):
            column = self._columns[number].column
            if column.columns == (name,) and not column.via:
                held = [(codes_of(rows.words), rows.counts) for rows in self._held(number).values()]
                values, rows = map(np.concatenate, zip(*held, strict=True))
                return column, KeyRows(values, rows.astype(np.int64))
        return None

    def same_kind(
        self, dataset_id: str, name: str, may_read: MayRead
    ) -> list[tuple[DatasetColumn, DatasetColumn]]:
        """The pairs of columns of which it is told only that both hold one kind of identifier.

        Whether they have a value in common changes nothing.
        """
        numbers_by_space: dict[str, int] = {}
        for number in self._numbers.get(dataset_id, ()):
            column = self._columns[number].column
            if column.is_plain and name in {"", *column.columns}:
                numbers_by_space.setdefault(column.space, number)
        if not numbers_by_space:
            return []
        silent = self._silent(may_read)
        is_told = silent | any(silent[number] for number in numbers_by_space.values())
        there = np.flatnonzero(is_told & self.settle().alive & self.settle().identifying)
        pairs = (
            (numbers_by_space.get(self._columns[other].column.space), other)
            for other in there.tolist()
        )
        return [
            (self._columns[mine], self._columns[other])
            for mine, other in pairs
            if mine is not None
            and (silent[mine] or silent[other])
            and self._columns[other].column.is_plain
            and self._columns[other].dataset_id != dataset_id
        ]

    def silence(self, may_read: MayRead) -> Callable[[Join], bool]:
        """A function that says whether a join must not be told as a join."""
        silent = self._silent(may_read)

        def is_silent(join: Join) -> bool:
            sides = (*self._numbers_of(join.here), *self._numbers_of(join.there))
            return any(silent[number] for number in sides)

        return is_silent

    def _silent(self, may_read: MayRead) -> NDArray[np.bool_]:
        return self._restrictions.silent(self._numbers, may_read, self.settle().identifying)

    def _made_traits(self) -> Traits:
        alive = np.zeros(len(self._columns), bool)
        alive[[number for numbers in self._numbers.values() for number in numbers]] = True
        return traits_of(self._columns, self._marks, alive)

    def _numbers_of(self, held: DatasetColumn) -> list[int]:
        """The number of a column; none when it is gone."""
        numbers = self._numbers.get(held.dataset_id, ())
        return [number for number in numbers if self._columns[number] == held]

    def _alone(self, mine: int, theirs: int) -> Iterator[Words]:
        """The values of a column that another lacks, a few at a time."""
        space = self._columns[theirs].column.space
        for width, rows in self._held(mine).items():
            for at in range(0, len(rows.words), _AT_ONCE):
                some = rows.words[at : at + _AT_ONCE]
                alone = np.ones(len(some), bool)
                for hits in self._hits((space, width), some):
                    alone[hits.asked[hits.columns == theirs]] = False
                yield some[alone]

    def _add(self, held: DatasetColumn) -> None:
        self._columns.append(held)
        self._marks.append(marks_of(held))
        self._sizes.append({})

    def _put(self, number: int, block: KeyBlock) -> None:
        counts = np.array(block.counts, np.uint32)
        for width, (positions, words) in by_width(block.values).items():
            key = block.space, width
            columns = np.full(len(positions), number, np.uint32)
            self._shelves[key].waiting.append(ValueRows(words, columns, counts[positions]))
            self._sizes[number][key] = self._sizes[number].get(key, 0) + len(positions)

    def _held(self, number: int) -> dict[int, ValueRows]:
        """A column's values by their width, found by going through its shelves."""
        held = {}
        for key in self._sizes[number]:
            parts = [values_of(segment, number) for segment in self._shelves[key].segments]
            held[key[1]] = ValueRows(*map(np.concatenate, zip(*parts, strict=True)))
        return held

    def _pairs_of(self, number: int, alive: NDArray[np.bool_]) -> ColumnPairs:
        """The columns of other datasets that share values with this one."""
        space = self._columns[number].column.space
        hits = [
            (hit.columns, rows.counts[hit.asked], hit.counts)
            for width, rows in self._held(number).items()
            for hit in self._hits((space, width), rows.words)
        ]
        if not hits:
            return _NOTHING
        columns, mine, theirs = map(np.concatenate, zip(*hits, strict=True))
        matches = np.bincount(columns, minlength=len(alive))
        others = alive.copy()
        others[self._numbers[self._columns[number].dataset_id]] = False
        there = np.flatnonzero(others & (matches > 0))
        # Doubles are exact up to 2^53, more rows than any join here can have.
        weights = (mine, theirs, mine.astype(np.float64) * theirs)
        rows = (np.bincount(columns, weight)[there].astype(np.int64) for weight in weights)
        return ColumnPairs(np.full(len(there), number), there, matches[there], *rows)

    def _hits(self, key: ShelfKey, words: Words) -> Iterator[Occurrences]:
        hashes = self._hasher(words)
        for segment in self._shelves[key].segments:
            yield look_up(segment, hashes, words)


_NOTHING = ColumnPairs(*(np.zeros(0, np.int64) for _ in ColumnPairs._fields))


@dataclass
class Restrictions:
    """The owner of each restricted dataset, and those of which joins by identifiers are shown."""

    owners: dict[str, str] = field(default_factory=dict)
    joins_shown: set[str] = field(default_factory=set)

    def restrict(self, dataset_id: str, owner_id: str, *, is_shown: bool) -> None:
        """Let a dataset be restricted to its owner; open when that is empty."""
        self.owners.pop(dataset_id, None)
        self.joins_shown.discard(dataset_id)
        if owner_id:
            self.owners[dataset_id] = owner_id
            if is_shown:
                self.joins_shown.add(dataset_id)

    def closed(self, may_read: MayRead) -> set[str]:
        """The datasets that one may not read."""
        owners = {owner for owner in set(self.owners.values()) if not may_read(owner)}
        return {dataset_id for dataset_id, owner in self.owners.items() if owner in owners}

    def silent(
        self, numbers: Mapping[str, Iterable[int]], may_read: MayRead, identifying: _Mask
    ) -> _Mask:
        """The columns of which no join is told, nor whether there is one.

        Whoever uploads a value would learn whether it is in the data: rounding only takes more
        uploads.
        """
        quiet = self.closed(may_read) - self.joins_shown
        return identifying & _columns_of(quiet, numbers, len(identifying))


def _columns_of(datasets: set[str], numbers: Mapping[str, Iterable[int]], size: int) -> _Mask:
    """The mask of the columns of these datasets."""
    mask = np.zeros(size, bool)
    mask[[number for dataset_id in datasets for number in numbers.get(dataset_id, ())]] = True
    return mask
