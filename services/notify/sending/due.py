"""Which endpoints have deliveries due: the working set of senders, found by date.

An endpoint keeps when its next delivery is due. Whoever adds a delivery says so after it is saved.
An endpoint is claimed before a sender looks for what is due to it: for a moment it counts as due
later, so that whoever adds a delivery meanwhile says so. When the sender is done it keeps the next
date. A date may be too early, which costs a look, and is never too late, which would cost the
delivery.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from services.notify.attempts import change_read
from services.notify.model import Endpoint, WebhookDelivery
from shared.aggregate import LONG_AGO, NEVER, now
from shared.store import Store

A_MOMENT = timedelta(seconds=5)
"""How long a claim holds: after a crash the endpoint is due again."""


class Due:
    """The endpoints and deliveries in `store` that are due."""

    def __init__(self, store: Store) -> None:
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)

    def endpoints(self, limit: int, *, without: Collection[str] = ()) -> list[Endpoint]:
        """Return the due endpoints, longest due first, but none of the members in `without`."""
        where: dict[str, object] = {"waiting": True}
        if without:
            where["member_id"] = {"$nin": list(without)}
        # Dates are compared here: a query by date walks through all documents on some servers.
        endpoints = self._endpoints.find(where, sort="due_at", limit=limit)
        return [endpoint for endpoint in endpoints if endpoint.due_at <= now()]

    def deliveries(self, endpoint_id: str, limit: int) -> list[WebhookDelivery]:
        """What is due to an endpoint, longest first."""
        waiting = self.pending(endpoint_id, limit)
        return [delivery for delivery in waiting if delivery.next_attempt_at <= now()]

    def pending(self, endpoint_id: str, limit: int) -> list[WebhookDelivery]:
        """What waits for an endpoint, due or not."""
        return self._deliveries.find({"lane": endpoint_id}, sort="next_attempt_at", limit=limit)

    def next_at(self, endpoint_id: str) -> datetime:
        """When the first of what waits for an endpoint is due; NEVER when nothing waits."""
        first = self.pending(endpoint_id, 1)
        return first[0].next_attempt_at if first else NEVER

    def expect(
        self, dates: Mapping[str, datetime], read: Iterable[Endpoint] = ()
    ) -> list[Endpoint]:
        """Note when saved deliveries to these endpoints are due; return the endpoints to call now.

        `read` are some of these endpoints as they were before: idle ones are claimed for the
        caller.
        """
        idle = [endpoint for endpoint in read if endpoint.id in dates and endpoint.is_idle]
        claimed = [endpoint for endpoint in map(self.claim, idle) if endpoint]
        left = list(dates.keys() - {endpoint.id for endpoint in claimed})
        if not left:
            return claimed
        # Due already when they were read: a sender may have been done with them since.
        endpoints = self._endpoints.find({"_id": {"$in": left}}, limit=len(left))
        sooner = [
            change_read(self._endpoints, endpoint, partial(_expect, dates[endpoint.id]))
            for endpoint in endpoints
            if endpoint.due_at > max(dates[endpoint.id], endpoint.not_before)
        ]
        return claimed + [endpoint for endpoint in sooner if endpoint.due_at <= now()]

    def claim(self, endpoint: Endpoint) -> Endpoint | None:
        """The endpoint, claimed as it was read; None when it changed or another was faster."""
        return self._endpoints.lease(endpoint, "due_at", A_MOMENT)

    def settle(
        self, claimed: Endpoint, next_at: datetime, *, not_before: datetime = LONG_AGO
    ) -> Endpoint:
        """Keep when the next delivery is due of those seen since the claim, or added meanwhile.

        The endpoint, which shall not be called before `not_before`.
        """
        claim = claimed.due_at

        def decide(endpoint: Endpoint) -> None:
            # One that does not fail any more: somebody has asked for a call meanwhile.
            endpoint.not_before = not_before if endpoint.failing else LONG_AGO
            added = endpoint.due_at if endpoint.due_at != claim else NEVER
            endpoint.due_at = max(min(next_at, added), endpoint.not_before)

        return change_read(self._endpoints, claimed, decide)

    def recover(self, stopped: Callable[[], bool]) -> None:
        """Schedule all waiting deliveries, also those from before endpoints had a due date."""
        lane = ""
        while not stopped():
            following = self._deliveries.find({"lane": {"$gt": lane}}, sort="lane", limit=1)
            if not following:
                return
            lane = following[0].lane
            self.expect({lane: self.next_at(lane)})


def _expect(at: datetime, endpoint: Endpoint) -> None:
    endpoint.expect(at)
