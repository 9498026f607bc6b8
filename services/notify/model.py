"""What notify keeps: endpoints, deliveries, the timeline's entries and who things belong to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, computed_field

from shared.aggregate import NEVER, Aggregate, caused_id, now
from shared.events import (
    REGISTRY,
    DeliveryAbandoned,
    EndpointDisabled,
    Envelope,
    Event,
    Frozen,
    unwrap,
)

ABANDONED_IN_ROW = 5
"""Deliveries abandoned one after the other before their endpoint is disabled."""

ATTEMPTS_KEPT = 100
"""Attempts that a delivery remembers: replays could make it grow for ever."""

RETRY_AFTER_CAP = 86_400.0
"""Seconds: an endpoint may ask to be left alone for a day, not for a year."""

# The fields by which events name members, and the things that belong to one.
_MEMBERS = ("holder_id", "owner_id", "member_id")
_THINGS = ("project_id", "dataset_id", "endpoint_id")
_OWNERSHIP = {"project_id": "holder_id", "dataset_id": "owner_id"}


class Endpoint(Aggregate):
    """A partner's address for webhooks, and which events it is told of.

    `sees_all` is set for an operator's endpoint: it is told of everyone's events, any other only
    of its member's own. A deleted endpoint stays as a stub: its deliveries refer to it.
    """

    collection: ClassVar[str] = "endpoints"
    indexes: ClassVar[tuple[str, ...]] = ("member_id", "state")

    member_id: str
    url: str
    event_types: tuple[str, ...]
    description: str = ""
    secret: str
    sees_all: bool = False
    state: Literal["enabled", "disabled", "deleted"] = "enabled"
    reason: str = ""
    abandoned_in_row: int = 0
    created_at: AwareDatetime

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
        """Leave a stub without secret and address."""
        self.state, self.secret, self.url, self.description = "deleted", "", "", ""

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
            self._abandon(attempt)
        else:
            wait = waits[self.tries - 1] * stretch
            asked = min(attempt.retry_after or 0, RETRY_AFTER_CAP)
            self.next_attempt_at = now() + timedelta(seconds=max(wait, asked))

    def _abandon(self, attempt: Attempt) -> None:
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
                    last_error=attempt.outcome,
                )
            )

    def close(self) -> None:
        """Give up without another word: the endpoint is disabled or deleted."""
        self.state, self.next_attempt_at = "abandoned", NEVER

    def replay(self) -> None:
        """Send it again now, with the whole schedule before it and the same id."""
        self.state, self.next_attempt_at, self.tries = "pending", now(), 0


class TimelineEntry(Aggregate):
    """One event in the timeline of its project (or of its subject, when it has no project).

    The id sorts by time, then sequence, so that pages by id are in the timeline's order.
    `waits_for` names a project or dataset that it is not known yet who it belongs to.
    """

    collection: ClassVar[str] = "entries"
    indexes: ClassVar[tuple[str, ...]] = ("correlation", "event_id", "waits_for")

    event_id: str
    correlation: str
    subject: str
    topic: str
    at: AwareDatetime
    sequence: int
    summary: str
    body: str
    waits_for: str = ""

    @property
    def event(self) -> Event:
        """What happened."""
        return unwrap(self.body.encode()).data

    @property
    def data(self) -> dict[str, Any]:
        """The same as JSON."""
        return self.event.model_dump(mode="json")

    @classmethod
    def of(cls, envelope: Envelope[Event], summary: str, waits_for: str) -> Self:
        """The entry of an event, the same at every redelivery."""
        at = envelope.time.astimezone(UTC)
        return cls(
            id=f"{at:%Y%m%dT%H%M%S%fZ}-{envelope.sequence:06}-{envelope.id}",
            event_id=envelope.id,
            correlation=envelope.correlationid,
            subject=envelope.subject,
            topic=envelope.type,
            at=at,
            sequence=envelope.sequence,
            summary=summary,
            body=envelope.model_dump_json(serialize_as_any=True),
            waits_for=waits_for,
        )


class Ownership(Aggregate):
    """Which member a project (its holder) or a dataset (its owner) belongs to; id: that thing's."""

    collection: ClassVar[str] = "belongings"
    indexes: ClassVar[tuple[str, ...]] = ("member_id",)

    member_id: str


def _named(event: Event, fields: tuple[str, ...]) -> tuple[str, ...]:
    values = (getattr(event, field, None) for field in fields)
    return tuple(value for value in values if value)


def members_of(event: Event) -> frozenset[str]:
    """The members that the event names itself as concerned."""
    return frozenset((*_named(event, _MEMBERS), *getattr(event, "member_ids", ())))


def things_of(event: Event) -> tuple[str, ...]:
    """The project, dataset and endpoint of the event: who they belong to is concerned."""
    return _named(event, _THINGS)


def ownership_of(event: Event) -> dict[str, str]:
    """What the event tells about who things belong to: project or dataset id -> member id."""
    pairs = ((_named(event, (thing,)), _named(event, (who,))) for thing, who in _OWNERSHIP.items())
    return {thing[0]: member[0] for thing, member in pairs if thing and member}
