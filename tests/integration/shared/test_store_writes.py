"""One conditional write: nothing is lost or done twice, and what is to be published stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from shared.aggregate import Aggregate, now
from shared.errors import Conflict, WrongStage
from shared.events import ProjectEquipped, Step, Treatment
from shared.store import PAGE_LIMIT, Document, Repository, Store
from tests.integration.shared.samples import (
    NO_TIME,
    InProcesses,
    Thing,
    cause,
    count_up,
    event_ids,
    handle_once,
    lease_due,
    untold,
)


def test_conflict_keeps_the_outbox_of_both(things: Repository[Thing], identifier: str) -> None:
    """The loser's events were never saved; decided again, they join the winner's."""
    things.save(Thing(id=identifier))
    loser, lost = things.get(identifier), False

    def decide(thing: Thing) -> None:
        nonlocal lost
        if not lost:
            lost = True
            winner = things.get(identifier)
            winner.tell(1)
            things.save(winner)
        thing.tell(2)

    loser.tell(2)
    kept = things.change(identifier, decide)
    assert [event["data"]["team"] for event in kept.outbox] == [["1"], ["2"]]
    with pytest.raises(Conflict):
        things.save(loser)
    assert things.get(identifier) == kept


def test_adding_twice_finds_the_first_ones_work(things: Repository[Thing], identifier: str) -> None:
    """A redelivered event makes nothing new; saving another one of that id is a conflict."""
    first = things.add(Thing(id=identifier, state="first"))
    again = things.add(Thing(id=identifier, state="second"))
    assert (again, again.version) == (first, 1)
    with pytest.raises(Conflict, match="existe déjà"):
        things.save(Thing(id=identifier, state="second"))
    assert things.get(identifier).state == "first"


def test_concurrent_processes_lose_no_change(
    things: Repository[Thing], in_processes: InProcesses, identifier: str
) -> None:
    """Every change of every process is there once, with its event."""
    things.save(Thing(id=identifier))
    total = sum(count.result() for count in in_processes(count_up, identifier, 25))
    thing = things.get(identifier)
    ids = {event["id"] for event in thing.outbox}
    assert (thing.count, thing.version, len(ids)) == (total, total + 1, total)


def test_concurrent_processes_handle_each_event_once(
    things: Repository[Thing], in_processes: InProcesses, identifier: str
) -> None:
    """Two deliveries of one event at the same time have one effect."""
    things.save(Thing(id=identifier))
    events = [f"evt_{number}" for number in range(10)]
    for done in in_processes(handle_once, identifier, events):
        done.result()
    thing = things.get(identifier)
    assert (thing.count, sorted(thing.handled)) == (10, sorted(events))


def test_document_that_never_rests_is_reported(things: Repository[Thing], identifier: str) -> None:
    """After many tries the caller hears of it, and may try later."""
    things.save(Thing(id=identifier))

    def interfere(_thing: Thing) -> None:
        other = things.get(identifier)
        other.count += 1
        things.save(other)

    with pytest.raises(Conflict, match="change sans cesse"):
        things.change(identifier, interfere)


def test_refused_decision_saves_nothing(things: Repository[Thing], identifier: str) -> None:
    """A rule that is broken halfway leaves the document alone."""
    things.save(Thing(id=identifier))

    def refuse(thing: Thing) -> None:
        thing.tell()
        raise WrongStage

    with pytest.raises(WrongStage):
        things.change(identifier, refuse, because=cause("evt_1"))
    loaded = things.get(identifier)
    assert (loaded.count, loaded.version, loaded.outbox, loaded.handled) == (0, 1, [], [])


def test_redelivered_event_changes_nothing(things: Repository[Thing], identifier: str) -> None:
    """The second time the document is returned as it is."""
    things.save(Thing(id=identifier))
    once = things.change(identifier, Thing.tell, because=cause("evt_1"))
    twice = things.change(identifier, Thing.tell, because=cause("evt_1"))
    assert (twice, twice.count) == (once, 1)
    assert things.change(identifier, Thing.tell, because=cause("evt_2")).count == 2


def test_document_is_made_when_the_first_event_finds_none(
    things: Repository[Thing], identifier: str
) -> None:
    """Events come in any order: whichever is first makes the document."""

    def make() -> Thing:
        return Thing(id=identifier, state="made")

    things.change(identifier, Thing.tell, because=cause("evt_1"), new=make)
    thing = things.change(identifier, Thing.tell, because=cause("evt_2"), new=make)
    assert (thing.state, thing.count, thing.handled) == ("made", 2, ["evt_1", "evt_2"])


def test_many_at_once_make_one_document(things: Repository[Thing], identifier: str) -> None:
    """Who comes second decides on the first one's document."""
    with ThreadPoolExecutor(8) as pool:
        changes = [
            pool.submit(things.change, identifier, Thing.tell, new=lambda: Thing(id=identifier))
            for _ in range(8)
        ]
        for change in changes:
            change.result()
    assert things.get(identifier).count == 8


def test_lease_moves_the_date_and_nothing_else(things: Repository[Thing], identifier: str) -> None:
    """No event, no other field; its holder goes on, who has the old version cannot write."""
    saved = things.save(Thing(id=identifier, due=now(), state="due"))
    leased = things.lease(saved, "due", timedelta(minutes=1))
    assert leased is not None
    loaded = things.get(identifier)
    assert (loaded.version, loaded.state, loaded.outbox) == (2, "due", [])
    assert now() < loaded.due <= now() + timedelta(minutes=1)
    assert abs(loaded.due - leased.due) < timedelta(milliseconds=1)
    with pytest.raises(Conflict):
        things.save(saved)
    leased.state = "done"
    assert things.save(leased).version == 3


def test_racing_processes_get_each_lease_once(
    things: Repository[Thing], in_processes: InProcesses, identifier: str
) -> None:
    """Work is done by one of those who want it."""
    for number in range(20):
        things.save(Thing(id=f"{identifier}-{number:02}", state=identifier, due=now()))
    got = in_processes(lease_due, identifier)
    leased = [aggregate for result in got for aggregate in result.result()]
    assert sorted(leased) == [f"{identifier}-{number:02}" for number in range(20)]


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
