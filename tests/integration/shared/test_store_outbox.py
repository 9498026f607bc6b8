"""What is to be published stays until it is confirmed, whatever happens meanwhile."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from shared.aggregate import Aggregate
from shared.errors import Conflict
from shared.events import ProjectEquipped, Step, Treatment
from shared.store import PAGE_LIMIT, Document, Repository, Store
from tests.integration.shared.samples import (
    NO_TIME,
    InProcesses,
    Thing,
    count_up,
    event_ids,
    untold,
)


def waiting(store: Store, age: timedelta = NO_TIME) -> dict[str, Document]:
    """Documents with unpublished events, by id."""
    return {document["_id"]: document for document in store.unpublished(Thing, age)}


def test_saving_tells_of_what_is_to_be_published(
    things: Repository[Thing], saved: list[tuple[type[Aggregate], Document]], identifier: str
) -> None:
    """The relay need not look for it; a save without events, or in vain, is not told of."""
    quiet = things.save(Thing(id=f"{identifier}-quiet"))
    things.change(quiet.id, lambda thing: setattr(thing, "state", "new"))
    quiet.tell()
    with pytest.raises(Conflict):
        things.save(quiet)
    things.save(untold(identifier))
    saved_by_id = {document["_id"]: (cls, document) for cls, document in saved}
    assert quiet.id not in saved_by_id
    cls, document = saved_by_id[identifier]
    assert (cls, len(document["outbox"])) == (Thing, 1)


def test_unpublished_events_are_found_until_they_are_cleared(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """What a crash leaves behind is swept up."""
    things.save(untold(identifier, times=2))
    document = waiting(store)[identifier]
    first, second = document["outbox"]
    store.published(Thing, document, {first["id"]})
    assert waiting(store)[identifier]["outbox"] == [second]
    store.published(Thing, waiting(store)[identifier], {second["id"]})
    assert identifier not in waiting(store)
    assert things.get(identifier).version == 1


def test_events_count_their_age_from_when_they_happened(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """A document that keeps changing does not keep its oldest event from the sweep."""
    first = things.save(untold(identifier)).outbox[0]["time"]
    things.change(identifier, Thing.tell)
    document = waiting(store)[identifier]
    assert document["outbox_since"] == datetime.fromisoformat(first)
    assert identifier not in waiting(store, timedelta(hours=1))


def test_event_left_behind_by_a_clearing_is_whole(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """Numbers, nothings, accents and dots in the events come through; so does its age."""
    parameters = {"a.b": [1, 1.0, None, True], "$c": {"é": -0.5, "": []}, "d": "2026-03-01"}
    step = Step(application="x", inputs={}, parameters=parameters, output="y")
    thing = untold(identifier)
    thing.record(
        ProjectEquipped(
            project_id=identifier,
            holder_id="mbr_1",
            treatment=Treatment(inputs={"a": "dts_1"}, steps=(step,)),
        )
    )
    things.save(thing)
    document = waiting(store)[identifier]
    store.published(Thing, document, {document["outbox"][0]["id"]})
    left = waiting(store)[identifier]
    assert left["outbox"] == document["outbox"][1:]
    assert left["outbox_since"] == document["outbox_since"]


def test_oldest_events_are_found_first(uri: str) -> None:
    """However many wait, none waits for ever behind younger ones."""
    store = Store(uri, f"test_{uuid4().hex[:12]}")
    for number in range(PAGE_LIMIT + 5):
        store.of(Thing).save(untold(f"{PAGE_LIMIT + 5 - number:04}"))
    unpublished = store.unpublished(Thing, NO_TIME)
    since = [document["outbox_since"] for document in unpublished]
    assert (len(unpublished), since) == (PAGE_LIMIT, sorted(since))
    assert unpublished[0]["_id"] == f"{PAGE_LIMIT + 5:04}"
    store.close()


def test_save_racing_with_the_clearing_loses_no_event(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """Confirmed events of the old version go, the new version's event stays."""
    things.save(untold(identifier))
    confirmed = waiting(store)[identifier]
    things.change(identifier, Thing.tell)
    store.published(Thing, confirmed, set(event_ids(confirmed)))
    document = waiting(store)[identifier]
    assert [event["sequence"] for event in document["outbox"]] == [2]
    assert things.get(identifier).version == 2


def test_save_decided_before_the_clearing_publishes_again_at_worst(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """A duplicate, never a loss."""
    late = things.save(untold(identifier))
    document = waiting(store)[identifier]
    store.published(Thing, document, set(event_ids(document)))
    late.tell()
    things.save(late)
    assert [event["sequence"] for event in waiting(store)[identifier]["outbox"]] == [1, 2]


def test_clearing_while_processes_save_misses_no_event(
    store: Store, in_processes: InProcesses, identifier: str
) -> None:
    """Every event is seen by the clearing at least once, and in the end none is left."""
    things = store.of(Thing)
    things.save(Thing(id=identifier))
    work = in_processes(count_up, identifier, 10)
    published: set[str] = set()
    while not all(future.done() for future in work) or identifier in waiting(store):
        document = waiting(store).get(identifier)
        if document is not None:
            published |= set(event_ids(document))
            store.published(Thing, document, set(event_ids(document)))
    assert sum(future.result() for future in work) == len(published) == things.get(identifier).count


def test_lease_does_not_hide_waiting_events(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """A job whose lease is renewed again and again does not keep its events from the sweep."""
    saved = things.save(untold(identifier))
    before = waiting(store)[identifier]
    assert things.lease(saved, "due", timedelta(minutes=1)) is not None
    after = waiting(store)[identifier]
    assert (after["outbox_since"], after["outbox"]) == (before["outbox_since"], before["outbox"])
