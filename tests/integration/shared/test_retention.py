"""What is kept for a time only: told first, then erased, once, and never before its notice."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.aggregate import NEVER, now
from shared.endings.retention import Batch, Policy, Retained, RetentionLoop, Thing
from shared.store import Store
from tests.servers import eventually

SECOND = 1 / 86_400
"""In days."""

KEPT, NOTICE = 2 * SECOND, SECOND


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}")
    opened.prepare((Retained,))
    yield opened
    opened.close()


class Shelf:
    """Things by id, with the dates of their parts; two parts go in a batch."""

    def __init__(self, things: Mapping[str, list[datetime]]) -> None:
        self.things = {name: list(parts) for name, parts in things.items()}
        self.early: list[str] = []

    def find(self) -> Iterator[Thing]:
        """All that has parts."""
        for name, parts in self.things.items():
            if parts:
                yield Thing(name, f"mbr_{name}", min(parts))

    def erase(self, name: str, through: datetime, _cursor: str) -> Batch:
        """Erase two old parts."""
        parts = sorted(self.things[name])
        old = [part for part in parts if part <= through][:2]
        self.early += [name for part in old if part > now() - timedelta(days=KEPT)]
        self.things[name] = parts[len(old) :]
        return Batch({"pièces": len(old)} if old else {}, is_last=len(old) < 2)

    def policy(self, days: float = KEPT) -> Policy:
        """Keep them so long."""
        return Policy("jobs", days, self.find, self.erase, "le reste", "À enregistrer avant.")


@contextmanager
def running(store: Store, *policies: Policy, loops: int = 1) -> Iterator[None]:
    """Loops of one service, until the block ends."""
    retention_loops = [RetentionLoop("compute", store, NOTICE, policies) for _ in range(loops)]
    threads = [threading.Thread(target=loop.run) for loop in retention_loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for loop in retention_loops:
            loop.stop()
        for thread in threads:
            thread.join()


def events_of(store: Store, name: str) -> list[dict[str, Any]]:
    """The events about a thing, in order."""
    document = store.of(Retained).find_one(f"jobs.{name}")
    return document.outbox if document else []


def test_owner_is_told_before_a_thing_is_erased(store: Store) -> None:
    """Two processes tell it once, erase it once, and not before both times are over.

    What was old before there was a rule has its whole notice.
    """
    old = now() - timedelta(days=400)
    shelf, began = Shelf({"a": [now()] * 5, "old": [old]}), now()
    with running(store, shelf.policy(), loops=2):
        eventually(lambda: events_of(store, "a"), what="it is announced")
        assert len(shelf.things["a"]) == 5
        eventually(lambda: len(events_of(store, "a")) == 2, what="it is erased")
        eventually(lambda: len(events_of(store, "old")) == 2, what="what was old is erased")
    for name, count in (("a", 5), ("old", 1)):
        announced, applied = events_of(store, name)
        assert announced["type"] == "compute_retention_announced"
        assert applied["type"] == "compute_retention_applied"
        assert announced["data"]["member_id"] == f"mbr_{name}"
        assert "À enregistrer avant." in announced["data"]["text"]
        announced_at, ended = (datetime.fromisoformat(e["time"]) for e in (announced, applied))
        assert ended - announced_at >= timedelta(days=NOTICE * 0.9)
        assert sum(counted["count"] for counted in applied["data"]["counts"]) == count
    applied_at = datetime.fromisoformat(events_of(store, "a")[1]["time"])
    assert applied_at - began >= timedelta(days=KEPT)
    assert (shelf.things, shelf.early) == ({"a": [], "old": []}, [])


def test_what_grows_is_announced_anew_for_its_newer_parts(store: Store) -> None:
    """Only what the notice was about goes with it."""
    shelf = Shelf({"a": [now()]})
    with running(store, shelf.policy()):
        eventually(lambda: events_of(store, "a"), what="it is announced")
        shelf.things["a"].append(now() + timedelta(seconds=2))
        eventually(lambda: len(events_of(store, "a")) == 4, what="both parts are gone")
    assert (shelf.things["a"], shelf.early) == ([], [])


def test_rule_that_is_lifted_or_made_longer_erases_nothing(store: Store) -> None:
    """What was announced stays; set again, it is announced again."""
    shelf = Shelf({"a": [now()]})
    for days in (0, 1):
        with running(store, shelf.policy()):
            eventually(lambda: store.of(Retained).find_one("jobs.a"), what="it is known")
            eventually(lambda: store.of(Retained).get("jobs.a").erase_at != NEVER)
        with running(store, shelf.policy(days)):
            eventually(lambda: store.of(Retained).get("jobs.a").erase_at == NEVER)
        assert len(shelf.things["a"]) == 1
    with running(store, shelf.policy()):
        eventually(lambda: shelf.things["a"] == [], what="it is erased")
    types = [event["type"].rpartition("_")[2] for event in events_of(store, "a")]
    assert types == ["announced"] * 3 + ["applied"]


def test_large_thing_keeps_no_other_from_its_turn(store: Store) -> None:
    """A look erases a part of it only; a stop in between loses nothing."""
    shelf = Shelf({"large": [now() - timedelta(days=9)] * 400, "small": [now()]})
    for _ in range(2):
        with running(store, shelf.policy()):
            eventually(lambda: events_of(store, "large") and events_of(store, "small"))
    with running(store, shelf.policy()):
        eventually(lambda: not any(shelf.things.values()), what="all is erased")
        eventually(lambda: len(events_of(store, "large")) == 2)
    (counted,) = events_of(store, "large")[1]["data"]["counts"]
    assert counted == {"kind": "pièces", "count": 400}
