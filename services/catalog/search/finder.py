"""Keeps a process's index in step with the documents, and answers from it."""

import logging
from collections.abc import Callable, Collection
from datetime import timedelta
from threading import Event
from typing import Any

from services.catalog import metrics
from services.catalog.search.answer import search
from services.catalog.search.change_feed import JUST_NOW, MARGIN
from services.catalog.search.text_index import TextIndex
from services.catalog.search.views import DatasetPage, DatasetQuery
from shared.auth import Caller
from shared.errors import Unavailable
from shared.store import Store

log = logging.getLogger(__name__)

_IDLE_SECONDS = 30


class Finder:
    """Finds datasets; an answer knows what was saved before it was asked for.

    A document that was saved seconds after it changed, while others were, comes within a minute.
    Each process has an index of its own. It is made anew when the process starts, and changes that
    other processes saved are taken in before an answer, so that all of them answer alike.
    """

    def __init__(self, service: str, store: Store, call: Callable[..., Any]) -> None:
        self._service, self._store = service, store
        self._index, self._stopping = TextIndex(call), Event()
        self.is_ready = False
        """Whether the index was complete once."""

    def run(self) -> None:
        """Follow the documents, so that little is left to do when somebody asks."""
        while not self._stopping.is_set():
            try:
                self._follow(MARGIN)
            except Unavailable as error:
                log.warning("the index waits", extra={"error": str(error)})
            self._stopping.wait(_IDLE_SECONDS)

    def stop(self) -> None:
        """Follow no longer."""
        self._stopping.set()

    def search(
        self, query: DatasetQuery, caller: Caller, joinable: Collection[str] | None = None
    ) -> DatasetPage:
        """One page of the datasets that fit `query` and that `caller` may see.

        With `joinable` only those of these ids.
        """
        index = self.index()
        with metrics.search_seconds.labels(self._service).time():
            return search(index, query, caller, joinable)

    def index(self) -> TextIndex:
        """The index, in step with the documents."""
        self._follow(JUST_NOW)
        return self._index

    def _follow(self, margin: timedelta) -> None:
        taken = self._index.follow(self._store, margin)
        metrics.search_indexed.labels(self._service).inc(taken)
        self.is_ready = True
        metrics.search_followed.labels(self._service).set_to_current_time()
