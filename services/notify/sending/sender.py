"""Sends what is due: one endpoint's deliveries one by one, all endpoints side by side.

A delivery is leased before it is sent, so that two processes do not send it at once, and a crash
lets the lease run out: it is sent again, under the same `webhook-id` (at least once).
"""

import logging
import time
from datetime import datetime, timedelta

from services.notify import metrics
from services.notify.attempts import save_attempt, stretch
from services.notify.model import Attempt, Endpoint, WebhookDelivery
from services.notify.sending.breaker import Breaker
from services.notify.sending.due import Due
from services.notify.sending.post import Answer, Post, post
from services.notify.sending.shares import Shares
from services.notify.sending.signing import sign
from shared.aggregate import LONG_AGO, now
from shared.background import Loop
from shared.errors import Invalid
from shared.outbound import CallFailed, SilentNames, SsrfGuard, TimeLimit, Unresolved
from shared.settings import Settings
from shared.store import Store

LOOK = 300
"""Due endpoints that are looked at, beside those that have their turn."""

TURN = 20
"""Deliveries sent to an endpoint before others get their turn."""

IDLE_SECONDS = 0.5
"""How often a process that nobody wakes looks for what has become due."""

OBSERVED_SECONDS = 1.0
"""How often the metrics are renewed at most."""

LEASE_MARGIN = timedelta(seconds=5)

_GONE = "le serveur a répondu 410 (Gone) : il ne veut plus rien recevoir"
_HEADERS = {
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": "datalab-notify/1",
}

log = logging.getLogger(__name__)


class Sender(Loop):
    """Sends due deliveries until stopped, and then lets the calls in hand end."""

    def __init__(
        self, store: Store, settings: Settings, guard: SsrfGuard, send: Post = post
    ) -> None:
        super().__init__(IDLE_SECONDS, self._begin_recovery, self._dispatch, self._observe)
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)
        self._waits, self._timeout = settings.webhook_seconds, settings.webhook_timeout_seconds
        self._lease = timedelta(seconds=self._timeout) + LEASE_MARGIN
        self._guard, self._send = guard, send
        self._due, self._shares, self._breaker = Due(store), Shares(), Breaker(self._timeout)
        self._recovered, self._observed = False, 0.0

    def _begin_recovery(self) -> None:
        if not self._recovered and "recovery" not in self.in_hand:
            self.begin("recovery", self._recover)

    def _recover(self) -> None:
        self._due.recover(self.stopping.is_set)
        self._recovered = True

    def _dispatch(self) -> None:
        limit = len(self.in_hand) + LOOK
        found = self._due.endpoints(limit, without=self._shares.full())
        begun = False
        for endpoint in self._shares.in_turn(one for one in found if one.id not in self.in_hand):
            if self.stopping.is_set():
                return
            self._shares.begin(endpoint.member_id)
            self.begin(endpoint.id, self._turn, endpoint)
            begun = True
        if begun:
            self.wake()  # Behind those of members that are served now there may be others.

    def _observe(self) -> None:
        if time.monotonic() < self._observed + OBSERVED_SECONDS:
            return
        self._observed = time.monotonic()
        due = self._due.endpoints(len(self.in_hand) + 1)
        metrics.webhook_oldest_due.labels("notify").set(
            _waited([endpoint for endpoint in due if endpoint.id not in self.in_hand])
        )
        unserved = self._due.endpoints(1, without=self._shares.members())
        metrics.webhook_oldest_unserved.labels("notify").set(_waited(unserved))
        metrics.webhook_turns.labels("notify").set(self._shares.turns)
        metrics.webhook_silent_hosts.labels("notify").set(self._breaker.open)

    def _turn(self, endpoint: Endpoint) -> None:
        try:
            if endpoint.state == "enabled":
                not_before = self._send_due(endpoint)
            else:
                not_before = LONG_AGO
                self._close(endpoint)
            self._due.settle(endpoint.id, not_before=not_before)
        finally:
            self._shares.end(endpoint.member_id)

    def _send_due(self, endpoint: Endpoint) -> datetime:
        """Send what is due to it; the date before which it shall not be called again."""
        for delivery in self._due.deliveries(endpoint.id, TURN):
            if self.stopping.is_set():
                break
            wait = self._breaker.wait(endpoint)
            if wait:
                self._expire(endpoint)
                return now() + timedelta(seconds=wait)
            if not self._deliver(delivery):
                break
        return LONG_AGO

    def _close(self, endpoint: Endpoint) -> None:
        """Give up what is due to a disabled endpoint, and all that waits for a deleted one."""
        find = self._due.pending if endpoint.state == "deleted" else self._due.deliveries
        while not self.stopping.is_set() and (found := find(endpoint.id, TURN)):
            for delivery in found:
                self._deliveries.change(delivery.id, WebhookDelivery.close)

    def _expire(self, endpoint: Endpoint) -> None:
        for delivery in self._due.deliveries(endpoint.id, TURN):
            if delivery.is_over(self._waits):
                self._deliveries.change(delivery.id, WebhookDelivery.expire)
                metrics.webhook_attempts.labels("notify", "abandoned").inc()
                self._endpoints.change(endpoint.id, lambda found: found.note_end(delivered=False))

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
        at, began = now(), time.monotonic()
        answer, error = self._call(endpoint, delivery, at)
        return Attempt(
            at=at,
            status=answer.status if answer else None,
            error=error,
            seconds=round(time.monotonic() - began, 3),
            retry_after=answer.retry_after if answer else None,
        )

    def _call(
        self, endpoint: Endpoint, delivery: WebhookDelivery, at: datetime
    ) -> tuple[Answer | None, str]:
        """The answer, or in French why there is none."""
        limit, body = TimeLimit(self._timeout), delivery.body.encode()
        try:
            headers = {**_HEADERS, **sign(endpoint.secret, delivery.id, at, body)}
            target = self._guard.target(endpoint.url, limit, endpoint.member_id)
            answer = self._send(target, headers, body, limit)
        except (Unresolved, CallFailed) as failure:
            self._breaker.note_silence(endpoint)
            return None, _reason(failure)
        except Invalid as refused:
            return None, f"adresse refusée : {refused.args[0]}"
        except Exception:
            # Noted too: what is not would be sent again and again, and never be abandoned.
            log.exception("a delivery failed for a reason of ours")
            return None, "erreur interne de l'expéditeur"
        self._breaker.note_answer(endpoint)
        return answer, ""

    def _note(self, delivery_id: str, attempt: Attempt) -> WebhookDelivery:
        wait = stretch()
        return save_attempt(
            self._deliveries,
            delivery_id,
            lambda found: found.note(attempt, self._waits, wait),
            self._lease,
            self.stopping,
        )

    def _judge(self, endpoint: Endpoint, attempt: Attempt, noted: WebhookDelivery) -> None:
        succeeded, abandoned = attempt.succeeded, noted.state == "abandoned"
        if attempt.gone:
            self._endpoints.change(endpoint.id, lambda found: found.disable(_GONE))
        elif (
            abandoned or endpoint.failing == succeeded or (succeeded and endpoint.abandoned_in_row)
        ):
            self._endpoints.change(
                endpoint.id,
                lambda found: found.note_call(succeeded=succeeded, abandoned=abandoned),
            )


def _reason(failure: Unresolved | CallFailed) -> str:
    if isinstance(failure, SilentNames):
        return "le serveur de noms ne répond pas"
    return "nom de domaine introuvable" if isinstance(failure, Unresolved) else str(failure)


def _waited(due: list[Endpoint]) -> float:
    return max(((now() - endpoint.due_at).total_seconds() for endpoint in due), default=0)
