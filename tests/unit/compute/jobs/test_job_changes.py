"""What those who follow a job are told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.compute.jobs.job_changes import MOST_EACH, Followers, StreamPosition, Teller
from services.compute.jobs.model import Job
from services.compute.jobs.views import JobView
from shared import metrics
from shared.aggregate import now
from shared.errors import TooMany, Unavailable
from shared.store import Repository

RUNNING: dict[str, Any] = {"state": "running", "attempt": 1, "version": 3}


def job(**fields: Any) -> Job:
    """A job of a project."""
    about = {"id": "job_1", "kind": "full", "owner_id": "mbr_1", "lane": "prj_1"}
    return Job.model_validate({**about, "queued_at": now(), **fields})


def changes_of(teller: Teller, of: Job) -> list[tuple[str, str, Any]]:
    """The events that tell of a job: kind, id and data."""
    return list(map(read, teller.news(of, JobView.of(of))))


def read(event: bytes) -> tuple[str, str, Any]:
    """An event's kind, id and data."""
    fields = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    return fields["event"], fields["id"], json.loads(fields["data"])


def test_every_line_is_told_once_and_a_renewed_lease_is_no_news() -> None:
    """The tail is told again as it grows; each attempt begins a new log."""
    teller = Teller(StreamPosition())
    first = changes_of(teller, job(**RUNNING, log_tail="un\ndeux\ntro", log_lines=2))
    assert [kind for kind, _, _ in first] == ["state", "progress", "log", "log"]
    later = job(**{**RUNNING, "version": 4}, log_tail="deux\ntrois\n", log_lines=3)
    assert [data for _, _, data in changes_of(teller, later)] == [{"number": 3, "line": "trois"}]
    teller = Teller(StreamPosition())
    assert changes_of(teller, job(**RUNNING))
    assert changes_of(teller, job(**{**RUNNING, "version": 9})) == []
    teller = Teller(StreamPosition())
    changes_of(teller, job(**RUNNING, log_tail="un\ndeux\n", log_lines=2))
    again = job(state="running", attempt=2, version=7, log_tail="autre\n", log_lines=1)
    assert [data for kind, _, data in changes_of(teller, again) if kind == "log"] == [
        {"number": 1, "line": "autre"}
    ]


def test_who_comes_again_misses_no_line_and_hears_none_twice() -> None:
    """After any event that was heard, whatever came meanwhile."""
    log = {"log_tail": "un\ndeux\ntrois\n", "log_lines": 3}
    events = changes_of(Teller(StreamPosition()), job(**RUNNING, **log))
    lines = [data["number"] for kind, _, data in events if kind == "log"]
    assert lines == [1, 2, 3]
    for at, (_, last, _) in enumerate(events, 1):
        heard = [data["number"] for kind, _, data in events[:at] if kind == "log"]
        again = changes_of(Teller(StreamPosition.parse(last)), job(**RUNNING, **log))
        assert heard + [data["number"] for kind, _, data in again if kind == "log"] == lines


def test_positions_of_a_job_of_restricted_data_are_those_of_any() -> None:
    """Also where it was followed before it was known to read some."""
    teller = Teller(StreamPosition(), lambda job: not job.is_protected)
    assert changes_of(teller, job(version=1))[-1][1] == "0.0.1"
    begun = job(**RUNNING, is_protected=True, log_tail="14118\n", log_lines=1)
    view = JobView.of(begun).for_holder(begun).withholding(begun.unreleased)
    events = [read(event) for event in teller.news(begun, view)]
    assert [kind for kind, _, _ in events] == ["state", "progress", "end"]
    assert {position for _, position, _ in events} == {"0.0.0"}


def test_the_end_is_the_last_event_and_told_once() -> None:
    """With the reason; who heard it has heard all."""
    ended = job(state="failed", attempt=1, version=5, reason="quota épuisé", log_tail="un\n")
    kind, last, data = changes_of(Teller(StreamPosition()), ended)[-1]
    assert (kind, data["state"], data["reason"]) == ("end", "failed", "quota épuisé")
    assert StreamPosition.parse(last).is_end_of(ended)
    assert not StreamPosition.parse(last).is_end_of(job(**{**RUNNING, "version": 6}))
    assert changes_of(Teller(StreamPosition.parse(last)), ended) == []


@pytest.mark.parametrize("written", [None, "", "1.2", "1.2.x", "-1.0.0", "1.2.3.4", "9" * 40])
def test_an_id_that_is_none_is_the_beginning(written: str | None) -> None:
    """Nobody is refused for it: all is told."""
    assert StreamPosition.parse(written) == StreamPosition()


class Jobs(Repository[Job]):
    """Jobs that are known, without a server."""

    def __init__(self, *jobs: Job) -> None:
        self.by_id = {job.id: job for job in jobs}
        self.looks = 0

    def find(self, where: Any = None, **_: Any) -> list[Job]:
        """The jobs of these ids."""
        self.looks += 1
        return [self.by_id[job_id] for job_id in where["_id"]["$in"]]


@contextmanager
def opened(followers: Followers, member: str, of: Job) -> Iterator[Iterator[bytes]]:
    """A stream that began."""
    stream = followers.stream(of, member, StreamPosition(), JobView.of, heartbeat_seconds=0.01)
    assert next(stream).startswith(b"retry:")
    yield stream
    del stream


def test_one_look_is_for_all_who_follow_and_none_for_nobody() -> None:
    """However many streams there are, of however many jobs."""
    earlier_job, two = job(**RUNNING), job(**{**RUNNING, "id": "job_2"})
    jobs = Jobs(earlier_job, two)
    followers = Followers("compute", jobs, most=100)
    look = followers._look
    look()
    assert jobs.looks == 0
    with (
        opened(followers, "mbr_1", earlier_job) as first,
        opened(followers, "mbr_2", two) as second,
    ):
        assert [read(next(stream))[0] for stream in (first, second)] == ["state", "state"]
        jobs.by_id["job_1"] = job(**{**RUNNING, "version": 5}, progress=0.5)
        look()
        assert jobs.looks == 1
        assert [read(next(first))[0], read(next(first))[2]["progress"]] == ["progress", 0.5]
        assert read(next(second))[0] == "progress"
        assert next(second).startswith(b":")


def test_streams_of_a_member_and_of_all_are_bounded() -> None:
    """A stream that ended, or was closed, makes way."""
    running_job = job(**RUNNING)
    followers = Followers("compute", Jobs(running_job), most=MOST_EACH + 1)

    def open_one(member: str) -> Iterator[bytes]:
        stream = followers.stream(running_job, member, StreamPosition(), JobView.of)
        next(stream)
        return stream

    def told(name: str) -> float | None:
        return metrics.REGISTRY.get_sample_value(name, {"service": "compute"})

    streams = [open_one("mbr_1") for _ in range(MOST_EACH)]
    with pytest.raises(TooMany):
        open_one("mbr_1")
    streams.append(open_one("mbr_2"))
    with pytest.raises(Unavailable):
        open_one("mbr_3")
    del streams[0]
    assert told("datalab_job_streams") == MOST_EACH
    streams.append(open_one("mbr_1"))
    assert told("datalab_job_streams") == told("datalab_job_streams_most") == MOST_EACH + 1


def test_streams_end_with_the_service() -> None:
    """Who follows comes again."""
    running_job = job(**RUNNING)
    followers = Followers("compute", Jobs(running_job), most=9)
    with opened(followers, "mbr_1", running_job) as stream:
        followers.stop()
        assert {read(event)[0] for event in stream} <= {"state", "progress"}
