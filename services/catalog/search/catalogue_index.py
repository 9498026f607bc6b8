"""The index of one process, in memory: it follows the documents, and can be made of them anew."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from threading import Lock
from typing import Any

from tantivy import Document

from services.catalog.datasets.model import Dataset
from services.catalog.search.concepts import vocabulary
from services.catalog.search.french_words import sound_of
from services.catalog.search.indexed_dataset import document_of, texts_of
from services.catalog.search.text_index import IndexedDataset, TextIndex
from shared.errors import Unavailable
from shared.indexes.change_feed import MARGIN, ChangeFeed
from shared.store import Store
from shared.words import fold

_HEAP_BYTES = 15_000_000
"""The least a writer of tantivy takes for one thread."""

_DATASETS_PER_TURN = 5
"""Datasets that are taken in within a few milliseconds."""

_PATIENCE_SECONDS = 5
_SHORTEST_WORD = 3


def _here(function: Callable[[], None]) -> None:
    function()


class CatalogueIndex(TextIndex):
    """The datasets of the documents that it was told to follow, or was given.

    `in_thread(function)` calls what takes tens of milliseconds outside of Python; a service gives
    eventlet's thread pool, so that nobody else waits for it.
    """

    def __init__(self, in_thread: Callable[..., Any] = _here) -> None:
        super().__init__()
        self._in_thread = in_thread
        self._feed = ChangeFeed(Dataset)
        self._writer = self._index.writer(_HEAP_BYTES, 1)
        self._busy = Lock()
        self._unwritten = set[str]()
        self._learn(vocabulary())
        self._unwritten.update(self.vocabulary.written)
        self._serials: dict[str, int] = {}
        self._taken = 0
        self._left: list[int] = []
        self._gone: list[int] = []

    def follow(self, store: Store, margin: timedelta = MARGIN) -> int:
        """Take in what changed of the documents; how many there were.

        Raises Unavailable when another thread is at it for long: the index is made anew.
        """
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("the index of the catalogue is being made; ask again later")
        try:
            return self.put(self._feed.changes(store, margin))
        finally:
            self._busy.release()

    def put(self, datasets: Iterable[Dataset]) -> int:
        """Take in datasets, each in place of what was known of it; how many there were."""
        count = 0
        try:
            for dataset in datasets:
                self._put(dataset)
                count += 1
                if count % _DATASETS_PER_TURN == 0:
                    # A long catalogue is read in one go: let the others have their turn.
                    time.sleep(0)
        finally:
            # Those before a failure are not told again.
            if count:
                self._in_thread(self._settle)
        return count

    def _settle(self) -> None:
        self._writer.commit()
        self._index.reload()
        # A search may go on that began before: what left just now is kept until the next time.
        for serial in self._gone:
            del self.kept[serial]
        self._left, self._gone = [], self._left

    def _put(self, dataset: Dataset) -> None:
        self._forget(dataset.id)
        if dataset.deletion:
            return
        texts = texts_of(dataset)
        document, shown = document_of(dataset, texts)
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
