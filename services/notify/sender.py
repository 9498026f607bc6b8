"""Sends what is due: one endpoint's deliveries one by one, all endpoints side by side.

A delivery is leased before it is sent, so that two processes do not send it at once, and a crash
lets the lease run out: it is sent again, under the same `webhook-id` (at least once).
"""

import http.client
import logging
import math
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from services.notify import metrics
from services.notify.model import Attempt, Endpoint, WebhookDelivery
from services.notify.signing import sign
from shared.aggregate import now
from shared.background import Loop
from shared.errors import Invalid, Unavailable
from shared.outbound import (
    CallFailed,
    SilentNames,
    SsrfGuard,
    Target,
    TimeLimit,
    Unresolved,
    connected,
)
from shared.settings import Settings
from shared.store import Store

SIDE_BY_SIDE = 200
"""Endpoints served at the same time by one process."""

TURN = 20
"""Deliveries sent to an endpoint before the others of a full house get their turn."""

IDLE_SECONDS = 0.5
"""How often a process that nobody wakes looks for what has become due."""

ENDPOINTS = 10_000
"""More than there will ever be, disabled and deleted ones included."""

LEASE_MARGIN = timedelta(seconds=5)

_BODY_READ = 4096
"""Bytes of the answer that are taken before the connection is closed; none are kept."""

_JITTER = 0.1
_GONE = "le serveur a répondu 410 (Gone) : il ne veut plus rien recevoir"
_HEADERS = {
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": "datalab-notify/1",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """The status of an answer, and the seconds it asks us to wait (Retry-After) if it does."""

    status: int
    retry_after: float | None = None


def post(target: Target, headers: Mapping[str, str], body: bytes, limit: TimeLimit) -> Answer:
    """Send `body`; the whole call, connecting and reading included, ends when the time is up.

    The status alone decides: a body that never ends does not undo it. Raises CallFailed.
    """
    with connected(target, limit) as timed:
        timed.connection.request("POST", target.path, body, {**headers, "Connection": "close"})
        response = timed.response()
        answer = Answer(response.status, _retry_after(response.getheader("Retry-After")))
        with suppress(OSError, http.client.HTTPException):
            response.read(_BODY_READ)
    return answer


def _retry_after(value: str | None) -> float | None:
    if not value:
        return None
    if value.isdecimal():
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max((date - datetime.now(UTC)).total_seconds(), 0)


Post = Callable[[Target, Mapping[str, str], bytes, TimeLimit], Answer]


class Sender(Loop):
    """Sends due deliveries until stopped, and then lets the calls in hand end."""

    def __init__(
        self, store: Store, settings: Settings, guard: SsrfGuard, send: Post = post
    ) -> None:
        super().__init__(IDLE_SECONDS, self._dispatch)
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)
        self._waits, self._timeout = settings.webhook_seconds, settings.webhook_timeout_seconds
        self._lease = timedelta(seconds=self._timeout) + LEASE_MARGIN
        self._guard, self._send = guard, send

    def _dispatch(self) -> None:
        # Dates are compared here: a query by date walks through all documents on some servers.
        first = self._deliveries.find(sort="next_attempt_at", limit=1)
        waited = (now() - first[0].next_attempt_at).total_seconds() if first else 0
        metrics.webhook_oldest_due.labels("notify").set(max(waited, 0))
        if waited <= 0:
            return
        for endpoint in self._endpoints.find(limit=ENDPOINTS):
            if len(self.in_hand) >= SIDE_BY_SIDE or self.stopping.is_set():
                return
            if endpoint.id not in self.in_hand and self._due(endpoint.id, limit=1):
                self.begin(endpoint.id, self._turn, endpoint.id)

    def _due(self, endpoint_id: str, *, limit: int) -> list[WebhookDelivery]:
        waiting = self._deliveries.find({"lane": endpoint_id}, sort="next_attempt_at", limit=limit)
        return [delivery for delivery in waiting if delivery.next_attempt_at <= now()]

    def _turn(self, endpoint_id: str) -> None:
        for delivery in self._due(endpoint_id, limit=TURN):
            if self.stopping.is_set() or not self._deliver(delivery):
                return

    def _deliver(self, delivery: WebhookDelivery) -> bool:
        """Send one delivery; whether the endpoint may be sent the next one at once."""
        leased = self._deliveries.lease(delivery, "next_attempt_at", self._lease)
        if leased is None:
            return True
        endpoint = self._endpoints.get(delivery.endpoint_id)
        if endpoint.state != "enabled":
            self._deliveries.change(delivery.id, WebhookDelivery.close)
            return True
        attempt = self._attempt(endpoint, delivery)
        noted = self._note(delivery.id, attempt)
        outcome = "failed" if noted.state == "pending" else noted.state
        metrics.webhook_attempts.labels("notify", outcome).inc()
        self._judge(endpoint, attempt, noted)
        return attempt.succeeded

    def _attempt(self, endpoint: Endpoint, delivery: WebhookDelivery) -> Attempt:
        at, began, body = now(), time.monotonic(), delivery.body.encode()
        answer, error = None, ""
        try:
            headers = {**_HEADERS, **sign(endpoint.secret, delivery.id, at, body)}
            limit = TimeLimit(self._timeout)
            target = self._guard.target(endpoint.url, limit, endpoint.member_id)
            answer = self._send(target, headers, body, limit)
        except SilentNames:
            error = "le serveur de noms ne répond pas"
        except Unresolved:
            error = "nom de domaine introuvable"
        except Invalid as refused:
            error = f"adresse refusée : {refused.args[0]}"
        except CallFailed as failure:
            error = str(failure)
        except Exception:
            # Noted too: what is not would be sent again and again, and never be abandoned.
            log.exception("a delivery failed for a reason of ours")
            error = "erreur interne de l'expéditeur"
        return Attempt(
            at=at,
            status=answer.status if answer else None,
            error=error,
            seconds=round(time.monotonic() - began, 3),
            retry_after=answer.retry_after if answer else None,
        )

    def _note(self, delivery_id: str, attempt: Attempt) -> WebhookDelivery:
        """Save the attempt; as long as the lease holds, wait for a document server that is down."""
        stretch = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load only
        end = time.monotonic() + self._lease.total_seconds()
        while True:
            try:
                return self._deliveries.change(
                    delivery_id, lambda found: found.note(attempt, self._waits, stretch)
                )
            except Unavailable:
                if time.monotonic() > end or self.stopping.wait(IDLE_SECONDS):
                    raise

    def _judge(self, endpoint: Endpoint, attempt: Attempt, noted: WebhookDelivery) -> None:
        if attempt.gone:
            self._endpoints.change(endpoint.id, lambda found: found.disable(_GONE))
        elif noted.state == "abandoned" or (attempt.succeeded and endpoint.abandoned_in_row):
            delivered = attempt.succeeded
            self._endpoints.change(endpoint.id, lambda found: found.note_end(delivered=delivered))
