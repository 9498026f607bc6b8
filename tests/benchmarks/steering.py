"""What the committee's figures cost: beside recording events, and when they are asked for.

Events of whole projects are recorded one by one in a document server, as a worker of notify does,
and their facts kept alone; without the figures is the difference. Then a lab of 2,000 projects is
asked for its year: by a process that starts and reads all facts, and by one that follows what
becomes of them, while a project begins before each question.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from services.notify.model import Endpoint, WebhookDelivery
from services.notify.recorder import Recorder
from services.notify.steering.kept_facts import SubjectIndex, hear
from services.notify.steering.model import Subject
from services.notify.steering.world import World, YearPeriod
from services.notify.steering.yearly_report import report_of
from services.notify.timeline import Ownership, TimelineEntry
from shared.aggregate import new_id
from shared.endings.departures import Departure
from shared.events import unwrap
from shared.store import Store
from tests.servers import Documents
from tests.unit.notify.steering.story import NOW, PROJECT, Told, delivered

ROUNDS, PROJECTS, ASKED = 3, 2_000, 5
RECORDED = 40
"""Projects whose events are recorded in a round."""


def main() -> None:
    """Measure both."""
    print(f"\nsteering: {(__doc__ or '').splitlines()[0]}")
    with TemporaryDirectory(prefix="dl-") as home:
        documents = Documents(Path(home))
        documents.start()
        try:
            _record(documents.uri)
            _ask(documents.uri)
        finally:
            documents.stop()


def _record(uri: str) -> None:
    whole = facts = float("inf")
    for number in range(ROUNDS):
        told = [one for project in range(RECORDED) for one in _story(f"{number}x{project}")]
        with _database(uri) as store:
            whole = min(whole, _seconds(Recorder(store).record, told))
        with _database(uri) as store:
            facts = min(facts, _seconds(partial(_keep, store), told))
    rates = [len(told) / seconds for seconds in (whole, whole - facts)]
    print(f"  recording, with figures    {rates[0]:8.0f} events/s")
    print(f"  recording, without figures {rates[1]:8.0f} events/s, {rates[1] / rates[0]:.2f} times")


def _ask(uri: str) -> None:
    with _database(uri) as store:
        for number in range(PROJECTS):
            hear(store, _story(str(number)))
        index = SubjectIndex(store)
        started, size = _answer(index)
        known = index.subjects()
        followed = []
        for number in range(ASKED):
            hear(store, _story(f"new{number}")[4:5])
            followed.append(_answer(index)[0])
    facts = sum(len(one.facts) for one in known)
    print(f"  a year of {PROJECTS} projects: {len(known)} documents, {facts} facts")
    print(
        f"    asked at the start {started:.2f} s, later {statistics.median(followed):.2f} s", end=""
    )
    print(f" (median of {ASKED}; {size / 1000:.0f} kB)")


def _answer(index: SubjectIndex) -> tuple[float, int]:
    """The seconds and the bytes of an answer."""
    began = time.perf_counter()
    told = report_of(World(YearPeriod.of(2026, NOW), index.subjects(), sees_members=True))
    size = len(told.model_dump_json())
    return time.perf_counter() - began, size


def _story(name: str) -> list[Told]:
    """A project's events under a name of its own, with datasets of its own."""

    def renamed(text: str) -> str:
        return text.replace(PROJECT, f"prj_{name}").replace("dts_", f"dts_{name}_")

    return [
        unwrap(renamed(one.model_dump_json(serialize_as_any=True)).encode()) for one in delivered()
    ]


def _keep(store: Store, one: Told) -> None:
    hear(store, [one])


def _seconds(work: Callable[[Told], object], told: list[Told]) -> float:
    began = time.perf_counter()
    for one in told:
        work(one)
    return time.perf_counter() - began


@contextmanager
def _database(uri: str) -> Iterator[Store]:
    store = Store(uri, new_id("bench"))
    store.prepare((Endpoint, WebhookDelivery, TimelineEntry, Ownership, Departure, Subject))
    try:
        yield store
    finally:
        store.close()


if __name__ == "__main__":
    main()
