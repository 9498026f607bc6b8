"""Sends what is due: one endpoint's deliveries one by one, all endpoints side by side.

A delivery is leased before it is sent, so that two processes do not send it at once, and a crash
lets the lease run out: it is sent again, under the same `webhook-id` (at least once).
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from services.notify import metrics
from services.notify.attempts import save_attempt, stretch
from services.notify.model import Attempt, Endpoint, WebhookDelivery
from services.notify.sending.breaker import Breaker
from services.notify.sending.due import Due
from services.notify.sending.shares import Shares
from services.notify.sending.signing import sign
from shared.aggregate import LONG_AGO, NEVER, now
from shared.background import Loop
from shared.errors import Invalid
from shared.outbound import (
    Answer,
    CallFailed,
    CheckedTarget,
    SilentNames,
    SsrfGuard,
    TimeLimit,
    Unresolved,
    post,
)
from shared.settings import Settings
from shared.store import Store

_LOOK = 300
"""Due endpoints that are looked at, beside those that have their turn."""

TURN = 20
"""Deliveries sent to an endpoint before others get their turn."""

_IDLE_SECONDS = 0.5
"""How often a process looks for what has become due, beside what it knows of."""

_OBSERVED_SECONDS = 1.0
"""How often the metrics are renewed at most."""

_FRESH_SECONDS = 0.2
"""How old what is known of an endpoint may be when it is called: to look up its name takes longer.

Its owner may have disabled or changed it since.
"""

_LEASE_MARGIN = timedelta(seconds=5)

_GONE = "le serveur a répondu 410 (Gone) : il ne veut plus rien recevoir"
_HEADERS = {
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": "datalab-notify/1",
}

log = logging.getLogger(__name__)


Post = Callable[[CheckedTarget, Mapping[str, str], bytes, TimeLimit], Answer]


class Sender(Loop):
    """Sends due deliveries until stopped, and then lets the calls in hand end."""

    def __init__(
        self, store: Store, settings: Settings, guard: SsrfGuard, send: Post = post
    ) -> None:
        super().__init__(_IDLE_SECONDS, self._begin_recovery, self._dispatch, self._observe)
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)
        self._waits, self._timeout = settings.webhook_seconds, settings.webhook_timeout_seconds
        self._lease = timedelta(seconds=self._timeout) + _LEASE_MARGIN
        self._guard, self._send = guard, send
        self._due, self._shares, self._breaker = Due(store), Shares(), Breaker(self._timeout)
        self._recovered, self._observed = False, 0.0
        self._known_due: dict[str, Endpoint] = {}
        self._look_at = 0.0

    def wake(self) -> None:
        """Look now for what is due."""
        self._look_at = 0.0
        super().wake()

    def serve(self, due: Iterable[Endpoint]) -> None:
        """Call these endpoints, as they are saved now or claimed, without looking for them."""
        self._known_due.update({endpoint.id: endpoint for endpoint in due})
        super().wake()

    def _begin_recovery(self) -> None:
        if not self._recovered and "recovery" not in self.in_hand:
            self.begin("recovery", self._recover)

    def _recover(self) -> None:
        self._due.recover(self.stopping.is_set)
        self._recovered = True

    def _dispatch(self) -> None:
        due_endpoints = list(self._known_due.values())
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _IDLE_SECONDS
            due_endpoints = self._due.endpoints(
                len(self.in_hand) + _LOOK, without=self._shares.full()
            )
        begun = False
        for endpoint in self._shares.in_turn(
            due_endpoint for due_endpoint in due_endpoints if due_endpoint.id not in self.in_hand
        ):
            if self.stopping.is_set():
                return
            self._known_due.pop(endpoint.id, None)
            self._shares.begin(endpoint.member_id)
            self.begin(endpoint.id, self._turn, endpoint)
            begun = True
        if begun and len(due_endpoints) >= _LOOK:
            self.wake()  # Behind those of members that are served now there may be others.

    def _observe(self) -> None:
        if time.monotonic() < self._observed + _OBSERVED_SECONDS:
            return
        self._observed = time.monotonic()
        due = self._due.endpoints(len(self.in_hand) + 1)
        metrics.webhook_oldest_due.labels("notify").set(
            _waited([endpoint for endpoint in due if endpoint.id not in self.in_hand])
        )
        unserved = self._due.endpoints(1, without=self._shares.members()) if due else []
        metrics.webhook_oldest_unserved.labels("notify").set(_waited(unserved))
        metrics.webhook_turns.labels("notify").set(self._shares.turns)
        metrics.webhook_silent_hosts.labels("notify").set(self._breaker.open)

    def _turn(self, endpoint: Endpoint) -> None:
        try:
            # What was idle was claimed by who added a delivery, unless that is too long ago.
            claimed = endpoint if endpoint.due_at > now() else self._due.claim(endpoint)
            if claimed is None:
                return
            if claimed.state == "enabled":
                next_at, not_before = self._send_due(claimed)
            else:
                next_at, not_before = self._close(claimed), LONG_AGO
            settled = self._due.settle(claimed, next_at, not_before=not_before)
            if settled.due_at <= now():
                self._known_due[settled.id] = settled
        finally:
            if endpoint.member_id in self._shares.full():
                self._look_at = 0.0  # Others of this member wait for it to end.
            self._shares.end(endpoint.member_id)

    def _send_due(self, endpoint: Endpoint) -> tuple[datetime, datetime]:
        """Send what is due to it; when the next is, and before when it shall not be called."""
        waiting, read_at = self._due.pending(endpoint.id, TURN), time.monotonic()
        dates = [delivery.next_attempt_at for delivery in waiting]
        # Behind a full turn there may be more, due no sooner than its last.
        behind, not_before = dates[-1] if len(waiting) == TURN else NEVER, LONG_AGO
        for place, delivery in enumerate(waiting):
            if time.monotonic() > read_at + _FRESH_SECONDS:
                endpoint, read_at = self._endpoints.get(endpoint.id), time.monotonic()
            is_due = delivery.next_attempt_at <= now()
            if self.stopping.is_set() or endpoint.state != "enabled" or not is_due:
                break
            if wait := self._breaker.wait(endpoint):
                self._expire(endpoint)
                not_before = now() + timedelta(seconds=wait)
                break
            noted, endpoint = self._deliver(endpoint, delivery)
            dates[place] = noted.next_attempt_at
            if endpoint.failing:
                break
        return min([*dates, behind]), not_before

    def _close(self, endpoint: Endpoint) -> datetime:
        """Abandon the due deliveries of a disabled endpoint, and all those of a deleted one.

        Returns when the next one is due.
        """
        find = self._due.pending if endpoint.state == "deleted" else self._due.deliveries
        while not self.stopping.is_set() and (deliveries := find(endpoint.id, TURN)):
            for delivery in deliveries:
                self._deliveries.change(delivery.id, WebhookDelivery.close)
        return self._due.next_at(endpoint.id)

    def _expire(self, endpoint: Endpoint) -> None:
        for delivery in self._due.deliveries(endpoint.id, TURN):
            if delivery.is_over(self._waits):
                self._deliveries.change(delivery.id, WebhookDelivery.expire)
                metrics.webhook_attempts.labels("notify", "abandoned").inc()
                self._endpoints.change(
                    endpoint.id, lambda saved_endpoint: saved_endpoint.note_end(delivered=False)
                )

    def _deliver(
        self, endpoint: Endpoint, delivery: WebhookDelivery
    ) -> tuple[WebhookDelivery, Endpoint]:
        """Send one delivery; it and the endpoint as they are after that."""
        leased = self._deliveries.lease(delivery, "next_attempt_at", self._lease)
        if leased is None:
            return delivery, endpoint
        attempt = self._attempt(endpoint, leased)
        noted = self._note(leased, attempt)
        outcome = "failed" if noted.state == "pending" else noted.state
        metrics.webhook_attempts.labels("notify", outcome).inc()
        return noted, self._judge(endpoint, attempt, noted)

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

    def _note(self, leased: WebhookDelivery, attempt: Attempt) -> WebhookDelivery:
        wait = stretch()
        return save_attempt(
            self._deliveries,
            leased,
            lambda saved_delivery: saved_delivery.note(attempt, self._waits, wait),
            self._lease,
            self.stopping,
        )

    def _judge(self, endpoint: Endpoint, attempt: Attempt, noted: WebhookDelivery) -> Endpoint:
        succeeded, abandoned = attempt.succeeded, noted.state == "abandoned"
        if attempt.gone:
            return self._endpoints.change(
                endpoint.id, lambda saved_endpoint: saved_endpoint.disable(_GONE)
            )
        if abandoned or endpoint.failing == succeeded or (succeeded and endpoint.abandoned_in_row):
            return self._endpoints.change(
                endpoint.id,
                lambda saved_endpoint: saved_endpoint.note_call(
                    succeeded=succeeded, abandoned=abandoned
                ),
            )
        return endpoint


def _reason(failure: Unresolved | CallFailed) -> str:
    if isinstance(failure, SilentNames):
        return "le serveur de noms ne répond pas"
    return "nom de domaine introuvable" if isinstance(failure, Unresolved) else str(failure)


def _waited(due: list[Endpoint]) -> float:
    return max(((now() - endpoint.due_at).total_seconds() for endpoint in due), default=0)
