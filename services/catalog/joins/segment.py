"""What the index of joins keeps: distinct values in the order of their hashes, with their columns.

A value is UTF-8 without zero bytes, padded with zeros to words of eight bytes, so that two values
of as many words are equal exactly when their words are: hashes only tell where to look.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import DatasetColumn
from shared.engine.codes.code_lists import CodeArray

Words: TypeAlias = NDArray[np.uint64]
"""Values of one width: one row for each, one column for every eight bytes."""

Hashes: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.uint32]
Positions: TypeAlias = NDArray[np.int64]
Hasher = Callable[[Words], Hashes]
ShelfKey: TypeAlias = tuple[str, int]
"""Key space, and width of the values in words."""

_WORD = 8
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, odd: Knuth, The Art of Computer Programming 3, 6.4."""

_SHIFT = np.uint64(29)
_NOWHERE = np.zeros(0, np.uint32)


class ValueRows(NamedTuple):
    """That a value occurs in a column, so many times; the rows of a column stand together."""

    words: Words
    columns: Numbers
    counts: Numbers


class Segment(NamedTuple):
    """Pairs of a value and a column, in the order of the values' hashes.

    `starts[i]` to `starts[i + 1]` of `columns` and `counts` belong to the value `words[i]`. The
    other way, `bounds[i]` to `bounds[i + 1]` of `places` are the pairs of the column `owners[i]`.
    """

    hashes: Hashes
    words: Words
    starts: Positions
    columns: Numbers
    counts: Numbers
    places: Numbers
    owners: Numbers
    bounds: Positions

    @property
    def size(self) -> int:
        """How many pairs of value and column it holds."""
        return len(self.columns)


class Occurrences(NamedTuple):
    """Where looked-up values occur: the value's row in what was asked, a column, and how often."""

    asked: Positions
    columns: Numbers
    counts: Numbers


@dataclass
class Shelf:
    """The segments of one key space and width, large ones first, and what is in none yet."""

    segments: list[Segment] = field(default_factory=list)
    waiting: list[ValueRows] = field(default_factory=list)
    dead: int = 0

    @property
    def size(self) -> int:
        """How many pairs of value and column it holds, with those of columns that are gone."""
        return sum(segment.size for segment in self.segments)

    def settle(self, alive: NDArray[np.bool_], hasher: Hasher) -> None:
        """Put what waits into a segment, and merge those of like size."""
        if self.waiting:
            rows = ValueRows(*map(np.concatenate, zip(*self.waiting, strict=True)))
            self.segments.append(build(rows, hasher))
            self.waiting = []
        while len(self.segments) > 1 and self.segments[-2].size < 2 * self.segments[-1].size:
            self.segments[-2:] = [merge(self.segments[-2:], alive, hasher)]
        if self.dead * 2 > self.size:
            self.segments, self.dead = [merge(self.segments, alive, hasher)], 0


class IndexState(NamedTuple):
    """All that an index is made of, for a snapshot."""

    columns: list[DatasetColumn]
    sizes: list[dict[ShelfKey, int]]
    numbers: dict[str, list[int]]
    owners: dict[str, str]
    shelves: dict[ShelfKey, Shelf]
    joins_shown: frozenset[str] = frozenset()


def hash_words(words: Words) -> Hashes:
    """A hash of each value; a single word is its own."""
    hashes = words[:, 0].copy()
    for number in range(1, words.shape[1]):
        hashes = (hashes ^ (hashes >> _SHIFT)) * _MULTIPLIER + words[:, number]
    return hashes


def by_width(values: Sequence[str]) -> dict[int, tuple[Positions, Words]]:
    """The values by their number of words, each width with the positions of its values."""
    try:
        encoded = np.array(values, "S")
    except UnicodeEncodeError:
        encoded = np.array([value.encode() for value in values], "S")
    widths = -(-np.strings.str_len(encoded) // _WORD)
    values_by_width = {}
    for width in np.unique(widths).tolist():
        positions = np.flatnonzero(widths == width)
        padded = encoded[positions].astype(f"S{width * _WORD}")
        values_by_width[width] = positions, padded.view(np.uint64).reshape(-1, width)
    return values_by_width


def codes_of(words: Words) -> CodeArray:
    """The values again, as byte strings."""
    width = words.shape[1] * _WORD
    return np.ascontiguousarray(words).view(f"S{width}").ravel()


def text_of(words: Words) -> list[str]:
    """The values again."""
    return [value.decode() for value in codes_of(words).tolist()]


def build(rows: ValueRows, hasher: Hasher) -> Segment:
    """A segment of these rows, which have one width."""
    hashes = hasher(rows.words)
    order = np.argsort(hashes)
    hashes, words = hashes[order], rows.words[order]
    is_new = np.ones(len(order), bool)
    # Of values that share a hash one may begin twice: looking up finds both.
    is_new[1:] = (hashes[1:] != hashes[:-1]) | (words[1:] != words[:-1]).any(axis=1)
    places = np.empty(len(order), np.uint32)
    places[order] = np.arange(len(order), dtype=np.uint32)
    firsts = np.flatnonzero(np.diff(rows.columns, prepend=~rows.columns[:1]))
    return Segment(
        hashes=hashes[is_new],
        words=words[is_new],
        starts=np.append(np.flatnonzero(is_new), len(order)),
        columns=rows.columns[order],
        counts=rows.counts[order],
        places=places,
        owners=rows.columns[firsts],
        bounds=np.append(firsts, len(order)),
    )


def merge(segments: Iterable[Segment], alive: NDArray[np.bool_], hasher: Hasher) -> Segment:
    """One segment of several, without the columns that are no longer `alive`."""
    parts = [
        _rows(segment, segment.places[alive[segment.columns[segment.places]]])
        for segment in segments
    ]
    return build(ValueRows(*map(np.concatenate, zip(*parts, strict=True))), hasher)


def look_up(segment: Segment, hashes: Hashes, words: Words) -> Occurrences:
    """Where these values occur; equal hashes count for nothing unless the values are equal."""
    # In order, each search begins in memory where the one before ended.
    order = np.argsort(hashes)
    left = np.searchsorted(segment.hashes, hashes[order])
    right = np.searchsorted(segment.hashes, hashes[order], side="right")
    which, at = _expanded(left, right)
    asked = order[which]
    same = (segment.words[at] == words[asked]).all(axis=1)
    asked, at = asked[same], at[same]
    which, occurrence = _expanded(segment.starts[at], segment.starts[at + 1])
    return Occurrences(asked[which], segment.columns[occurrence], segment.counts[occurrence])


def values_of(segment: Segment, column: int) -> ValueRows:
    """What a column holds in this segment."""
    (positions,) = np.nonzero(segment.owners == column)
    slices = [segment.places[segment.bounds[at] : segment.bounds[at + 1]] for at in positions]
    return _rows(segment, np.concatenate([_NOWHERE, *slices]))


def _rows(segment: Segment, places: Numbers) -> ValueRows:
    values = np.searchsorted(segment.starts, places, side="right") - 1
    return ValueRows(segment.words[values], segment.columns[places], segment.counts[places])


def _expanded(left: Positions, right: Positions) -> tuple[Positions, Positions]:
    """Every position from `left[i]` to before `right[i]`, each beside its i."""
    lengths = right - left
    which = np.repeat(np.arange(len(left)), lengths)
    before = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) + (left - before)[which]
