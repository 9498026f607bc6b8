"""Keeps one process's index of joins in step with the catalogue's documents.

It stands in one file of the store, too: a restart reads that in place of every key file. A first
line of JSON tells what follows: the arrays of every segment, each begun at a multiple of eight
bytes. What is of another layout is no snapshot.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from services.catalog import metrics
from services.catalog.datasets.model import Dataset
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import DatasetColumn
from services.catalog.joins.segment import IndexState, Segment, Shelf
from services.catalog.snapshots.saved_index import Snapshots
from shared.background import Loop
from shared.engine.tables.key_file import KeyColumn, read_blocks
from shared.errors import NotFound, Rejected, Unreachable
from shared.events.event import FileRef
from shared.indexes.change_feed import JUST_NOW, MARGIN, ChangeFeed, Look
from shared.storage import CHUNK, Storage
from shared.store import Store

_LAYOUT = 2
_TYPES = ("<u8", "<u8", "<i8", "<u4", "<u4", "<u4", "<u4", "<i8")
"""How the arrays of a Segment are written."""

_ALIGNED = 8
_AT_ONCE = 1000
"""Pieces of the head's text: made in one call it would keep the interpreter from all others."""

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOOK_SECONDS, _PATIENCE_SECONDS = 30.0, 5.0

_KEY_FILE_BYTES = 500_000_000
_DELETED = "deleted"
"""Stands in place of a key file's hash: what was deleted is in no saved index."""

SNAPSHOT_AFTER = 200
"""Datasets taken in since the last snapshot: a restart reads fewer files than that."""


class JoinIndexService(Loop):
    """Answers from the index, once it has seen all that is published.

    It keeps in step when nobody asks too, so that who asks finds little left to take in.

    `in_thread(function, *arguments)` makes every call that computes and asks no server; a service
    gives eventlet's thread pool, so that a large column keeps nobody else waiting.
    """

    def __init__(
        self, service: str, store: Store, files: Storage, in_thread: Callable[..., Any]
    ) -> None:
        super().__init__(_LOOK_SECONDS, self._keep_in_step, self.save_if_due)
        self._service, self._store, self._files, self._in_thread = service, store, files, in_thread
        self._snapshots = Snapshots("joins", store, files, in_thread)
        self._busy = threading.Lock()
        self._index: JoinIndex | None = None
        self._feed = ChangeFeed(Dataset)
        self._taken: dict[str, str] = {}
        self._unsaved = 0
        self._has_deleted = self._is_made = False
        self._in_step_at = 0.0

    def ask(self, about: str, question: Callable[[JoinIndex], T]) -> T:
        """The answer from an index that knows the dataset `about` as it is saved now.

        It knows what else was published before, but for documents that were saved seconds after
        they changed: these come within a minute. `question` computes only. Raises Unavailable when
        documents or files cannot be read now, or it is being made for long.
        """
        return self._ask(question, JUST_NOW, about)

    def check_made(self) -> None:
        """Raise Unreachable while the index is made: events come again in place of waiting."""
        if not self._is_made:
            raise Unreachable("the index of joins is being made")

    def save_if_due(self) -> None:
        """Save the index when enough came since it was saved; questions are answered meanwhile."""
        with self._busy:
            index, unsaved, since = self._index, self._unsaved, self._feed.since
            is_due = self._has_deleted or unsaved >= SNAPSHOT_AFTER
            if index is None or since is None or not is_due:
                return
            self._has_deleted = False
            saved = IndexSnapshot(self._in_thread(index.state), since, dict(self._taken))
        pieces = _dump(saved)
        computed = iter(lambda: self._in_thread(next, pieces, b""), b"")
        self._snapshots.save(computed, saved.since)
        with self._busy:
            self._unsaved -= unsaved
        log.info("the join index is saved", extra={"columns": len(saved.state.columns)})

    def _keep_in_step(self) -> None:
        self._ask(lambda _index: None, MARGIN)

    def _ask(self, question: Callable[[JoinIndex], T], margin: timedelta, about: str = "") -> T:
        asked = time.monotonic()
        # Nobody waits while what was saved late is looked for, which takes long after a harvest.
        look = self._feed.look(self._store, margin) if self._index and margin > JUST_NOW else None
        with self._turn():
            if self._index is None:
                self._index = self._open()
            index = self._index
            with metrics.join_seconds.labels(self._service, "catch_up").time():
                # Of many who wait, the first looks for all.
                if look or self._in_step_at <= asked:
                    look = look or self._feed.look(self._store, margin)
                self._catch_up(index, look, about)
            self._is_made = True
            with metrics.join_seconds.labels(self._service, "answer").time():
                answer: T = self._in_thread(question, index)
            return answer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the index alone; raises Unreachable when it stays busy for long."""
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unreachable("the index of joins is being made; ask again later")
        try:
            yield
        finally:
            self._busy.release()

    def _open(self) -> JoinIndex:
        """The index of the snapshot; an empty one when no snapshot can be read."""

        def parse_all(chunks: Iterator[bytes]) -> IndexSnapshot:
            saved: IndexSnapshot = self._in_thread(_parse, bytearray().join(chunks))
            return saved

        snapshot = self._snapshots.load(parse_all)
        if snapshot is None:
            return JoinIndex()
        self._feed, self._taken = ChangeFeed(Dataset, snapshot.since), snapshot.taken
        index: JoinIndex = self._in_thread(JoinIndex.restored, snapshot.state)
        return index

    def _catch_up(self, index: JoinIndex, look: Look | None, about: str) -> None:
        before, began = self._unsaved, time.monotonic()
        if look:
            for dataset in self._feed.read(self._store, look):
                self._take(index, dataset)
            self._in_step_at = began
        if about and (newest := self._store.of(Dataset).find_one(about)):
            self._take(index, newest)
        if self._unsaved > before:
            self._in_thread(index.purge if self._has_deleted else index.settle)
            metrics.join_columns.labels(self._service).set(index.columns)
            metrics.join_values.labels(self._service).set(index.values)

    def _take(self, index: JoinIndex, dataset: Dataset) -> None:
        """Take in a dataset's key columns, unless they are in, and who may read it."""
        is_open = dataset.metadata.access == "open"
        owner_id = "" if is_open else dataset.owner_id
        index.restrict(dataset.id, owner_id, is_shown=dataset.metadata.joins_shown)
        version = dataset.published if dataset.state == "published" else None
        file = version.keys_file if version else None
        content_mark = _DELETED if dataset.deletion else file.sha256 if file else ""
        if self._taken.get(dataset.id, "") == content_mark:
            return
        self._put(index, dataset.id, file)
        self._taken[dataset.id] = content_mark
        self._unsaved += 1
        self._has_deleted = self._has_deleted or content_mark == _DELETED

    def _put(self, index: JoinIndex, dataset_id: str, file: FileRef | None) -> None:
        """Put in what a key file has; nothing when it is broken, which no later try would mend."""
        try:
            content = self._files.read(file, _KEY_FILE_BYTES) if file else b""
            self._in_thread(lambda: index.replace(dataset_id, list(read_blocks([content]))))
        except (NotFound, Rejected) as error:
            log.warning(
                "a key file is left out", extra={"dataset": dataset_id, "error": str(error)}
            )
            index.replace(dataset_id, [])


@dataclass(frozen=True)
class IndexSnapshot:
    """An index as it was: all changes up to `since`, and the key file taken of each dataset."""

    state: IndexState
    since: datetime
    taken: dict[str, str]


def _dump(saved: IndexSnapshot) -> Iterator[bytes]:
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


def _parse(content: bytearray) -> IndexSnapshot:
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
