"""Documents that the store's tests save, and what other processes do to them."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import AwareDatetime, BaseModel

from shared.aggregate import NEVER, Aggregate, now
from shared.events import Envelope, ProjectStaffed, WorkspaceOpened
from shared.store import Store
from tests.events import enveloped

InProcesses = Callable[..., list[Future[Any]]]
NO_TIME = timedelta(0)


class Inner(BaseModel):
    """A value within a document."""

    label: str
    amount: float
    parts: tuple[int, ...] = ()
    seen: AwareDatetime | None = None


class Thing(Aggregate):
    """A document with one of everything that documents hold."""

    collection = "things"
    indexes = ("state", "due", "names")

    state: str = "new"
    count: int = 0
    due: datetime = NEVER
    names: list[str] = []
    inner: Inner | None = None
    by_name: dict[str, Inner] = {}
    free: dict[str, Any] = {}

    def tell(self, number: int = 0) -> None:
        """Count, and record an event about it."""
        self.count += 1
        self.record(ProjectStaffed(project_id=self.id, holder_id="mbr_1", team=(str(number),)))


class Other(Aggregate):
    """A document of another class in the same database."""

    collection = "others"


def untold(identifier: str, times: int = 1) -> Thing:
    """A new thing with events to publish."""
    thing = Thing(id=identifier)
    for _ in range(times):
        thing.tell()
    return thing


def event_ids(document: dict[str, Any]) -> list[str]:
    """The ids in a document's outbox."""
    return [event["id"] for event in document["outbox"]]


def cause(identifier: str) -> Envelope[WorkspaceOpened]:
    """An event that changes things; only its id counts here."""
    opened = enveloped(WorkspaceOpened(project_id="prj_1", quota_seconds=1), "prj_1")
    return opened.model_copy(update={"id": identifier})


def count_up(uri: str, database: str, identifier: str, times: int) -> int:
    """What one process does: change a document `times` times; the changes that were saved."""
    store = Store(uri, database)
    for number in range(times):
        store.of(Thing).change(identifier, partial(Thing.tell, number=number))
    store.close()
    return times


def handle_once(uri: str, database: str, identifier: str, events: list[str]) -> None:
    """What one process does: handle events that others are handling too."""
    store = Store(uri, database)
    for event in events:
        store.of(Thing).change(identifier, Thing.tell, because=cause(event))
    store.close()


def lease_due(uri: str, database: str, state: str) -> list[str]:
    """What one process does: lease every thing it finds due; those it got."""
    store = Store(uri, database)
    due = store.of(Thing).find({"state": state, "due": {"$lte": now()}})
    leased = [store.of(Thing).lease(thing, "due", timedelta(minutes=1)) for thing in due]
    store.close()
    return [thing.id for thing in leased if thing is not None]
