"""The store keeps its promises on whatever document server it is given.

It runs against DATALAB_MONGODB_URI where that is set, else against a server of the tests' own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient, monitoring

from shared.aggregate import NEVER, now
from shared.errors import NotFound, Rejected, Unavailable, Unreachable
from shared.store import PAGE_LIMIT, Repository, Store
from tests.integration.shared.samples import NO_TIME, Inner, Other, Thing, event_ids, untold
from tests.servers import Documents


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


def test_times_come_back_aware_and_to_the_millisecond(
    things: Repository[Thing], identifier: str
) -> None:
    """No time is ever without its zone; a nested value is loaded as what it is."""
    inner = Inner(label="é", amount=0.1, parts=(1, 2), seen=now())
    summer = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    for number, time in enumerate((now(), NEVER, datetime(1970, 1, 1, tzinfo=UTC), summer)):
        name = f"{identifier}{number}"
        things.save(Thing(id=name, due=time, inner=inner, by_name={"a": inner}))
        loaded = things.get(name)
        assert abs(loaded.due - time) <= timedelta(milliseconds=1)
        assert loaded.due.utcoffset() == NO_TIME
        assert (loaded.inner, loaded.by_name) == (inner, {"a": inner})


@pytest.mark.parametrize(
    "value", [2**63, {1: 2}, {"a\0b": 1}, "\ud800", "x" * 17_000_000], ids=lambda v: str(v)[:9]
)
def test_value_that_no_document_holds_is_refused_for_good(
    things: Repository[Thing], identifier: str, value: object
) -> None:
    """Trying again would not help, and the value is not shown."""
    with pytest.raises(Rejected, match="ne peut être enregistrée") as caught:
        things.save(Thing(id=identifier, free={"value": value}))
    assert str(value)[:9] not in str(caught.value)
    assert things.find_one(identifier) is None


def test_unknown_id_is_not_found_and_named(things: Repository[Thing], identifier: str) -> None:
    """The reader learns what was looked for.

    An RPC caller may send any JSON: it must not read what it could not name.
    """
    assert things.find_one(identifier) is None
    with pytest.raises(NotFound, match=f"rien n'a ici l'identifiant {identifier}"):
        things.get(identifier)
    with pytest.raises(NotFound):
        things.change(identifier, Thing.tell)
    things.save(Thing(id=identifier))
    wrong: tuple[Any, ...] = ({"$ne": ""}, {"$exists": True}, ["a"], None)
    assert [things.find_one(argument) for argument in wrong] == [None] * 4


def test_classes_and_databases_are_apart(store: Store, uri: str, identifier: str) -> None:
    """One id may mean a thing, another thing, and a third in another service."""
    store.of(Thing).save(Thing(id=identifier))
    assert store.of(Other).find_one(identifier) is None
    elsewhere = Store(uri, f"test_{uuid4().hex[:12]}")
    assert elsewhere.of(Thing).find_one(identifier) is None
    elsewhere.close()


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
    others = {**either, "_id": {"$nin": [f"{identifier}0", "nothing"]}}
    assert [thing.id[-1] for thing in things.find(others)] == ["1", "2"]
    early = things.find({**either, "due": {"$lt": datetime(2026, 1, 2, tzinfo=UTC)}})
    assert [thing.id[-1] for thing in early] == ["0"]
    assert [things.count({"state": f"{identifier}0"}, most=most) for most in (9, 1)] == [2, 1]
    assert things.find({"state": "nothing"}) == []


def test_array_is_found_by_values_that_it_has(things: Repository[Thing], identifier: str) -> None:
    """By any of them, or by all; whatever else is in it."""
    for number in range(3):
        names = [identifier, f"{identifier}{number % 2}", str(number)]
        things.save(Thing(id=f"{identifier}{number}", names=names))

    def found(**asked: list[str]) -> list[str]:
        return [
            thing.id[-1] for thing in things.find({"names": {f"${k}": v for k, v in asked.items()}})
        ]

    assert found(all=[identifier, f"{identifier}0"]) == ["0", "2"]
    assert found(all=[f"{identifier}0", f"{identifier}1"]) == []
    either = {"$in": [f"{identifier}0", f"{identifier}1"]}
    assert things.count({"names": either, "state": "new"}, most=9) == 3


def test_dates_sort_by_time_whatever_their_fraction(store: Store, identifier: str) -> None:
    """A whole second and a date that never comes stand where they belong."""
    things = store.of(Thing)
    start = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    dates = [NEVER, start, start + timedelta(milliseconds=700), start - timedelta(hours=3)]
    for number, due in enumerate(dates):
        things.save(Thing(id=f"{identifier}-{number}", state=identifier, due=due))
    things_found = things.find(sort="due", limit=100)
    mine = [thing.id[-1] for thing in things_found if thing.state == identifier]
    assert mine == ["3", "1", "2", "0"]


def test_pages_show_every_document_once(things: Repository[Thing], identifier: str) -> None:
    """A cursor goes on where the page ended, whatever was added meanwhile, in either direction.

    Nobody is sent to an empty page.
    """
    where, texts = {"state": identifier}, [f"{identifier}-{number}" for number in range(6)]
    for name in texts:
        things.save(Thing(id=name, state=identifier))
    for descending in (False, True):
        seen: list[str] = []
        cursor: str | None = None
        while not seen or cursor:
            page, cursor = things.page(where, after=cursor, limit=3, descending=descending)
            assert len(page) == 3
            seen += [thing.id for thing in page]
            things.save(Thing(id=f"{seen[-1]}-late", state="elsewhere"))
        assert seen == (texts[::-1] if descending else texts)
    assert things.page({"state": "nothing"}, after=None, limit=2) == ([], None)


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
    for _ in range(2):  # every process of a service does it when it starts
        store.prepare((Thing,))
    things = store.of(Thing)
    kept = things.save(untold("kept"))
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
    # Those whose connections are cut, too: an event that meets one of them waits.
    assert all(isinstance(error, Unreachable) for error in errors)
    assert {str(error) for error in errors} == {"the document server does not answer"}
    with pytest.raises(Unreachable):
        things.get("kept")
    with pytest.raises(Unreachable):
        store.check(1)
    server.start()
    store.check(1)
    assert things.get("kept") == kept
    assert store.unpublished(Thing, NO_TIME) == [document]
    assert things.change("kept", Thing.tell).count == 2
    store.close()


def test_refusal_does_not_show_the_servers_words(uri: str, database: str) -> None:
    """What the server says may hold hosts and documents, and goes to HTTP clients.

    A service starts before its servers; it is not ready then, and does not die.
    """
    with closing(Store(uri, database)) as store:
        store.of(Thing).save(untold("looked at"))
        with pytest.raises(Unavailable, match=r"^the document server refused: \w+$"):
            store.of(Thing).find({"state": {"$nonsense": "c0nfidential"}})
    with closing(Store("mongodb://127.0.0.1:9", "nobody")) as store, pytest.raises(Unreachable):
        store.check(1)


def test_documents_of_ids_are_found_once_however_many_there_are(things: Repository[Thing]) -> None:
    """Those that are unknown are left out; an id may come twice."""
    ids = [f"many-{number:04}" for number in range(PAGE_LIMIT + 5)]
    for identifier in ids:
        things.save(Thing(id=identifier))
    assert [thing.id for thing in things.of_ids(["unknown", *ids[::-1], ids[0]])] == ids
    assert list(things.of_ids([])) == []


def test_newest_are_told_by_version_and_date(things: Repository[Thing]) -> None:
    """Without the documents themselves."""
    dates = [datetime(9999, 12, 1, 0, 0, second, 5_000, tzinfo=UTC) for second in range(4)]
    for number, date in enumerate(dates):
        things.save(Thing(id=f"newest-{number}", due=date))
    assert things.newest("due", 2) == [("newest-3", 1, dates[3]), ("newest-2", 1, dates[2])]


class LostCursors(monitoring.CommandListener):
    """Ends what is left of each answer, as the embedded server does when a connection breaks."""

    def __init__(self, uri: str) -> None:
        self._client = MongoClient[dict[str, Any]](uri)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Not looked at."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Kill the cursor of an answer."""
        cursor = event.reply.get("cursor", {}) if event.command_name == "find" else {}
        if cursor.get("id"):
            name, _, collection = cursor["ns"].partition(".")
            self._client[name].command("killCursors", collection, cursors=[cursor["id"]])

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Not looked at."""


def test_no_document_is_missed_where_a_connection_breaks(uri: str) -> None:
    """Asked for the rest of an answer, the embedded server says then that there is none."""
    lost = LostCursors(uri)
    monitoring.register(lost)
    with closing(Store(uri, f"test_{uuid4().hex[:12]}")) as store:
        store.prepare((Thing,))
        things, names = store.of(Thing), [f"thg_{number:03}" for number in range(2 * PAGE_LIMIT)]
        for name in names:
            things.add(Thing(id=name))
        assert [thing.id for thing in things.every()] == names
        assert len(things.newest("due", len(names))) == len(names)
        assert things.count({"state": "new"}, most=len(names)) == len(names)
