"""The store keeps its promises on whatever document server it is given.

It runs against DATALAB_MONGODB_URI where that is set, else against a server of the tests' own.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from shared.aggregate import NEVER, Aggregate, now
from shared.errors import Conflict, NotFound, Rejected, Unavailable, WrongStage
from shared.events import ProjectEquipped, Step, Treatment
from shared.store import PAGE_LIMIT, Document, Repository, Store
from tests.integration.shared.samples import (
    Inner,
    Other,
    Thing,
    cause,
    count_up,
    handle_once,
    lease_all,
)
from tests.servers import Documents

PROCESSES = 4
NO_TIME = timedelta(0)


@pytest.fixture(scope="module")
def uri(request: pytest.FixtureRequest) -> str:
    """The document server under test."""
    return os.environ.get("DATALAB_MONGODB_URI") or str(request.getfixturevalue("mongodb_uri"))


@pytest.fixture(scope="module")
def database(uri: str) -> Iterator[str]:
    """The name of a database of this module's own."""
    name = f"test_{uuid4().hex[:12]}"
    yield name
    with MongoClient[Document](uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="module")
def saved() -> list[tuple[type[Aggregate], Document]]:
    """What the store told of as having something to publish."""
    return []


@pytest.fixture(scope="module")
def store(
    uri: str, database: str, saved: list[tuple[type[Aggregate], Document]]
) -> Iterator[Store]:
    """The store of that database."""
    opened = Store(uri, database, saved=lambda cls, document: saved.append((cls, document)))
    opened.prepare((Thing, Other))
    yield opened
    opened.close()


@pytest.fixture
def things(store: Store) -> Repository[Thing]:
    """The repository of things."""
    return store.of(Thing)


@pytest.fixture
def identifier() -> str:
    """An id that nothing has."""
    return f"thing_{uuid4().hex}"


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Several processes, each with connections of its own."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        yield pool


def waiting(store: Store, age: timedelta = NO_TIME) -> dict[str, Document]:
    """Documents with unpublished events, by id."""
    return {document["_id"]: document for document in store.unpublished(Thing, age)}


def event_ids(document: Document) -> list[str]:
    """The ids in a document's outbox."""
    return [event["id"] for event in document["outbox"]]


# What is put in comes out.


def nested() -> st.SearchStrategy[Any]:
    """Plain values within plain containers, as documents can hold them."""
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    keys = st.text("abcdéÉ_ -", min_size=1, max_size=10)
    number = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | number | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    )


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    free=st.dictionaries(st.text("abcé_", min_size=1), nested(), max_size=4),
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4),
    inner=st.none()
    | st.builds(
        Inner,
        label=st.text(),
        amount=st.floats(allow_nan=False, allow_infinity=False),
        seen=st.none(),
        parts=st.just(()),
    ),
)
def test_document_comes_back_as_it_was_saved(
    things: Repository[Thing], free: dict[str, Any], names: list[str], inner: Inner | None
) -> None:
    """Nested values of every kind, for any content."""
    thing = Thing(id=uuid4().hex, free=free, names=names, inner=inner)
    thing.tell()
    kept = things.save(thing)
    assert things.get(thing.id) == kept


def test_values_within_values_keep_their_classes(
    things: Repository[Thing], identifier: str
) -> None:
    """A nested value is loaded as what it is, tuples and times included."""
    inner = Inner(label="é", amount=0.1, parts=(1, 2), seen=now())
    things.save(Thing(id=identifier, inner=inner, by_name={"a": inner}))
    loaded = things.get(identifier)
    assert (loaded.inner, loaded.by_name) == (inner, {"a": inner})


@pytest.mark.parametrize(
    "time",
    [
        now(),
        NEVER,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_times_come_back_aware_and_to_the_millisecond(
    things: Repository[Thing], identifier: str, time: datetime
) -> None:
    """No time is ever without its zone."""
    things.save(Thing(id=identifier, due=time))
    loaded = things.get(identifier).due
    assert abs(loaded - time) <= timedelta(milliseconds=1)
    assert loaded.utcoffset() == NO_TIME


@pytest.mark.parametrize(
    "value",
    [2**63, {1: 2}, {"a\0b": 1}, {1, 2}, "\ud800", "x" * 17_000_000],
    ids=lambda v: str(v)[:9],
)
def test_value_that_no_document_holds_is_refused_for_good(
    things: Repository[Thing], identifier: str, value: object
) -> None:
    """Trying again would not help, and the value is not shown."""
    with pytest.raises(Rejected, match="cannot hold") as caught:
        things.save(Thing(id=identifier, free={"value": value}))
    assert str(value)[:9] not in str(caught.value)
    assert things.find_one(identifier) is None


def test_unknown_id_is_not_found_and_named(things: Repository[Thing], identifier: str) -> None:
    """The reader learns what was looked for."""
    assert things.find_one(identifier) is None
    with pytest.raises(NotFound, match=f"no thing has the id {identifier}"):
        things.get(identifier)
    with pytest.raises(NotFound):
        things.change(identifier, Thing.tell)


@pytest.mark.parametrize("argument", [{"$ne": ""}, {"$gt": ""}, {"$exists": True}, ["a"], None])
def test_query_operator_in_place_of_an_id_finds_nothing(
    things: Repository[Thing], identifier: str, argument: Any
) -> None:
    """An RPC caller may send any JSON: it must not read what it could not name."""
    things.save(Thing(id=identifier))
    assert things.find_one(argument) is None


def test_classes_and_databases_are_apart(store: Store, uri: str, identifier: str) -> None:
    """One id may mean a thing, another thing, and a third in another service."""
    store.of(Thing).save(Thing(id=identifier))
    assert store.of(Other).find_one(identifier) is None
    elsewhere = Store(uri, f"test_{uuid4().hex[:12]}")
    assert elsewhere.of(Thing).find_one(identifier) is None
    elsewhere.close()


# One conditional write.


def test_second_writer_of_one_version_is_told(things: Repository[Thing], identifier: str) -> None:
    """What was decided on an old version is not saved over a newer one."""
    things.save(Thing(id=identifier))
    first, second = things.get(identifier), things.get(identifier)
    first.state, second.state = "first", "second"
    things.save(first)
    with pytest.raises(Conflict):
        things.save(second)
    assert things.get(identifier).state == "first"


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
    with pytest.raises(Conflict, match="exists already"):
        things.save(Thing(id=identifier, state="second"))
    assert things.get(identifier).state == "first"


def test_adding_twice_finds_the_first_ones_work(things: Repository[Thing], identifier: str) -> None:
    """A redelivered event makes nothing new."""
    first = things.add(Thing(id=identifier, state="first"))
    again = things.add(Thing(id=identifier, state="second"))
    assert (again, again.version) == (first, 1)


def test_concurrent_processes_lose_no_change(
    things: Repository[Thing],
    processes: ProcessPoolExecutor,
    uri: str,
    database: str,
    identifier: str,
) -> None:
    """Every change of every process is there once, with its event."""
    things.save(Thing(id=identifier))
    counts = [processes.submit(count_up, uri, database, identifier, 25) for _ in range(PROCESSES)]
    total = sum(count.result() for count in counts)
    thing = things.get(identifier)
    ids = event_ids({"outbox": thing.outbox})
    assert (thing.count, thing.version, len(set(ids))) == (total, total + 1, total)


def test_concurrent_processes_handle_each_event_once(
    things: Repository[Thing],
    processes: ProcessPoolExecutor,
    uri: str,
    database: str,
    identifier: str,
) -> None:
    """Two deliveries of one event at the same time have one effect."""
    things.save(Thing(id=identifier))
    events = [f"evt_{number}" for number in range(10)]
    done = [
        processes.submit(handle_once, uri, database, identifier, events) for _ in range(PROCESSES)
    ]
    for one in done:
        one.result()
    thing = things.get(identifier)
    assert (thing.count, sorted(thing.handled)) == (10, sorted(events))


def test_decision_is_taken_again_on_the_newer_version(
    things: Repository[Thing], identifier: str
) -> None:
    """`change` decides on what is there, not on what was."""
    things.save(Thing(id=identifier))
    seen: list[int] = []

    def decide(thing: Thing) -> None:
        seen.append(thing.count)
        if len(seen) == 1:
            things.change(identifier, Thing.tell)
        thing.tell()

    assert things.change(identifier, decide).count == 2
    assert seen == [0, 1]


def test_document_that_never_rests_is_reported(things: Repository[Thing], identifier: str) -> None:
    """After many tries the caller hears of it, and may try later."""
    things.save(Thing(id=identifier))

    def interfere(_thing: Thing) -> None:
        other = things.get(identifier)
        other.count += 1
        things.save(other)

    with pytest.raises(Conflict, match="keeps changing"):
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


# Questions.


def test_indexed_fields_are_queried_by_value_set_and_range(
    things: Repository[Thing], identifier: str
) -> None:
    """The kinds of question that services ask."""
    for number in range(3):
        due = datetime(2026, 1, 1 + number, tzinfo=UTC)
        things.save(Thing(id=f"{identifier}{number}", state=f"{identifier}{number % 2}", due=due))
    even = things.find({"state": f"{identifier}0"})
    assert [thing.id[-1] for thing in even] == ["0", "2"]
    either = {"state": {"$in": [f"{identifier}0", f"{identifier}1"]}}
    latest = things.find(either, sort="due", descending=True, limit=2)
    assert [thing.id[-1] for thing in latest] == ["2", "1"]
    early = things.find({**either, "due": {"$lt": datetime(2026, 1, 2, tzinfo=UTC)}})
    assert [thing.id[-1] for thing in early] == ["0"]
    assert things.count({"state": f"{identifier}0"}) == 2
    assert things.find({"state": "nothing"}) == []


def test_dates_sort_by_time_whatever_their_fraction(store: Store, identifier: str) -> None:
    """A whole second and a date that never comes stand where they belong."""
    things = store.of(Thing)
    start = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    dates = [NEVER, start, start + timedelta(milliseconds=700), start - timedelta(hours=3)]
    for number, due in enumerate(dates):
        things.save(Thing(id=f"{identifier}-{number}", state=identifier, due=due))
    found = things.find(sort="due", limit=100)
    mine = [thing.id[-1] for thing in found if thing.state == identifier]
    assert mine == ["3", "1", "2", "0"]


def test_pages_show_every_document_once(things: Repository[Thing], identifier: str) -> None:
    """A cursor goes on where the page ended, whatever was added meanwhile."""
    for number in range(7):
        things.save(Thing(id=f"{identifier}-{number}", state=identifier))
    seen: list[str] = []
    cursor: str | None = None
    sizes = []
    while True:
        page, cursor = things.page({"state": identifier}, after=cursor, limit=3)
        seen += [thing.id for thing in page]
        sizes.append(len(page))
        if cursor is None:
            break
        things.save(Thing(id=f"{identifier}-{uuid4().hex[:1]}-late", state="elsewhere"))
    assert (seen, sizes) == ([f"{identifier}-{number}" for number in range(7)], [3, 3, 1])


def test_last_full_page_has_no_cursor(things: Repository[Thing], identifier: str) -> None:
    """Nobody is sent to an empty page."""
    for number in range(4):
        things.save(Thing(id=f"{identifier}-{number}", state=identifier))
    _, cursor = things.page({"state": identifier}, after=None, limit=2)
    page, end = things.page({"state": identifier}, after=cursor, limit=2)
    assert ([thing.id[-1] for thing in page], end) == (["2", "3"], None)
    assert things.page({"state": "nothing"}, after=None, limit=2) == ([], None)


# Leases.


def test_lease_moves_the_date_and_nothing_else(things: Repository[Thing], identifier: str) -> None:
    """No event, no other field; whoever holds the old version can no longer write."""
    saved = things.save(Thing(id=identifier, due=now(), state="due"))
    leased = things.lease(saved, "due", timedelta(minutes=1))
    assert leased is not None
    loaded = things.get(identifier)
    assert (loaded.version, loaded.state, loaded.outbox) == (2, "due", [])
    assert now() < loaded.due <= now() + timedelta(minutes=1)
    assert abs(loaded.due - leased.due) < timedelta(milliseconds=1)
    with pytest.raises(Conflict):
        things.save(saved)


def test_leased_document_can_be_saved_on(things: Repository[Thing], identifier: str) -> None:
    """The holder of the lease goes on from the version it got."""
    leased = things.lease(things.save(Thing(id=identifier)), "due", timedelta(minutes=1))
    assert leased is not None
    leased.state = "done"
    assert things.save(leased).version == 3


def test_racing_processes_get_each_lease_once(
    things: Repository[Thing],
    processes: ProcessPoolExecutor,
    uri: str,
    database: str,
    identifier: str,
) -> None:
    """Work is done by one of those who want it."""
    ids = [f"{identifier}-{number}" for number in range(20)]
    for one in ids:
        things.save(Thing(id=one, due=now()))
    got = [processes.submit(lease_all, uri, database, ids) for _ in range(PROCESSES)]
    leased = [one for result in got for one in result.result()]
    assert len(leased) == len(set(leased))
    stale = [one for one in ids if one not in leased]
    assert all(things.get(one).due <= now() for one in stale)
    assert leased


def test_lease_does_not_hide_waiting_events(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """A job whose lease is renewed again and again does not keep its events from the sweep."""
    thing = Thing(id=identifier)
    thing.tell()
    saved = things.save(thing)
    before = waiting(store)[identifier]
    assert things.lease(saved, "due", timedelta(minutes=1)) is not None
    after = waiting(store)[identifier]
    assert (after["outbox_since"], after["outbox"]) == (before["outbox_since"], before["outbox"])


# Outbox.


def test_saving_tells_of_what_is_to_be_published(
    things: Repository[Thing], saved: list[tuple[type[Aggregate], Document]], identifier: str
) -> None:
    """The relay need not look for it; a save without events is not told of."""
    things.save(Thing(id=f"{identifier}-quiet"))
    thing = Thing(id=identifier)
    thing.tell()
    things.save(thing)
    told = {document["_id"]: (cls, document) for cls, document in saved}
    assert f"{identifier}-quiet" not in told
    cls, document = told[identifier]
    assert (cls, len(document["outbox"])) == (Thing, 1)


def test_conflicting_save_tells_of_nothing(
    things: Repository[Thing], saved: list[tuple[type[Aggregate], Document]], identifier: str
) -> None:
    """An event that was not saved must not be published."""
    things.save(Thing(id=identifier))
    stale = things.get(identifier)
    things.change(identifier, lambda thing: setattr(thing, "state", "new"))
    stale.tell()
    with pytest.raises(Conflict):
        things.save(stale)
    assert identifier not in {document["_id"] for _, document in saved}


def test_unpublished_events_are_found_until_they_are_cleared(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """What a crash leaves behind is swept up."""
    thing = Thing(id=identifier)
    thing.tell()
    thing.tell()
    things.save(thing)
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
    thing = Thing(id=identifier)
    thing.tell()
    first = things.save(thing).outbox[0]["time"]
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
    thing = Thing(id=identifier)
    thing.tell()
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
        thing = Thing(id=f"{PAGE_LIMIT + 5 - number:04}")
        thing.tell()
        store.of(Thing).save(thing)
    found = store.unpublished(Thing, NO_TIME)
    since = [document["outbox_since"] for document in found]
    assert (len(found), since) == (PAGE_LIMIT, sorted(since))
    assert found[0]["_id"] == f"{PAGE_LIMIT + 5:04}"
    store.close()


def test_save_racing_with_the_clearing_loses_no_event(
    store: Store, things: Repository[Thing], identifier: str
) -> None:
    """Confirmed events of the old version go, the new version's event stays."""
    thing = Thing(id=identifier)
    thing.tell()
    things.save(thing)
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
    thing = Thing(id=identifier)
    thing.tell()
    late = things.save(thing)
    document = waiting(store)[identifier]
    store.published(Thing, document, set(event_ids(document)))
    late.tell()
    things.save(late)
    assert [event["sequence"] for event in waiting(store)[identifier]["outbox"]] == [1, 2]


def test_clearing_while_processes_save_misses_no_event(
    store: Store, processes: ProcessPoolExecutor, uri: str, database: str, identifier: str
) -> None:
    """Every event is seen by the clearing at least once, and in the end none is left."""
    things = store.of(Thing)
    things.save(Thing(id=identifier))
    work = [processes.submit(count_up, uri, database, identifier, 10) for _ in range(PROCESSES)]
    published: set[str] = set()
    while not all(one.done() for one in work) or identifier in waiting(store):
        document = waiting(store).get(identifier)
        if document is not None:
            published |= set(event_ids(document))
            store.published(Thing, document, set(event_ids(document)))
    assert sum(one.result() for one in work) == len(published) == things.get(identifier).count


def test_clearing_of_a_document_that_is_gone_is_harmless(store: Store, identifier: str) -> None:
    """Nothing deletes documents today; a relay would not mind."""
    gone = {"_id": identifier, "version": 1, "outbox": [{"id": "e"}]}
    store.published(Thing, gone, {"e"})
    assert store.of(Thing).find_one(identifier) is None


# When the server is away.


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Documents]:
    """A document server to be killed."""
    documents = Documents(tmp_path)
    documents.start()
    yield documents
    documents.stop()


def test_everything_is_unavailable_while_the_server_is_away(server: Documents) -> None:
    """A transient error each time, within seconds; the same store works on when it is back."""
    store = Store(server.uri, "away")
    store.prepare((Thing,))
    things = store.of(Thing)
    thing = Thing(id="kept")
    thing.tell()
    kept = things.save(thing)
    (document,) = store.unpublished(Thing, NO_TIME)
    server.kill()
    attempts: list[Callable[[], object]] = [
        lambda: things.get("kept"),
        lambda: things.find({"state": "new"}),
        lambda: things.save(Thing(id="lost")),
        lambda: things.change("kept", Thing.tell),
        lambda: things.lease(kept, "due", NO_TIME),
        lambda: store.unpublished(Thing, NO_TIME),
        lambda: store.published(Thing, document, set(event_ids(document))),
    ]
    with ThreadPoolExecutor(len(attempts)) as pool:
        futures = [pool.submit(attempt) for attempt in attempts]
        errors = [future.exception(10) for future in futures]
    assert {type(error) for error in errors} == {Unavailable}
    assert {str(error) for error in errors} == {"the document server does not answer"}
    assert not store.ping()
    server.start()
    assert store.ping()
    assert things.get("kept") == kept
    assert store.unpublished(Thing, NO_TIME) == [document]
    assert things.change("kept", Thing.tell).count == 2
    store.close()


def test_store_is_made_without_a_server() -> None:
    """A service starts before its servers; it is not ready then, and does not die."""
    store = Store("mongodb://127.0.0.1:9", "nobody")
    assert not store.ping()
    store.close()


def test_refusal_does_not_show_the_servers_words(uri: str, database: str) -> None:
    """What the server says may hold hosts and documents, and goes to HTTP clients."""
    store = Store(uri, database)
    with pytest.raises(Unavailable, match=r"^the document server refused: \w+$"):
        store.of(Thing).find({"state": {"$nonsense": "c0nfidential"}})
    store.close()


def test_preparing_twice_is_harmless(store: Store) -> None:
    """Every process of a service does it when it starts."""
    store.prepare((Thing, Other))
    assert store.ping()
