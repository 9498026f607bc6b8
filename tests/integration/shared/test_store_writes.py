"""One conditional write: nothing is lost or done twice, whoever else writes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.aggregate import now
from shared.errors import Conflict, WrongStage
from shared.store import Repository
from tests.integration.shared.samples import (
    InProcesses,
    Thing,
    cause,
    count_up,
    handle_once,
    lease_due,
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


def test_new_document_of_a_taken_id_is_a_conflict(
    things: Repository[Thing], identifier: str
) -> None:
    """The first one stays as it is."""
    things.save(Thing(id=identifier, state="first"))
    with pytest.raises(Conflict, match="existe déjà"):
        things.save(Thing(id=identifier, state="second"))
    assert things.get(identifier).state == "first"


def test_adding_twice_finds_the_first_ones_work(things: Repository[Thing], identifier: str) -> None:
    """A redelivered event makes nothing new."""
    first = things.add(Thing(id=identifier, state="first"))
    again = things.add(Thing(id=identifier, state="second"))
    assert (again, again.version) == (first, 1)


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
