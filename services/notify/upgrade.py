"""Fills the figures of the steering committee from timelines of before there were any.

It is done once for a lab, page by page of the timeline; where it is is kept with each page, so one
process goes on where another crashed. What several do, or events tell meanwhile, is the same facts.
"""

import logging
from collections.abc import Sequence
from typing import ClassVar

from services.notify.endings import without_erased
from services.notify.steering.projection import hear
from services.notify.timeline import TimelineEntry
from shared.aggregate import Aggregate
from shared.background import Loop
from shared.events import unwrap
from shared.store import PAGE_LIMIT, Store

log = logging.getLogger(__name__)

_SECONDS = 30.0
"""Until the next try, while a server does not answer."""

_ID = "steering"


class Filling(Aggregate):
    """How far the timeline was read: up to the entry `cursor`."""

    collection: ClassVar[str] = "fillings"

    cursor: str = ""
    is_done: bool = False

    def reach(self, cursor: str, *, is_done: bool) -> None:
        """The timeline is read that far; another process may have read further."""
        self.cursor, self.is_done = max(self.cursor, cursor), self.is_done or is_done


class Upgrade(Loop):
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
            self._fill(entries)
            read = entries[-1].id if entries else filling.cursor
            filling = fillings.change(
                _ID,
                lambda one: one.reach(read, is_done=following is None),
                new=lambda: Filling(id=_ID),
            )
            if filling.is_done:
                log.info("timelines of before are in the figures", extra={"until": filling.cursor})
        self._is_done = filling.is_done

    def _fill(self, entries: Sequence[TimelineEntry]) -> None:
        told = [unwrap(entry.body.encode()) for entry in entries]
        hear(self._store, told)
        # Those whose erasure passed by meanwhile: as they may be kept now.
        left = ((one, without_erased(self._store, one)) for one in told)
        hear(self._store, [kept for one, kept in left if kept is not one])
