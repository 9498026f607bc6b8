"""Which jobs are due, and where each of them stands, read from what waits and runs then."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from services.compute.execution.fair_queue import Turns
from services.compute.jobs.model import Job, after_lane
from shared.aggregate import now
from shared.language.french import counted, french_list, quoted
from shared.store import Repository

LANE_DEPTH = 20
"""How many jobs of a lane are put in order; of one behind them only that is told."""

_TITLES = 3
_AT_ONCE = 20


def first_due(
    jobs: Repository[Job], time: datetime, counts: Callable[[Job], bool] = bool
) -> list[Job]:
    """Return the job of each lane that has been due longest; the jobs behind it are not read.

    Of jobs that count alone, if some do not.
    """
    first: dict[str, Job] = {}
    beyond = ""
    while True:
        due_jobs = jobs.find({"turn": {"$gt": beyond}}, sort="turn", limit=_AT_ONCE)
        for job in filter(counts, due_jobs):
            first.setdefault(job.lane, job)
        if len(due_jobs) < _AT_ONCE:
            return [job for job in first.values() if job.is_due(time)]
        last = due_jobs[-1]
        beyond = after_lane(last.lane) if last.lane in first else last.turn


def is_told(job: Job) -> bool:
    """Whether all may be told that a job waits, as none of its runs may tell of the data."""
    return job.public_state == "queued"


class QueuePlace(NamedTuple):
    """What a queued job waits for: jobs of its member before it, other members, running jobs.

    `is_deep` where more than LANE_DEPTH jobs of its own lane are before it; `most_at_once` jobs of
    a member run, 0 without a bound.
    """

    job: Job
    jobs_before: Sequence[Job] = ()
    is_deep: bool = False
    other_members: int = 0
    running: int = 0
    running_of_member: int = 0
    most_at_once: int = 0

    def in_french(self, *, is_own: bool) -> str:
        """State the place in French; titles of projects are for who owns the job alone."""
        whose = "vos" if is_own else "ses"
        share = f"au plus {self.most_at_once} de {whose} traitements à la fois"
        parts = (
            self._rank(is_own=is_own),
            # Whether they are that many now may tell how one with others' restricted data goes on.
            share if self.most_at_once else "",
            self._others,
            self._running(is_own=is_own),
        )
        return " ; ".join(filter(None, parts))

    def _rank(self, *, is_own: bool) -> str:
        line, whose = ("votre file", "vos") if is_own else ("la file de ce membre", "ses")
        if self.is_deep:
            return f"plus de {LANE_DEPTH} de {whose} traitements d'abord"
        if not self.jobs_before:
            return f"prochain de {line}"
        number = len(self.jobs_before)
        titles = f" ({french_list(self._titles)})" if is_own and self._titles else ""
        return f"{number + 1}ᵉ de {line} : {number} de {whose} traitements d'abord{titles}"

    @property
    def _titles(self) -> list[str]:
        """Return the titles of the member's other projects before the job, at most three."""
        others = (job for job in self.jobs_before if job.project_id != self.job.project_id)
        titles = [quoted(job.title) for job in others if job.project_id and job.title]
        return list(dict.fromkeys(titles))[:_TITLES]

    @property
    def _others(self) -> str:
        if not self.other_members:
            return ""
        waiting = counted(self.other_members, "autre membre attend", "autres membres attendent")
        return f"{waiting} aussi, chacun son tour"

    def _running(self, *, is_own: bool) -> str:
        if not self.running:
            return ""
        running = counted(self.running, "traitement", "traitements") + " en cours"
        if not self.running_of_member:
            return running
        if self.running == self.running_of_member == 1:
            return f"{running}, {'le vôtre' if is_own else 'de ce membre'}"
        share = self.running_of_member
        return f"{running}, dont {share} {'des vôtres' if is_own else 'de ce membre'}"


class WaitingLine:
    """The jobs that wait and run at one moment, as all may be told of them.

    Jobs of others' restricted data are left out once they began: whether they run, wait again or
    ended may tell of the data. `turns` are charged with none of these, either.
    """

    def __init__(self, jobs: Repository[Job], turns: Turns, member_jobs: int = 0) -> None:
        self._jobs, self._turns, self._time = jobs, turns, now()
        self._member_jobs = member_jobs
        self._orders: dict[str, list[Job]] = {}

    def sentence(self, job: Job, *, is_own: bool) -> str:
        """State in French where a job stands; empty for one that does not wait for its turn."""
        if not (is_told(job) and job.is_due(self._time)):
            return ""
        return self.place(job).in_french(is_own=is_own)

    def place(self, job: Job) -> QueuePlace:
        """Return what a due job waits for."""
        order = self._order(job.owner_id)
        ids = [queued.id for queued in order]
        deepest = max(
            (queued.turn for queued in order if queued.lane == job.lane), default=job.turn
        )
        return QueuePlace(
            job,
            order[: ids.index(job.id)] if job.id in ids else (),
            is_deep=job.turn > deepest,
            other_members=len({head.owner_id for head in self._heads} - {job.owner_id}),
            running=len(self._running),
            running_of_member=sum(other.owner_id == job.owner_id for other in self._running),
            most_at_once=self._member_jobs,
        )

    @cached_property
    def _heads(self) -> list[Job]:
        return first_due(self._jobs, self._time, is_told)

    @cached_property
    def _running(self) -> list[Job]:
        return self._jobs.find({"public_state": "running"})

    def _order(self, owner_id: str) -> list[Job]:
        """Return a member's due jobs in the order in which they begin, if none ends meanwhile."""
        if owner_id not in self._orders:
            lanes = [head.lane for head in self._heads if head.owner_id == owner_id]
            waiting = [self._of_lane(lane) for lane in lanes]
            self._orders[owner_id] = in_turn(waiting, self._running, self._turns)
        return self._orders[owner_id]

    def _of_lane(self, lane: str) -> list[Job]:
        # By one field: of two, the embedded server would choose the wrong index.
        where = {"turn": {"$gt": lane, "$lt": after_lane(lane)}}
        jobs = self._jobs.find(where, sort="turn", limit=LANE_DEPTH)
        return [job for job in jobs if is_told(job) and job.is_due(self._time)]


def in_turn(lanes: Iterable[Sequence[Job]], running: Iterable[Job], turns: Turns) -> list[Job]:
    """Return the jobs of lanes, each in its own order, as the scheduler takes them one by one."""
    waiting = {jobs[0].lane: list(jobs) for jobs in lanes if jobs}
    begun, order, clock = list(running), list[Job](), time.monotonic()
    while job := turns.next((jobs[0] for jobs in waiting.values() if jobs), begun, clock):
        waiting[job.lane].pop(0)
        begun.append(job)
        order.append(job)
    return order
