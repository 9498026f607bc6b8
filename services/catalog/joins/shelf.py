"""What the index of joins keeps: segments of like values, and all that a snapshot has of it."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import DatasetColumn
from services.catalog.joins.segment import Hasher, Rows, Segment, build, merge

ShelfKey: TypeAlias = tuple[str, int]
"""Key space, and width of the values in words."""


@dataclass
class Shelf:
    """The segments of one key space and width, large ones first, and what is in none yet."""

    segments: list[Segment] = field(default_factory=list)
    waiting: list[Rows] = field(default_factory=list)
    dead: int = 0

    @property
    def size(self) -> int:
        """How many pairs of value and column it holds, with those of columns that are gone."""
        return sum(segment.size for segment in self.segments)

    def settle(self, alive: NDArray[np.bool_], hasher: Hasher) -> None:
        """Put what waits into a segment, and merge those of like size."""
        if self.waiting:
            rows = Rows(*map(np.concatenate, zip(*self.waiting, strict=True)))
            self.segments.append(build(rows, hasher))
            self.waiting = []
        while len(self.segments) > 1 and self.segments[-2].size < 2 * self.segments[-1].size:
            self.segments[-2:] = [merge(self.segments[-2:], alive, hasher)]
        if self.dead * 2 > self.size:
            self.segments, self.dead = [merge(self.segments, alive, hasher)], 0


class State(NamedTuple):
    """All that an index is made of, for a snapshot."""

    columns: list[DatasetColumn]
    sizes: list[dict[ShelfKey, int]]
    numbers: dict[str, list[int]]
    owners: dict[str, str]
    shelves: dict[ShelfKey, Shelf]
    shown: frozenset[str] = frozenset()
