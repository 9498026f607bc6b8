"""Webhook endpoints, and the deliveries of events to them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import ClassVar, Literal

from pydantic import AwareDatetime, computed_field

from shared.aggregate import LONG_AGO, NEVER, Aggregate, caused_id, now
from shared.events import REGISTRY, DeliveryAbandoned, EndpointDisabled, Frozen

ABANDONED_IN_ROW = 5
"""Deliveries abandoned one after the other before their endpoint is disabled."""

ATTEMPTS_KEPT = 100
"""Attempts that a delivery remembers: replays could make it grow for ever."""

JITTER = 0.1
"""What waits are stretched or shortened by at most."""

RETRY_AFTER_CAP = 86_400.0
"""Seconds: an endpoint may ask to be left alone for a day, not for a year."""


class Endpoint(Aggregate):
    """A partner's address for webhooks, and which events it is told of.

    `sees_all` is set for an operator's endpoint: it is told of everyone's events, any other only
    of its member's own. A deleted endpoint stays as a stub: its deliveries refer to it.
    `due_at` is never later than the first of its deliveries is due, unless it shall not be called
    then (`not_before`), and NEVER when none waits; a document from before there was such a date is
    found by its deliveries when a sender starts.
    `failing` says that the last call did not end well, and nobody asked for another since.
    """

    collection: ClassVar[str] = "endpoints"
    indexes: ClassVar[tuple[str, ...]] = ("member_id", "state", "sees_all", "waiting", "due_at")

    member_id: str
    url: str
    event_types: tuple[str, ...]
    description: str = ""
    secret: str
    sees_all: bool = False
    state: Literal["enabled", "disabled", "deleted"] = "enabled"
    reason: str = ""
    abandoned_in_row: int = 0
    failing: bool = False
    due_at: AwareDatetime = NEVER
    not_before: AwareDatetime = LONG_AGO
    created_at: AwareDatetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waiting(self) -> bool:
        """Whether deliveries wait for it: the others are no concern of a sender."""
        return self.due_at != NEVER

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for it, and it may be called as soon as something does."""
        return not self.waiting and self.not_before <= now()

    def expect(self, at: datetime) -> None:
        """A delivery is due then."""
        self.due_at = min(self.due_at, max(at, self.not_before))

    def call_again(self) -> None:
        """Call it now, if anything waits, though it may have failed: somebody asks for it."""
        self.failing, self.not_before = False, LONG_AGO
        if self.waiting:
            self.expect(now())

    def wants(self, topic: str) -> bool:
        """Whether one of its patterns fits this event."""
        return any(fnmatchcase(topic, pattern) for pattern in self.event_types)

    def change(
        self,
        *,
        url: str | None = None,
        event_types: Sequence[str] | None = None,
        description: str | None = None,
        state: Literal["enabled", "disabled"] | None = None,
    ) -> None:
        """Change what is given."""
        self.url = self.url if url is None else url
        self.description = self.description if description is None else description
        self.event_types = self.event_types if event_types is None else tuple(event_types)
        if url is not None or state == "enabled":
            self.call_again()
        if state == "enabled":
            self.state, self.reason, self.abandoned_in_row = "enabled", "", 0
        elif state == "disabled":
            self.disable("désactivé à la demande de son propriétaire")

    def disable(self, reason: str) -> None:
        """Send nothing more; `reason` is French, the partner reads it."""
        if self.state != "enabled":
            return
        self.state, self.reason = "disabled", reason
        self.record(EndpointDisabled(endpoint_id=self.id, member_id=self.member_id, reason=reason))

    def delete(self) -> None:
        """Leave a stub without secret and address; its deliveries are closed at once."""
        self.state, self.secret, self.url, self.description = "deleted", "", "", ""
        self.due_at = now()

    def note_call(self, *, succeeded: bool, abandoned: bool) -> None:
        """It was called, and the delivery with that came to an end or not."""
        self.failing = not succeeded
        if succeeded or abandoned:
            self.note_end(delivered=succeeded)

    def note_end(self, *, delivered: bool) -> None:
        """A delivery ended; after a few abandoned in a row nothing more is sent."""
        self.abandoned_in_row = 0 if delivered else self.abandoned_in_row + 1
        if self.abandoned_in_row >= ABANDONED_IN_ROW:
            self.disable(f"{self.abandoned_in_row} envois abandonnés de suite")


class Attempt(Frozen):
    """One call of an endpoint: its HTTP status, or the error (French) when there was none."""

    at: AwareDatetime
    status: int | None = None
    error: str = ""
    seconds: float = 0
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint answered 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def gone(self) -> bool:
        """Whether the endpoint asked never to be called again."""
        return self.status == 410  # noqa: PLR2004

    @property
    def outcome(self) -> str:
        """What went wrong, in French."""
        return self.error or f"réponse HTTP {self.status}"


def delivery_id(event_id: str, endpoint_id: str, time: datetime) -> str:
    """The one id of this event's delivery to this endpoint, sortable by the event's time."""
    return caused_id("dlv", f"{event_id}>{endpoint_id}", time)


class WebhookDelivery(Aggregate):
    """One event on its way to one endpoint; its id is the `webhook-id` of every attempt.

    `tries` counts the attempts since the delivery was created or replayed: a replay has the whole
    schedule before it. `next_attempt_at` is NEVER when there is nothing left to do.
    """

    collection: ClassVar[str] = "deliveries"
    indexes: ClassVar[tuple[str, ...]] = ("endpoint_id", "lane", "next_attempt_at")

    endpoint_id: str
    event_id: str
    topic: str
    body: str
    state: Literal["pending", "delivered", "abandoned"] = "pending"
    next_attempt_at: AwareDatetime
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lane(self) -> str:
        """The endpoint it waits for, in one indexed field; empty when there is nothing to do."""
        return self.endpoint_id if self.state == "pending" else ""

    def note(self, attempt: Attempt, waits: Sequence[float], stretch: float) -> None:
        """Record an attempt, once, and decide what is next.

        `waits` are the seconds between attempts; `stretch` (near 1) spreads them, so that what
        failed together does not come back together.
        """
        if attempt in self.attempts:
            return
        self.attempts = (*self.attempts, attempt)[-ATTEMPTS_KEPT:]
        self.tries += 1
        if self.state == "delivered":
            return  # Another worker, whose lease had run out, was faster.
        if attempt.succeeded:
            self.state, self.next_attempt_at = "delivered", NEVER
        elif attempt.gone or self.tries > len(waits):
            self._abandon(attempt.outcome)
        else:
            wait = waits[self.tries - 1] * stretch
            asked = min(attempt.retry_after or 0, RETRY_AFTER_CAP)
            self.next_attempt_at = now() + timedelta(seconds=max(wait, asked))

    def is_over(self, waits: Sequence[float]) -> bool:
        """Whether all its attempts would be over by now.

        What is not called, since its host is known not to answer, keeps its attempts but lives no
        longer than they would take.
        """
        first = self.attempts[-self.tries].at if 0 < self.tries <= len(self.attempts) else None
        lives = timedelta(seconds=sum(waits) * (1 + JITTER))
        return now() > (first or self.next_attempt_at) + lives

    def expire(self) -> None:
        """Give it up without another attempt: its host does not answer."""
        if self.state == "pending":
            self._abandon("le serveur ne répond plus")

    def _abandon(self, error: str) -> None:
        self.close()
        # News about webhooks that fails to arrive is no news: two dead endpoints that listen
        # to each other's failures would never come to rest.
        if REGISTRY[self.topic].source != "notify":
            self.record(
                DeliveryAbandoned(
                    delivery_id=self.id,
                    endpoint_id=self.endpoint_id,
                    event_id=self.event_id,
                    attempts=self.tries,
                    last_error=error,
                )
            )

    def empty(self) -> None:
        """Keep that it was sent, not what."""
        self.body = ""

    def close(self) -> None:
        """Give up without another word: the endpoint is disabled or deleted."""
        self.state, self.next_attempt_at = "abandoned", NEVER

    def replay(self) -> None:
        """Send it again now, with the whole schedule before it and the same id."""
        self.state, self.next_attempt_at, self.tries = "pending", now(), 0
