"""The index of one process, in memory: it follows the documents, and can be made of them anew."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from threading import Lock
from typing import Any

from tantivy import Schema, Searcher

from services.catalog.datasets.model import Dataset
from services.catalog.search import schema
from services.catalog.search.change_feed import MARGIN, Follower
from shared.errors import Unavailable
from shared.store import Store
from shared.words import fold

_HEAP_BYTES = 15_000_000
"""The least a writer of tantivy takes for one thread."""

_AT_A_STRETCH = 5
"""Datasets that are taken in within a few milliseconds."""

_PATIENCE_SECONDS = 5
_SHORTEST_WORD = 3


def _here(function: Callable[[], None]) -> None:
    function()


class TextIndex:
    """What there is to be found.

    `labels` are themes and producers as somebody wrote them, `words` all words of all texts by
    their singular, and `vocabulary` these by number. Scores depend on a dataset and the question
    alone: all processes rank alike. `call(function)` makes what takes tens of milliseconds outside
    of Python; a service gives eventlet's thread pool, so that nobody else waits for it.
    """

    def __init__(self, call: Callable[..., Any] = _here) -> None:
        self._call = call
        self.labels: dict[tuple[str, str], str] = {}
        self.words: dict[str, str] = {}
        self.vocabulary: list[str] = []
        self._follower = Follower()
        self._index = schema.open_index()
        self._writer = self._index.writer(_HEAP_BYTES, 1)
        self._busy = Lock()

    @property
    def schema(self) -> Schema:
        """Of the fields that queries name."""
        return self._index.schema

    def searcher(self) -> Searcher:
        """The index as it is now; what comes later does not change it."""
        return self._index.searcher()

    def follow(self, store: Store, margin: timedelta = MARGIN) -> int:
        """Take in what changed of the documents; how many there were.

        Raises Unavailable when another thread is at it for long: the index is made anew.
        """
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("the index of the catalogue is being made; ask again later")
        try:
            return self.put(self._follower.changes(store, margin))
        finally:
            self._busy.release()

    def put(self, datasets: Iterable[Dataset]) -> int:
        """Take in datasets, each in place of what was known of it; how many there were."""
        count = 0
        try:
            for dataset in datasets:
                self._put(dataset)
                count += 1
                if count % _AT_A_STRETCH == 0:
                    # A long catalogue is read in one go: let the others have their turn.
                    time.sleep(0)
        finally:
            # Those before a failure are not told again.
            if count:
                self._call(self._settle)
        return count

    def _settle(self) -> None:
        self._writer.commit()
        self._index.reload()

    def _put(self, dataset: Dataset) -> None:
        texts = schema.texts_of(dataset)
        self._writer.delete_documents_by_term("id", dataset.id)
        self._writer.add_document(schema.document(dataset, texts))
        self._label(dataset)
        for words in texts.values():
            self._learn(words)

    def _label(self, dataset: Dataset) -> None:
        about = dataset.metadata
        self.labels.setdefault(("theme", fold(about.theme)), about.theme)
        self.labels.setdefault(("producer", fold(about.producer)), about.producer)

    def _learn(self, words: dict[str, str]) -> None:
        for word, written in words.items():
            if word not in self.words and len(word) >= _SHORTEST_WORD:
                self._writer.add_document(schema.word(word, len(self.vocabulary)))
                self.words[word] = written
                self.vocabulary.append(word)
