"""The timeline's entries, and who the things belong to that events are about."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any, ClassVar, Self

from pydantic import AwareDatetime, computed_field

from shared.aggregate import NEVER, Aggregate
from shared.events import Envelope, Event, Frozen, unwrap

# The fields by which events name members, and the things that belong to one.
_MEMBERS = ("holder_id", "owner_id", "member_id")
_THINGS = ("project_id", "dataset_id", "endpoint_id")
_OWNERSHIP = {"project_id": "holder_id", "dataset_id": "owner_id"}


class MemberNews(Frozen):
    """That an event is news for the persons of a member: of which kind, and where it leads to."""

    member_id: str
    kind: str
    page: str


class TimelineEntry(Aggregate):
    """One event in the timeline of its project (or of its subject, when it has no project).

    The id sorts by time, then sequence, so that pages by id are in the timeline's order.
    `waits_for` names a project or dataset that it is not known yet who it belongs to. `news` says
    whose news it is, of those that are known.
    """

    collection: ClassVar[str] = "entries"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("correlation", "event_id", "waits_for", "told")

    event_id: str
    correlation: str
    subject: str
    topic: str
    at: AwareDatetime
    sequence: int
    summary: str
    body: str
    waits_for: str = ""
    news: tuple[MemberNews, ...] = ()
    for_staff: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def told(self) -> tuple[str, ...]:
        """The members whose news it is."""
        return tuple(member_news.member_id for member_news in self.news)

    @property
    def event(self) -> Event:
        """What happened."""
        return unwrap(self.body.encode()).data

    @property
    def data(self) -> dict[str, Any]:
        """The same as JSON."""
        return self.event.model_dump(mode="json")

    @classmethod
    def of(
        cls,
        envelope: Envelope[Event],
        summary: str,
        waits_for: str,
        news: tuple[MemberNews, ...] = (),
    ) -> Self:
        """Return the entry of an event; a redelivered event gives the same one."""
        at = envelope.time.astimezone(UTC)
        public_envelope = envelope.model_copy(update={"data": envelope.data.public})
        return cls(
            id=f"{at:%Y%m%dT%H%M%S%fZ}-{envelope.sequence:06}-{envelope.id}",
            event_id=envelope.id,
            correlation=envelope.correlationid,
            subject=envelope.subject,
            topic=envelope.type,
            at=at,
            sequence=envelope.sequence,
            summary=summary,
            body=public_envelope.model_dump_json(serialize_as_any=True),
            waits_for=waits_for,
            news=news,
            for_staff=envelope.data.for_staff,
        )

    def copies(self) -> Iterator[Self]:
        """The same entry in the timeline of each project that the event is tied to."""
        for project_id in _tied_to(self.event):
            # News are told once: by the entry itself.
            own = {"id": f"{self.id}-{project_id}", "correlation": project_id}
            changed = {**own, "waits_for": "", "news": ()}
            yield self.model_copy(update=changed)


class Ownership(Aggregate):
    """Which member a project (its holder) or a dataset (its owner) belongs to; id: that thing's.

    `ended_at` is when a project ended, once it was looked for.
    """

    collection: ClassVar[str] = "belongings"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("member_id",)

    member_id: str
    ended_at: AwareDatetime = NEVER


def _named(event: Event, fields: tuple[str, ...]) -> tuple[str, ...]:
    values = (getattr(event, field, None) for field in fields)
    return tuple(value for value in values if value)


def _tied_to(event: Event) -> tuple[str, ...]:
    """The projects whose timelines have an event that is about none of them alone."""
    return getattr(event, "project_ids", ())


def members_of(event: Event) -> frozenset[str]:
    """The members that the event names itself as concerned."""
    return frozenset((*_named(event, _MEMBERS), *getattr(event, "member_ids", ())))


def things_of(event: Event) -> tuple[str, ...]:
    """The projects, dataset and endpoint of the event: who they belong to is concerned."""
    return (*_named(event, _THINGS), *_tied_to(event))


def ownership_of(event: Event) -> dict[str, str]:
    """What the event tells about who things belong to: project or dataset id -> member id."""
    pairs = ((_named(event, (thing,)), _named(event, (who,))) for thing, who in _OWNERSHIP.items())
    return {thing[0]: member[0] for thing, member in pairs if thing and member}
