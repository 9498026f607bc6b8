"""Looks for what delivered services have due: a renewal, the end of one, and their review."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from services.compute import metrics
from services.compute.renewal.commands import Renewals
from services.compute.renewal.model import DeliveredService
from shared.aggregate import now
from shared.background import Loop
from shared.errors import Conflict, WrongStage
from shared.settings import Settings
from shared.store import Store

_LOOK_SECONDS = 2.0
_AT_ONCE = 100


class RenewalWatch(Loop):
    """Renews what is due, and ends what nobody needs any more.

    Every process looks, and nothing is held in memory: a service's document says when it is due,
    and which job makes its next edition, so that two who come at once queue it once.
    """

    def __init__(self, service: str, store: Store, settings: Settings) -> None:
        super().__init__(_LOOK_SECONDS, self.look)
        self._services, self._renewals = store.of(DeliveredService), Renewals(store, settings)
        self._grace = timedelta(days=settings.service_grace_days)
        self._overdue = metrics.renewal_overdue.labels(service)

    def look(self, at: datetime | None = None) -> None:
        """Do what is due."""
        time = at or now()
        for service in self._services.every({"is_renewing": True}):
            self._do(self._renewals.look_at_next, service)
        first = self._services.find(sort="due_at", limit=1)
        is_due = bool(first) and first[0].due_at <= time
        services = self._services.find(sort="due_at", limit=_AT_ONCE) if is_due else []
        late = [service.renew_at for service in services if service.is_renewal_due(time)]
        self._overdue.set(max([0.0, *((time - renew_at).total_seconds() for renew_at in late)]))
        for service in services:
            if service.due_at <= time:
                self._do(self._act, service, time)

    def _act(self, service: DeliveredService, time: datetime) -> None:
        if service.is_renewal_due(time):
            self._renewals.renew(service.id)
        self._services.change(service.id, lambda asked: asked.tick(time, self._grace))

    def _do(self, act: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - of the act
        if self.stopping.is_set():
            return
        # What somebody else did, or decided, meanwhile is seen at the next look.
        with suppress(Conflict, WrongStage):
            act(*arguments)
