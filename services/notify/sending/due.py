"""Which endpoints have deliveries due: the working set of senders, found by date.

An endpoint keeps when its next delivery is due. Whoever adds a delivery says so after it is saved;
a sender, when it is done with what was due, looks for the next one. A date may be too early, which
costs a look, and is never too late, which would cost the delivery.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from services.notify.model import Endpoint, WebhookDelivery
from shared.aggregate import LONG_AGO, NEVER, now
from shared.errors import Conflict
from shared.store import Store

A_MOMENT = timedelta(seconds=5)


class Due:
    """The endpoints and deliveries in `store` that are due."""

    def __init__(self, store: Store) -> None:
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)

    def endpoints(self, limit: int, *, without: Collection[str] = ()) -> list[Endpoint]:
        """Those that are due, longest first; none of the members in `without`."""
        where: dict[str, object] = {"waiting": True}
        if without:
            where["member_id"] = {"$nin": list(without)}
        # Dates are compared here: a query by date walks through all documents on some servers.
        found = self._endpoints.find(where, sort="due_at", limit=limit)
        return [endpoint for endpoint in found if endpoint.due_at <= now()]

    def deliveries(self, endpoint_id: str, limit: int) -> list[WebhookDelivery]:
        """What is due to an endpoint, longest first."""
        waiting = self.pending(endpoint_id, limit)
        return [delivery for delivery in waiting if delivery.next_attempt_at <= now()]

    def pending(self, endpoint_id: str, limit: int) -> list[WebhookDelivery]:
        """What waits for an endpoint, due or not."""
        return self._deliveries.find({"lane": endpoint_id}, sort="next_attempt_at", limit=limit)

    def expect(self, dates: Mapping[str, datetime]) -> None:
        """Deliveries to the endpoints of these ids, saved by now, are due then."""
        if not dates:
            return
        # One read for all of an event's: most are due already, or shall not be called.
        for endpoint in self._endpoints.find({"_id": {"$in": list(dates)}}, limit=len(dates)):
            at = dates[endpoint.id]
            if endpoint.due_at > max(at, endpoint.not_before):
                self._endpoints.change(endpoint.id, partial(_expect, at))

    def settle(self, endpoint_id: str, *, not_before: datetime = LONG_AGO) -> None:
        """Keep when the endpoint's next delivery is due, and before when it shall not be called."""
        with suppress(Conflict):  # Somebody expects something: the next look is theirs.
            endpoint = self._endpoints.get(endpoint_id)
            if not endpoint.failing:
                not_before = LONG_AGO  # Somebody has asked for a call meanwhile.
            endpoint.not_before = not_before
            due_at = self._next(endpoint_id, not_before)
            if due_at > now():
                # A delivery may have been added since, by one who saw that the endpoint was due and
                # left it at that. From here on they see that it is not, and it is found for sure.
                endpoint.due_at = min(due_at, now() + A_MOMENT)
                endpoint = self._endpoints.save(endpoint)
                due_at = self._next(endpoint_id, not_before)
            if due_at != endpoint.due_at:
                endpoint.due_at = due_at
                self._endpoints.save(endpoint)

    def recover(self, stopped: Callable[[], bool]) -> None:
        """Expect all that waits, also what was saved before endpoints had a date."""
        lane = ""
        while not stopped():
            found = self._deliveries.find({"lane": {"$gt": lane}}, sort="lane", limit=1)
            if not found:
                return
            lane = found[0].lane
            self.expect({lane: self._next(lane, LONG_AGO)})

    def _next(self, endpoint_id: str, not_before: datetime) -> datetime:
        first = self.pending(endpoint_id, 1)
        return max(first[0].next_attempt_at, not_before) if first else NEVER


def _expect(at: datetime, endpoint: Endpoint) -> None:
    endpoint.expect(at)
