"""The index of one process, in memory: it follows the documents, from where a snapshot ends."""

import logging
import operator
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from tantivy import Document

from services.catalog.datasets.model import Dataset
from services.catalog.search.concepts import vocabulary
from services.catalog.search.french_words import sound_of
from services.catalog.search.indexed_dataset import DatasetContent, content_of
from services.catalog.search.text_index import IndexedDataset, TextIndex
from services.catalog.snapshots.dataset_lines import DatasetLine, decoded
from shared.background import in_turns
from shared.errors import Unreachable
from shared.indexes.change_feed import JUST_NOW, MARGIN, ChangeFeed
from shared.language.folding import fold
from shared.store import Store

log = logging.getLogger(__name__)

_HEAP_BYTES = 15_000_000
"""The least a writer of tantivy takes for one thread."""

_BATCH, _DATASETS_PER_TURN = 100, 25
"""Datasets that are read together in a thread, and those of them that are put in together."""

_LOOKED_AT = 64
"""The newest datasets that are looked at before an answer: a harvest comes by without it."""

_PATIENCE_SECONDS = 5
_SHORTEST_WORD = 3


_UNSAVED_BYTES = 30_000_000
"""Of lines for the next snapshot that are kept; it makes the others again of the documents."""


class _ReadDataset(NamedTuple):
    """A state of a dataset as the index takes it in; without `content` it is not in the index."""

    id: str
    version: int
    changed_at: datetime
    deleted_at: datetime | None = None
    content: DatasetContent | None = None
    document: Document | None = None
    line: bytes = b""
    error: Exception | None = None


class IndexState(NamedTuple):
    """What is to be saved of an index: which state of each dataset it has, and lines of some.

    It took in so many `changes` since it was saved, the newest deletion among them at `deleted_at`.
    """

    versions: dict[str, int]
    lines: dict[str, bytes]
    since: datetime
    changes: int
    deleted_at: datetime | None


def lines_of(datasets: Iterable[Dataset]) -> bytes:
    """The lines of a snapshot for these, as far as the index takes them in."""
    return b"".join(read.line for read in map(_read, datasets))


def _read_all(datasets: Iterable[Dataset]) -> list[_ReadDataset]:
    return [_read(dataset) for dataset in datasets]


def _read(dataset: Dataset) -> _ReadDataset:
    state = dataset.id, dataset.version, dataset.changed_at
    if dataset.deletion:
        return _ReadDataset(*state, deleted_at=dataset.deletion.deleted_at)
    try:
        content = content_of(dataset)
        line = DatasetLine(*state, content.packed()).encoded()
        return _ReadDataset(*state, content=content, document=content.document(), line=line)
    except Exception as error:  # noqa: BLE001 - told by who may write to the log
        return _ReadDataset(*state, error=error)


def _decode_all(lines: Iterable[bytes]) -> list[_ReadDataset]:
    return [_decode(line) for line in lines]


def _decode(line: bytes) -> _ReadDataset:
    dataset_id, version, changed_at, packed = decoded(line)
    content = DatasetContent.unpacked(packed)
    return _ReadDataset(
        dataset_id, version, changed_at, content=content, document=content.document()
    )


def _in_batches(
    datasets: Iterable[Dataset], size: int, take_in: Callable[[list[Dataset]], int]
) -> int:
    """How many are taken in, so many at a time.

    Those before a failure to read one are taken in too: they are not told again.
    """
    count, batch = 0, list[Dataset]()
    try:
        for dataset in datasets:
            batch.append(dataset)
            if len(batch) == size:
                count += take_in(batch)
                batch = []
    finally:
        count += take_in(batch)
    return count


class CatalogueIndex(TextIndex):
    """The datasets of the documents that it was told to follow, or was given.

    `in_thread(function, *arguments)` makes the calls that take long; a service gives eventlet's
    thread pool. So nobody else waits for it, nor does a long catalogue for all others: at its
    start a service that had much to do took minutes to read 2,000 datasets. `changes` came since it
    was saved, the newest deletion among them at `deleted_at`.
    """

    def __init__(self, in_thread: Callable[..., Any] = operator.call) -> None:
        super().__init__()
        self._in_thread = in_thread
        self._feed = ChangeFeed(Dataset)
        self._writer = self._index.writer(_HEAP_BYTES, 1)
        self._busy, self._in_step_at = Lock(), 0.0
        self._unwritten = set[str]()
        self._learn(vocabulary())
        self._unwritten.update(self.vocabulary.written)
        self._serials: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._unsaved: dict[str, bytes] = {}
        self._unsaved_bytes = self.changes = 0
        self.deleted_at: datetime | None = None
        self._complete_at: datetime | None = None
        self._taken = 0
        self._left: list[int] = []
        self._gone: list[int] = []

    def restore(self, batches: Iterable[list[bytes]], since: datetime) -> None:
        """Take in the lines of a snapshot; of the documents only later changes are new to it."""
        recent_versions = {}
        for lines in batches:
            for read in in_turns(self._in_thread(_decode_all, lines), _DATASETS_PER_TURN):
                self._put(read)
                if read.changed_at >= since - MARGIN:
                    recent_versions[read.id] = read.version, read.changed_at
        self._feed = ChangeFeed(Dataset, since, seen_versions=recent_versions)
        self._complete_at = since
        self._in_thread(self._settle)

    def state(self) -> IndexState | None:
        """What is to be saved of it; None before it has seen all documents."""
        with self._busy:
            # The feed may be further: of a harvest an answer takes in the newest alone.
            since, changes = self._complete_at, self.changes
            if since is None:
                return None
            versions, lines = dict(self._versions), dict(self._unsaved)
            return IndexState(versions, lines, since, changes, self.deleted_at)

    def note_saved(self, state: IndexState) -> None:
        """Note what was saved: only what came later is still to be saved."""
        with self._busy:
            self.changes -= state.changes
            is_forgotten = state.deleted_at is not None and state.since >= state.deleted_at
            if self.deleted_at == state.deleted_at and is_forgotten:
                self.deleted_at = None
            for dataset_id, line in state.lines.items():
                if self._unsaved.get(dataset_id) is line:
                    self._drop_unsaved(dataset_id)

    def follow(self, store: Store) -> int:
        """Take in all that changed of the documents; how many there were.

        Answers are given meanwhile: many changes are taken in a few at a time.
        """
        look = self._feed.look(store)
        changed = self._feed.read(store, look)
        if look.ids is None:
            count = self._take_in(changed)
        else:
            count = _in_batches(changed, _LOOKED_AT, self._take_in)
        self._complete_at = look.began
        return count

    def keep_in_step(self, store: Store) -> int:
        """Take in what changed just now, before an answer; how many there were.

        After a harvest these are the newest alone: the others come by `follow`. Raises Unreachable
        when another thread is at it for long: the index is made anew.
        """
        asked = time.monotonic()
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unreachable("the index of the catalogue is being made; ask again later")
        try:
            began = time.monotonic()
            # Of many who wait, the first looks for all.
            if self._in_step_at > asked:
                return 0
            look = self._feed.look(store, JUST_NOW, _LOOKED_AT)
            count = self.put(self._feed.read(store, look))
            self._in_step_at = began
            return count
        finally:
            self._busy.release()

    def _take_in(self, datasets: Iterable[Dataset]) -> int:
        with self._busy:
            # Before an answer a later state may have been taken in.
            return self.put(dataset for dataset in datasets if not self._feed.is_outdated(dataset))

    def put(self, datasets: Iterable[Dataset]) -> int:
        """Take in datasets, each in place of what was known of it; how many there were.

        One whose words cannot be read is left out, and the log says so.
        """
        before = self.changes
        try:
            return _in_batches(datasets, _BATCH, self._put_together)
        finally:
            if self.changes > before:
                self._in_thread(self._settle)

    def _put_together(self, datasets: list[Dataset]) -> int:
        """Take these in: their words are read in a thread, the index is changed here alone."""
        if datasets:
            for read in in_turns(self._in_thread(_read_all, datasets), _DATASETS_PER_TURN):
                self._put(read)
                self._note_unsaved(read)
        return len(datasets)

    def _settle(self) -> None:
        self._writer.commit()
        self._index.reload()
        # A search may go on that began before: what left just now is kept until the next time.
        for serial in self._gone:
            del self.kept[serial]
        self._left, self._gone = [], self._left

    def _put(self, read: _ReadDataset) -> None:
        self._forget(read.id)
        content, document = read.content, read.document
        if read.error:
            log.error("a dataset is not found", exc_info=read.error, extra={"dataset": read.id})
        if content is None or document is None:
            return
        self._taken += 1
        self._serials[read.id], self._versions[read.id] = self._taken, read.version
        self.kept[self._taken] = content.indexed.lines
        document.add_integer("serial", self._taken)
        self._writer.add_document(document)
        self.frequencies.update(content.indexed.tokens())
        self.size += 1
        self._label(content)
        self._learn(content.words)

    def _note_unsaved(self, read: _ReadDataset) -> None:
        self._drop_unsaved(read.id)
        if read.line and self._unsaved_bytes < _UNSAVED_BYTES:
            self._unsaved[read.id] = read.line
            self._unsaved_bytes += len(read.line)
        self.changes += 1
        if read.deleted_at:
            self.deleted_at = max(read.deleted_at, self.deleted_at or read.deleted_at)

    def _drop_unsaved(self, dataset_id: str) -> None:
        self._unsaved_bytes -= len(self._unsaved.pop(dataset_id, b""))

    def _forget(self, identifier: str) -> None:
        """Take out what was known of a dataset."""
        serial = self._serials.pop(identifier, None)
        self._versions.pop(identifier, None)
        if serial is not None:
            self._writer.delete_documents_by_term("id", identifier)
            self.frequencies.subtract(IndexedDataset(self.kept[serial]).tokens())
            self.size -= 1
            self._left.append(serial)

    def _label(self, content: DatasetContent) -> None:
        self.labels.setdefault(("theme", fold(content.theme)), content.theme)
        self.labels.setdefault(("producer", fold(content.producer)), content.producer)

    def _learn(self, words: dict[str, str]) -> None:
        written, sounding = self.vocabulary
        for word, as_written in words.items():
            if word not in written and len(word) >= _SHORTEST_WORD:
                self._writer.add_document(Document(word=word))
                sounding.setdefault(sound_of(word), []).append(word)
                written[word] = as_written
            elif word in self._unwritten:
                self._unwritten.remove(word)
                written[word] = as_written
