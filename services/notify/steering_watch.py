"""Sees to it that the figures have all that the timeline has, and says since when they have not.

Timelines of before there were figures are read once for a lab, page by page; where that is is kept
with each page, so one process goes on where another crashed. What several do, or events tell
meanwhile, is the same facts.

An event is written into the timeline before its facts are kept. Where that failed, its facts are
kept from the timeline's entry: whatever became of the event in its queue, the figures are whole.
"""

import logging
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any, ClassVar

from services.notify.endings import without_erased
from services.notify.metrics import steering_behind
from services.notify.steering.facts import facts_of
from services.notify.steering.kept_facts import SubjectIndex, hear
from services.notify.steering.model import Subject
from services.notify.steering.views import SteeringQuery, SteeringView
from services.notify.timeline import TimelineEntry
from shared.aggregate import Aggregate, now
from shared.auth import Caller
from shared.background import Loop, in_turns
from shared.events import unwrap
from shared.store import PAGE_LIMIT, Store

log = logging.getLogger(__name__)

_SECONDS, _FEW = 30.0, 50
_ID = "steering"

_SETTLED = timedelta(minutes=1)
"""How old an event is that is looked at: its facts are kept right after its entry."""

_LATE = timedelta(hours=1)
"""How long after it happened an event may be written into the timeline, to be looked at."""

_BEFORE = timedelta(days=7)
"""How far a process that starts looks back."""


class Filling(Aggregate):
    """How far the timeline was read: up to the entry `cursor`."""

    collection: ClassVar[str] = "fillings"
    has_events: ClassVar[bool] = False

    cursor: str = ""
    is_done: bool = False

    def reach(self, cursor: str, *, is_done: bool) -> None:
        """The timeline is read that far; another process may have read further."""
        self.cursor, self.is_done = max(self.cursor, cursor), self.is_done or is_done


class SteeringUpgrade(Loop):
    """Reads the timeline from its beginning, until it has seen all."""

    def __init__(self, store: Store) -> None:
        super().__init__(_SECONDS, self.sweep)
        self._store, self._is_done = store, False

    def sweep(self) -> None:
        """Read what is left of the timeline."""
        while not (self._is_done or self.stopping.is_set()):
            self._read_page()

    def _read_page(self) -> None:
        fillings = self._store.of(Filling)
        filling = fillings.find_one(_ID) or Filling(id=_ID)
        if not filling.is_done:
            entries, following = self._store.of(TimelineEntry).page(
                None, after=filling.cursor or None, limit=PAGE_LIMIT
            )
            fill(self._store, entries)
            read = entries[-1].id if entries else filling.cursor
            filling = fillings.change(
                _ID,
                lambda saved: saved.reach(read, is_done=following is None),
                new=lambda: Filling(id=_ID),
            )
            if filling.is_done:
                log.info("timelines of before are in the figures", extra={"until": filling.cursor})
        self._is_done = filling.is_done


def fill(store: Store, entries: Sequence[TimelineEntry]) -> None:
    """Save the facts of these entries for the figures."""
    envelopes = [unwrap(entry.body.encode()) for entry in entries]
    hear(store, envelopes)
    # Those whose erasure passed by meanwhile: as they may be kept now.
    left = ((envelope, without_erased(store, envelope)) for envelope in envelopes)
    hear(store, [kept for envelope, kept in left if kept is not envelope])


def is_filled(store: Store) -> bool:
    """Whether the timelines of before were read whole."""
    filling = store.of(Filling).find_one(_ID)
    return filling is not None and filling.is_done


class SteeringWatch(Loop):
    """Follows what is known, makes figures of it, and compares it with the timeline."""

    def __init__(
        self, service: str, store: Store, in_thread: Callable[..., Any] = operator.call
    ) -> None:
        super().__init__(_SECONDS, self.look)
        self._store, self._index, self._in_thread = store, SubjectIndex(store), in_thread
        self._since, self._whole_at = now() - _BEFORE, time.monotonic()
        steering_behind.labels(service).set_function(lambda: time.monotonic() - self._whole_at)

    def look(self) -> None:
        """Save the facts that are missing; if none is, note the time."""
        subjects = {subject.id: subject for subject in self._index.follow()}
        began, settled = time.monotonic(), now() - _SETTLED
        entries = (entry for entry in self._recent() if self._since <= entry.at < settled)
        missing = [entry for entry in in_turns(entries) if not _is_known(entry, subjects)]
        if missing:
            fill(self._store, missing)
        elif is_filled(self._store):
            self._whole_at, self._since = began, max(self._since, settled - _LATE)

    def report(self, asked: SteeringQuery, caller: Caller) -> SteeringView:
        """Return the figures that the caller may see; the first ones load pandas."""
        yearly_report = self._in_thread(import_module, "services.notify.steering.yearly_report")
        view: SteeringView = yearly_report.report(self._index.subjects(), asked, now(), caller)
        return view

    def _recent(self) -> list[TimelineEntry]:
        """Return the entries since the last check and some earlier ones, newest first."""
        limit = _FEW
        while True:
            # Those after an id would be looked for among all by some servers.
            entries = self._store.of(TimelineEntry).find(descending=True, limit=limit)
            if len(entries) < limit or entries[-1].at < self._since:
                return entries
            limit *= 4


def _is_known(entry: TimelineEntry, subjects: Mapping[str, Subject]) -> bool:
    """Whether the facts of an event are kept, or there were too many of their kind."""
    for (about, thing_id), fact in facts_of(unwrap(entry.body.encode())):
        subject = subjects.get(Subject.id_of(about, thing_id))
        if subject is None or not subject.has(fact):
            return False
    return True
