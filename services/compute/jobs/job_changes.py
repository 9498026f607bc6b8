"""Tells those who follow jobs of every change, as server-sent events.

One look at the store now and then is for all who follow, in whatever process the jobs run. The form
is that of https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import NamedTuple, Self

from services.compute import metrics
from services.compute.jobs.model import ACTIVE, Job
from services.compute.jobs.views import JobView
from shared.background import Loop
from shared.errors import LabError, TooMany, Unavailable
from shared.store import PAGE_LIMIT, Repository

View = Callable[[Job], JobView]
"""A job as the one who follows it may see it."""

TellsRuns = Callable[[Job], bool]
"""Whether the one who follows a job is told how its runs go."""


def _always(_job: Job) -> bool:
    return True


MOST_EACH = 10
"""How many streams one member may have open."""

_LOOK_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
_STREAM_SECONDS = 900.0
"""After that a stream ends, and who follows comes again: with a token that is still valid."""

_WRITTEN = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")
_RETRY = b"retry: 1000\n\n"
_HEARTBEAT = b":\n\n"


class StreamPosition(NamedTuple):
    """What was heard of a job: its attempt, how many lines of that one's log, and its version."""

    attempt: int = 0
    lines: int = 0
    version: int = 0

    @classmethod
    def parse(cls, written: str | None) -> Self:
        """Parse the position in an event's id; the beginning for anything else."""
        match = _WRITTEN.fullmatch(written or "")
        return cls(*map(int, match.groups())) if match else cls()

    def __str__(self) -> str:
        return ".".join(map(str, self))

    def is_end_of(self, job: Job) -> bool:
        """Whether all of an ended job was sent."""
        return not job.is_active and self.version >= job.version


class Teller:
    """Tells one follower what changed since a position.

    `state` and `progress` say how it is now, whatever was between; `log` brings each line that is
    still kept, with its number; `end` is the last event, and follows at once for a job that is
    held. Who comes again with the id of the event that was heard last misses none of what is kept,
    and may hear a state twice.
    """

    def __init__(self, position: StreamPosition, tells_runs: TellsRuns = _always) -> None:
        self._position, self._tells_runs = position, tells_runs
        self._told: dict[str, Mapping[str, object]] = {}

    def news(self, job: Job, view: JobView) -> Iterator[bytes]:
        """Yield the events for the present state of `job`."""
        before = self._position
        if job.version <= before.version:
            return
        lines = before.lines if job.attempt == before.attempt else 0
        self._position = StreamPosition(job.attempt, lines, before.version)
        events = list(self._events(job, view))
        last = StreamPosition(job.attempt, max(lines, job.log_lines), job.version)
        for number, (kind, data) in enumerate(events, 1):
            if kind == "log":
                self._position = self._position._replace(lines=int(str(data["number"])))
            position = last if number == len(events) else self._position
            # How often it changed, and how much it wrote, may tell of what it reads.
            yield _written(kind, data, position if self._tells_runs(job) else StreamPosition())
        self._position = last

    def _events(self, job: Job, view: JobView) -> Iterator[tuple[str, Mapping[str, object]]]:
        state = {"state": view.state, "attempt": view.attempt, "reason": view.reason}
        state["cancel_requested"] = view.cancel_requested
        progress = {"progress": view.progress, "message": view.message}
        for kind, data in (("state", state), ("progress", progress)):
            if self._told.get(kind) != data:
                self._told[kind] = data
                yield kind, data
        complete = view.log_tail.split("\n")[:-1]
        first = max(job.log_lines, len(complete)) - len(complete) + 1
        for number, line in enumerate(complete, first):
            if number > self._position.lines:
                yield "log", {"number": number, "line": line}
        if view.state not in ACTIVE:
            ending = {"seconds": view.seconds, "warning": view.warning, "is_held": view.is_held}
            # What is kept from this caller is told in place of what the job did last.
            withheld = view.message if view.message != job.message else ""
            yield "end", state | ending | {"withheld": withheld}


class Followers(Loop):
    """Those who follow jobs now, at most `most` of them together."""

    def __init__(
        self, service: str, jobs: Repository[Job], most: int, seconds: float = _LOOK_SECONDS
    ) -> None:
        super().__init__(seconds, self._look)
        self._jobs, self._most = jobs, most
        self._followers: set[_Follower] = set()
        metrics.job_streams_most.labels(service).set(most)
        self._open = metrics.job_streams.labels(service)
        self._open.set(0)

    def stream(
        self,
        job: Job,
        member_id: str,
        position: StreamPosition,
        view: View,
        *,
        tells_runs: TellsRuns = _always,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
    ) -> Iterator[bytes]:
        """Yield the events of `job` since that position, to its end; a comment when there are none.

        Raises TooMany before the first for a member who has MOST_EACH, Unavailable beyond `most`.
        """
        teller, until = Teller(position, tells_runs), time.monotonic() + _STREAM_SECONDS
        with self._follow(job, member_id) as follower:
            yield _RETRY
            while time.monotonic() < until and not self.stopping.is_set():
                newer = follower.wait(heartbeat_seconds)
                if newer is None:
                    yield _HEARTBEAT
                    continue
                try:
                    seen = view(newer)
                except LabError:
                    return
                yield from teller.news(newer, seen)
                if seen.state not in ACTIVE:
                    return

    def stop(self) -> None:
        """End all streams: their readers reconnect, to another process or the next."""
        super().stop()
        for follower in list(self._followers):
            follower.wake()

    @contextmanager
    def _follow(self, job: Job, member_id: str) -> Iterator["_Follower"]:
        if len(self._followers) >= self._most:
            raise Unavailable("too many jobs are followed at this moment")
        if Counter(follower.member_id for follower in self._followers)[member_id] >= MOST_EACH:
            raise TooMany(f"vous suivez déjà {MOST_EACH} traitements à la fois")
        follower = _Follower(job, member_id)
        self._followers.add(follower)
        try:
            with self._open.track_inprogress():
                yield follower
        finally:
            self._followers.discard(follower)

    def _look(self) -> None:
        followers = list(self._followers)
        job_ids = sorted({follower.job_id for follower in followers})
        for first in range(0, len(job_ids), PAGE_LIMIT):
            ids = job_ids[first : first + PAGE_LIMIT]
            jobs_by_id = {job.id: job for job in self._jobs.find({"_id": {"$in": ids}})}
            for follower in followers:
                if job := jobs_by_id.get(follower.job_id):
                    follower.offer(job)


class _Follower:
    """One stream: the newest that is known of its job."""

    def __init__(self, job: Job, member_id: str) -> None:
        self.job_id, self.member_id = job.id, member_id
        self._job, self._awake = job, Event()
        self._awake.set()

    def offer(self, job: Job) -> None:
        """Pass the job on, if it is newer than the last one."""
        if job.version > self._job.version:
            self._job = job
            self.wake()

    def wake(self) -> None:
        """Wake the waiting reader."""
        self._awake.set()

    def wait(self, seconds: float) -> Job | None:
        """Wait for a newer state of the job; None without one for that long."""
        if not self._awake.wait(seconds):
            return None
        self._awake.clear()
        return self._job


def _written(kind: str, data: Mapping[str, object], position: StreamPosition) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {position}\nevent: {kind}\ndata: {text}\n\n".encode("utf-8", "replace")
