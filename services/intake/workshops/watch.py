"""Reminds of workshops that are about to take place, and forgets who came some weeks later."""

from datetime import datetime

from services.intake import metrics
from services.intake.workshops.model import Workshop
from shared.aggregate import now
from shared.background import Loop
from shared.store import Store

_LOOK_SECONDS = 60.0
_AT_ONCE = 100


class WorkshopWatch(Loop):
    """Does what is due of workshops. Two processes that look at once record it once."""

    def __init__(self, service: str, store: Store) -> None:
        super().__init__(_LOOK_SECONDS, self.look)
        self._service, self._workshops = service, store.of(Workshop)

    def look(self) -> None:
        """Send due reminders, and erase due names and addresses."""
        at = now()
        reminded, forgotten = self._due("remind_at", at), self._due("forget_at", at)
        since = [
            *(workshop.remind_at for workshop in reminded),
            *(workshop.forget_at for workshop in forgotten),
            at,
        ]
        metrics.workshop_oldest_due.labels(self._service).set((at - min(since)).total_seconds())
        for workshop in reminded:
            self._workshops.change(workshop.id, lambda workshop: workshop.remind(at))
        for workshop in forgotten:
            self._workshops.change(workshop.id, lambda workshop: workshop.forget_all(at))

    def _due(self, name: str, at: datetime) -> list[Workshop]:
        # Dates are compared here: a query by date walks through all documents on some servers.
        workshops = self._workshops.find(sort=name, limit=_AT_ONCE)
        return [workshop for workshop in workshops if getattr(workshop, name) <= at]
