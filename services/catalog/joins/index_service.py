"""Keeps one process's index of joins in step with the catalogue's documents."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from services.catalog import metrics
from services.catalog.datasets.model import Dataset
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.snapshot import IndexSnapshot, JoinSnapshots
from shared.background import Loop
from shared.engine.tables.key_file import read_blocks
from shared.errors import NotFound, Rejected, Unreachable
from shared.events.event import FileRef
from shared.indexes.change_feed import JUST_NOW, MARGIN, ChangeFeed, Look
from shared.storage import Storage
from shared.store import Store

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
        self._snapshots = JoinSnapshots(store, files, in_thread)
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
        self._snapshots.save(saved)
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
        snapshot = self._snapshots.load()
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
