"""Keeps a process's index in step with the documents, and answers from it."""

import logging
from threading import Event

from services.catalog.matching import Wish
from services.catalog.model import Dataset
from services.catalog.searching.answer import search
from services.catalog.searching.candidates import candidates
from services.catalog.searching.index import Index
from services.catalog.searching.views import DatasetPage, DatasetQuery
from shared import metrics
from shared.auth import Caller
from shared.errors import Unavailable
from shared.store import Store

log = logging.getLogger(__name__)

_IDLE_SECONDS = 5


class Finder:
    """Finds datasets; every answer knows all that was saved before it was asked for.

    Each process has an index of its own. It is made anew when the process starts, and changes that
    other processes saved are taken in before an answer, so that all of them answer alike.
    """

    def __init__(self, service: str, store: Store) -> None:
        self._service, self._store = service, store
        self._index, self._stopping = Index(), Event()
        self.is_ready = False
        """Whether the index was complete once."""

    def run(self) -> None:
        """Follow the documents, so that little is left to do when somebody asks."""
        while not self._stopping.is_set():
            try:
                self._follow()
            except Unavailable as error:
                log.warning("the index waits", extra={"error": str(error)})
            self._stopping.wait(_IDLE_SECONDS)

    def stop(self) -> None:
        """Follow no longer."""
        self._stopping.set()

    def search(self, query: DatasetQuery, caller: Caller) -> DatasetPage:
        """One page of the datasets that fit `query` and that `caller` may see."""
        self._follow()
        with metrics.search_seconds.labels(self._service).time():
            return search(self._index, query, caller)

    def candidates(self, wish: Wish) -> list[Dataset]:
        """The published datasets that may fit a project best."""
        self._follow()
        found = map(self._store.of(Dataset).find_one, candidates(self._index, wish))
        return [dataset for dataset in found if dataset and dataset.state == "published"]

    def _follow(self) -> None:
        taken = self._index.follow(self._store)
        metrics.search_indexed.labels(self._service).inc(taken)
        self.is_ready = True
        metrics.search_followed.labels(self._service).set_to_current_time()
