"""The index of joins in one file of the store: a restart reads it in place of every key file.

A first line of JSON tells what follows: the arrays of every segment, each begun at a multiple of
eight bytes. What is of another layout is no snapshot.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np

from services.catalog.joins.join import DatasetColumn
from services.catalog.joins.segment import IndexState, Segment, Shelf
from services.catalog.snapshots.saved_index import Snapshots
from shared.engine.tables.key_file import KeyColumn
from shared.storage import CHUNK, Storage
from shared.store import Store

_LAYOUT = 2
_TYPES = ("<u8", "<u8", "<i8", "<u4", "<u4", "<u4", "<u4", "<i8")
"""How the arrays of a Segment are written."""

_ALIGNED = 8
_AT_ONCE = 1000
"""Pieces of the head's text: made in one call it would keep the interpreter from all others."""


@dataclass(frozen=True)
class IndexSnapshot:
    """An index as it was: all changes up to `since`, and the key file taken of each dataset."""

    state: IndexState
    since: datetime
    taken: dict[str, str]


class JoinSnapshots:
    """Saves and loads the index; `in_thread` makes the calls that compute."""

    def __init__(self, store: Store, files: Storage, in_thread: Callable[..., Any]) -> None:
        self._snapshots = Snapshots("joins", store, files, in_thread)
        self._in_thread = in_thread

    def save(self, saved: IndexSnapshot) -> None:
        """Write a snapshot, and point to it."""
        pieces = dump(saved)
        computed = iter(lambda: self._in_thread(next, pieces, b""), b"")
        self._snapshots.save(computed, saved.since)

    def load(self) -> IndexSnapshot | None:
        """The newest snapshot, if there is one that can be read."""

        def parse_all(chunks: Iterator[bytes]) -> IndexSnapshot:
            saved: IndexSnapshot = self._in_thread(parse, bytearray().join(chunks))
            return saved

        return self._snapshots.load(parse_all)


def dump(saved: IndexSnapshot) -> Iterator[bytes]:
    """The bytes of a snapshot, in pieces that are not empty."""
    state = saved.state
    segments = [
        (space, width, segment)
        for (space, width), shelf in state.shelves.items()
        for segment in shelf.segments
    ]
    head = {
        "layout": _LAYOUT,
        "since": saved.since.isoformat(),
        "taken": saved.taken,
        "owners": state.owners,
        "shown": sorted(state.joins_shown),
        "columns": [[held.dataset_id, held.column.model_dump()] for held in state.columns],
        "numbers": state.numbers,
        "sizes": [[[*key, size] for key, size in sizes.items()] for sizes in state.sizes],
        "dead": [[*key, shelf.dead] for key, shelf in state.shelves.items()],
        "segments": [
            [space, width, segment.size, len(segment.words), len(segment.owners)]
            for space, width, segment in segments
        ],
    }
    yield from _lines(head)
    for _, _, segment in segments:
        for array, kind in zip(segment, _TYPES, strict=True):
            data = np.ascontiguousarray(array).astype(kind, copy=False).reshape(-1).view(np.uint8)
            # In pieces, each a copy: the index may be larger than what is left of the memory.
            yield from (data[at : at + CHUNK].tobytes() for at in range(0, len(data), CHUNK))
            if rest := -len(data) % _ALIGNED:
                yield b"\0" * rest


def parse(content: bytearray) -> IndexSnapshot:
    """The index that was dumped; raises ValueError, KeyError or TypeError when it is none."""
    end = content.index(b"\n")
    head = json.loads(content[:end])
    if head["layout"] != _LAYOUT:
        raise ValueError("another layout")
    reader = _ArrayReader(content, end + 1)
    shelves = {(space, width): Shelf(dead=dead) for space, width, dead in head["dead"]}
    for space, width, *sizes in head["segments"]:
        shelves[space, width].segments.append(reader.segment(width, *sizes))
    columns = [
        DatasetColumn(name, KeyColumn.model_validate(column)) for name, column in head["columns"]
    ]
    sizes = [
        {(space, width): size for space, width, size in column_sizes}
        for column_sizes in head["sizes"]
    ]
    joins_shown = frozenset(head.get("shown", ()))
    state = IndexState(columns, sizes, head["numbers"], head["owners"], shelves, joins_shown)
    return IndexSnapshot(state, datetime.fromisoformat(head["since"]), head["taken"])


def _lines(head: dict[str, Any]) -> Iterator[bytes]:
    """The head and a line's end, filled up with blanks."""
    pieces, size = json.JSONEncoder(ensure_ascii=False).iterencode(head), 0
    while some := "".join(islice(pieces, _AT_ONCE)).encode():
        size += len(some)
        yield some
    yield b"\n" + b" " * (-(size + 1) % _ALIGNED)


class _ArrayReader:
    """Takes arrays from bytes, one after the other, without copying them."""

    def __init__(self, content: bytearray, at: int) -> None:
        self._content, self._at = content, at + -at % _ALIGNED

    def segment(self, width: int, pairs: int, values: int, owners: int) -> Segment:
        of_values = (values, values * width, values + 1)
        lengths = (*of_values, pairs, pairs, pairs, owners, owners + 1)
        arrays = [
            self._array(*kind_and_length) for kind_and_length in zip(_TYPES, lengths, strict=True)
        ]
        arrays[1] = arrays[1].reshape(values, width)
        return Segment(*arrays)

    def _array(self, kind: str, length: int) -> Any:  # noqa: ANN401 - of the kind that is named
        array = np.frombuffer(self._content, kind, length, self._at)
        self._at += array.nbytes + -array.nbytes % _ALIGNED
        return array
