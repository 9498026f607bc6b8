"""The index of one process, in memory: it follows the documents, and can be made of them anew."""

import logging
import operator
import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

from tantivy import Document

from services.catalog.datasets.model import Dataset
from services.catalog.search.concepts import vocabulary
from services.catalog.search.french_words import sound_of
from services.catalog.search.indexed_dataset import document_of, texts_of
from services.catalog.search.text_index import IndexedDataset, TextIndex
from shared.background import in_turns
from shared.errors import Unreachable
from shared.indexes.change_feed import JUST_NOW, ChangeFeed
from shared.store import Store
from shared.words import fold

log = logging.getLogger(__name__)

_HEAP_BYTES = 15_000_000
"""The least a writer of tantivy takes for one thread."""

_BATCH, _DATASETS_PER_TURN = 100, 25
"""Datasets that are read together in a thread, and those of them that are put in together."""

_LOOKED_AT = 64
"""The newest datasets that are looked at before an answer: a harvest comes by without it."""

_PATIENCE_SECONDS = 5
_SHORTEST_WORD = 3


_Content: TypeAlias = tuple[dict[str, dict[str, str]], tuple[Document, IndexedDataset]]
"""The words of a dataset, and what it is found by."""


class _ReadDataset(NamedTuple):
    """A dataset with its content; that is None of a deleted one, and an error of a broken one."""

    dataset: Dataset
    content: _Content | Exception | None


def _read_all(datasets: Iterable[Dataset]) -> list[_ReadDataset]:
    return [_ReadDataset(dataset, _content(dataset)) for dataset in datasets]


def _content(dataset: Dataset) -> _Content | Exception | None:
    if dataset.deletion:
        return None
    try:
        texts = texts_of(dataset)
        return texts, document_of(dataset, texts)
    except Exception as error:  # noqa: BLE001 - told by who may write to the log
        return error


class CatalogueIndex(TextIndex):
    """The datasets of the documents that it was told to follow, or was given.

    `in_thread(function, *arguments)` makes the calls that take long; a service gives eventlet's
    thread pool. So nobody else waits for it, nor does a long catalogue for all others: at its
    start a service that had much to do took minutes to read 2,000 datasets.
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
        self._taken = 0
        self._left: list[int] = []
        self._gone: list[int] = []

    def follow(self, store: Store) -> int:
        """Take in all that changed of the documents; how many there were.

        Answers are given meanwhile: many changes are taken in a few at a time.
        """
        look = self._feed.look(store)
        changed = self._feed.read(store, look)
        if look.ids is None:
            return self._take_in(changed)
        count, batch = 0, list[Dataset]()
        try:
            for dataset in changed:
                batch.append(dataset)
                if len(batch) == _LOOKED_AT:
                    count += self._take_in(batch)
                    batch = []
        finally:
            # Those before a failure are not told again.
            count += self._take_in(batch)
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
            return self.put(datasets)

    def put(self, datasets: Iterable[Dataset]) -> int:
        """Take in datasets, each in place of what was known of it; how many there were.

        One whose words cannot be read is left out, and the log says so.
        """
        count, batch = 0, list[Dataset]()
        try:
            for dataset in datasets:
                batch.append(dataset)
                if len(batch) == _BATCH:
                    count += self._put_together(batch)
                    batch = []
        finally:
            # Those before a failure are not told again.
            count += self._put_together(batch)
            if count:
                self._in_thread(self._settle)
        return count

    def _put_together(self, datasets: list[Dataset]) -> int:
        """Take these in: their words are read in a thread, the index is changed here alone."""
        if datasets:
            for read in in_turns(self._in_thread(_read_all, datasets), _DATASETS_PER_TURN):
                self._put(read)
        return len(datasets)

    def _settle(self) -> None:
        self._writer.commit()
        self._index.reload()
        # A search may go on that began before: what left just now is kept until the next time.
        for serial in self._gone:
            del self.kept[serial]
        self._left, self._gone = [], self._left

    def _put(self, read: _ReadDataset) -> None:
        dataset, content = read
        self._forget(dataset.id)
        if isinstance(content, Exception):
            log.error("a dataset is not found", exc_info=content, extra={"dataset": dataset.id})
        if content is None or isinstance(content, Exception):
            return
        texts, (document, shown) = content
        self._taken += 1
        self._serials[dataset.id] = self._taken
        self.kept[self._taken] = shown.lines
        document.add_integer("serial", self._taken)
        self._writer.add_document(document)
        self.frequencies.update(shown.tokens())
        self.size += 1
        self._label(dataset)
        for words in texts.values():
            self._learn(words)

    def _forget(self, identifier: str) -> None:
        """Take out what was known of a dataset."""
        serial = self._serials.pop(identifier, None)
        if serial is not None:
            self._writer.delete_documents_by_term("id", identifier)
            self.frequencies.subtract(IndexedDataset(self.kept[serial]).tokens())
            self.size -= 1
            self._left.append(serial)

    def _label(self, dataset: Dataset) -> None:
        about = dataset.metadata
        self.labels.setdefault(("theme", fold(about.theme)), about.theme)
        self.labels.setdefault(("producer", fold(about.producer)), about.producer)

    def _learn(self, words: dict[str, str]) -> None:
        written, singulars, sounding = self.vocabulary
        for word, as_written in words.items():
            if word not in written and len(word) >= _SHORTEST_WORD:
                self._writer.add_document(Document(word=word, number=len(singulars)))
                singulars.append(word)
                sounding.setdefault(sound_of(word), []).append(word)
                written[word] = as_written
            elif word in self._unwritten:
                self._unwritten.remove(word)
                written[word] = as_written
