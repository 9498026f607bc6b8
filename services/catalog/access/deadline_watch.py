"""Looks for what falls due by itself: reminders, requests without an answer, last days of grants.

Every process looks. A project's document says when it is due, so nothing is held in memory; it is
changed like by any handler, in one conditional write, after which it is no longer due: who comes
second, or again after a crash, changes nothing.
"""

import logging
from datetime import datetime, timedelta

from services.catalog import metrics
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from shared.aggregate import now
from shared.background import Loop
from shared.errors import Conflict
from shared.store import Store

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_COUNT_SECONDS = 5.0
_AT_ONCE = 100
_COUNTED = 100


class DeadlineWatch(Loop):
    """Does what is due, and counts what waits."""

    def __init__(self, service: str, store: Store) -> None:
        super().__init__(_LOOK_SECONDS, self._look, self._count)
        self._service, self._accesses = service, store.of(ProjectAccess)
        self._datasets = store.of(Dataset)
        self._count_at = now()

    def _look(self) -> None:
        # Dates are compared here: a query by date walks through all documents on some servers.
        time = now()
        first = self._accesses.find(sort="due_at", limit=1)
        late = (time - first[0].next_due).total_seconds() if first else 0
        metrics.access_oldest_due.labels(self._service).set(max(late, 0))
        if first and first[0].due_at <= time:
            for access in self._accesses.find(sort="due_at", limit=_AT_ONCE):
                self._do(access, time)

    def _do(self, access: ProjectAccess, time: datetime) -> None:
        if access.due_at > time or self.stopping.is_set():
            return
        access.tick(time)
        try:
            self._accesses.save(access)
        except Conflict:
            # Another process did it, or a decision came: the next look sees what is left.
            return
        log.info("access fell due", extra={"project": access.id})

    def _count(self) -> None:
        time = now()
        if time < self._count_at:
            return
        self._count_at = time + timedelta(seconds=_COUNT_SECONDS)
        # Counting would walk through all documents on some servers: the oldest are looked at.
        oldest = self._accesses.find(sort="waits_since", limit=_COUNTED)
        ages = [
            (time - access.waits_since).total_seconds() for access in oldest if access.waits_for
        ]
        metrics.access_waiting.labels(self._service).set(len(ages))
        held = self._datasets.count({"has_held": True}, most=_COUNTED)
        metrics.datasets_held.labels(self._service).set(held)
        metrics.access_oldest_waiting.labels(self._service).set(max([0, *ages]))
