"""An aggregate: one document that changes as a whole and records its events; views of it."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import NAMESPACE_URL, uuid5

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PrivateAttr
from ulid import ULID

from shared.events.envelope import wrap
from shared.events.event import Event

HANDLED_KEPT = 500
"""How many incoming event ids a document remembers: a redelivery comes within minutes."""

LONG_AGO = datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC)
"""Before anything here happened."""

NEVER = datetime(9999, 1, 1, microsecond=1000, tzinfo=UTC)
"""A date instead of null: not every MongoDB-compatible server can query null (see shared.store)."""

OptionalDate = Annotated[
    AwareDatetime | None, BeforeValidator(lambda date: None if date == NEVER else date)
]
"""A document's date as callers are shown it: null in place of NEVER."""


def new_id(prefix: str) -> str:
    """A new identifier, sortable by creation: `prj_01J...` (a ULID after the prefix)."""
    return f"{prefix}_{ULID()}"


def caused_id(prefix: str, cause: str, time: datetime | None = None) -> str:
    """The identifier of what the event `cause` creates, the same however often it is delivered.

    Sorts by the cause's `time`; without one, such identifiers stand in no order.
    """
    unique = uuid5(NAMESPACE_URL, f"{prefix}:{cause}").bytes
    if time is not None:
        unique = int(time.timestamp() * 1000).to_bytes(6, "big") + unique[:10]
    return f"{prefix}_{ULID.from_bytes(unique)}"


def now() -> datetime:
    """The time in UTC as documents keep it: whole milliseconds, no whole second (shared.store)."""
    time = datetime.now(UTC)
    return time.replace(microsecond=max(time.microsecond // 1000, 1) * 1000)


class Aggregate(BaseModel):
    """State, version, outgoing events and handled events of one thing, saved in one write.

    Subclasses name their `collection` and the fields that queries use in `indexes`; their methods
    check the rules, change the state and `record` what happened. Of those that say that they have
    no events the relay never asks what is left to publish.
    """

    model_config = ConfigDict(extra="ignore", use_enum_values=True)

    collection: ClassVar[str]
    indexes: ClassVar[tuple[str, ...]] = ()
    has_events: ClassVar[bool] = True

    id: str
    version: int = 0
    outbox: list[dict[str, Any]] = []
    handled: list[str] = []
    _recorded: list[Event] = PrivateAttr(default_factory=list)

    def record(self, event: Event) -> None:
        """Keep `event` to be published once this document is saved."""
        if not self.has_events:
            raise TypeError(f"{type(self).__name__} says that it has no events")
        self._recorded.append(event)

    def recorded(self) -> list[Event]:
        """The events recorded since the last save, oldest first."""
        return list(self._recorded)

    def has_handled(self, event_id: str) -> bool:
        """Whether the event of that id already changed this document."""
        return event_id in self.handled

    def sealed(self, *, time: datetime, traceparent: str, because: str | None) -> Self:
        """A copy to be saved as the next version, with its recorded events in the outbox."""
        version = self.version + 1
        of_this = partial(
            wrap, subject=self.id, sequence=version, time=time, traceparent=traceparent
        )
        wrapped = [of_this(event, number=number) for number, event in enumerate(self._recorded)]
        handled = [*self.handled, because] if because else self.handled
        sealed = self.model_copy(
            update={
                "version": version,
                "outbox": [*self.outbox, *wrapped],
                "handled": handled[-HANDLED_KEPT:],
            }
        )
        sealed._recorded = []  # noqa: SLF001 - the copy's own, which `update` does not reach
        return sealed


class Followed(Aggregate):
    """An aggregate that indexes in memory follow: by `changed_at` they find what is new to them.

    It is among the `indexes` of each subclass.
    """

    changed_at: datetime = LONG_AGO


class View(BaseModel):
    """Made from an aggregate's attributes: what is not named here is not shown."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, aggregate: Aggregate) -> Self:
        """The view of an aggregate."""
        return cls.model_validate(aggregate)


V = TypeVar("V", bound=BaseModel)


class ViewPage(BaseModel, Generic[V]):
    """A page of views; `next` is the cursor of the following one, null on the last."""

    items: list[V]
    next: str | None

    @classmethod
    def of(cls, page: tuple[list[Any], str | None]) -> Self:
        """The page of these aggregates, as the store gives them with their cursor."""
        aggregates, cursor = page
        return cls.model_validate({"items": aggregates, "next": cursor})
