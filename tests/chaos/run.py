"""Projects flow, processes die, everything comes to rest, and the audit looks at what is left."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import amqp

from deploy.local.supervision import wait_until
from tests.chaos import audit
from tests.chaos.journey import Journey
from tests.chaos.lab import Lab, grant_all, release_all

Tell = Callable[[str], None]
_PAUSE_SECONDS = 0.5
_REST_SECONDS = 180
_QUIET_SECONDS = 4
_PROJECTS = 120
"""With more of them, processes are killed less often: as many kills for each project."""

_START_SECONDS = 8
"""On a machine where the lab takes longer to start, processes are killed less often, too."""


@dataclass
class Report:
    """What was done, and every promise found broken."""

    kills: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    summary: str = ""


def run(
    home: Path, *, projects: int, kills: int, seed: int, workers: int, seconds: float, tell: Tell
) -> Report:
    """Let `projects` flow while at least `kills` processes are killed; the audit's report."""
    lab = Lab(home, workers)
    began = time.monotonic()
    with lab.up():
        cast = lab.cast()
        journeys = [Journey(number, seed, cast) for number in range(projects)]
        started = time.monotonic() - began
        tell(f"the stack is up after {started:.0f} s")
        ease = max(1, projects / _PROJECTS) * max(1, started / _START_SECONDS)
        with lab.killing(seed, kills, ease) as enough:
            _flow(journeys, enough, began + seconds, tell)
        tell(f"{len(lab.kills)} kills: {dict(Counter(lab.kills))}")
        left_alone = time.monotonic()
        under_way = _rest(lab)
        rested = time.monotonic() - left_alone
        faults = audit.verdict(under_way, audit.faults(lab, journeys))
    events = len(lab.partner.received)
    summary = (
        f"{projects} projects, {len(lab.kills)} kills, {events} signed calls received by the "
        f"partner, {time.monotonic() - began:.0f} s of which {rested:.0f} to come to rest, "
        f"{len(faults)} faults (seed {seed})"
    )
    return Report(lab.kills, faults, summary)


def _flow(journeys: list[Journey], enough: Event, end: float, tell: Tell) -> None:
    """Step through all projects until each has arrived and enough was killed."""
    rests = 0
    cast = journeys[0].cast
    while time.monotonic() < end:
        grant_all(cast.owner)
        release_all(cast.staff)
        for journey in journeys:
            if not journey.has_arrived:
                journey.step()
        arrived = sum(journey.has_arrived for journey in journeys)
        if arrived >= rests + max(1, len(journeys) // 10):
            rests = arrived
            tell(f"{arrived} of {len(journeys)} projects have arrived")
        if arrived == len(journeys) and enough.is_set():
            return
        time.sleep(_PAUSE_SECONDS)


class Rest:
    """Whether a lab that is left alone came to rest, judged by how much each look finds under way.

    Nothing must be seen for some seconds: a broker that was just restarted counts no messages at
    first, and never those in a consumer's hands. Patience ends when less was never under way for
    `patience` seconds: the longer the queues, the longer it lasts.
    """

    def __init__(self, patience: float, quiet: float, at: float) -> None:
        self._patience, self._quiet = patience, quiet
        self._quiet_since = self._fewer_since = at
        self._least = float("inf")

    def look(self, under_way: int | None, at: float) -> bool:
        """Whether it is over: all is at rest, or goes on no further; None is not known."""
        if under_way != 0:
            self._quiet_since = at
        if under_way is not None and under_way < self._least:
            self._least, self._fewer_since = under_way, at
        return at - self._quiet_since > self._quiet or at - self._fewer_since > self._patience


def _rest(lab: Lab) -> list[audit.UnderWay]:
    """Wait until nothing is under way any more; what still is, once that goes on no further."""
    rest = Rest(_REST_SECONDS, _QUIET_SECONDS, time.monotonic())
    work_under_way: list[audit.UnderWay] = []

    def is_over() -> bool:
        try:
            work_under_way[:] = audit.unrest(lab)
        except (OSError, amqp.AMQPError):
            work_under_way[:] = [audit.UnderWay(1, "broker that is away")]
            return rest.look(None, time.monotonic())
        return rest.look(sum(work.number for work in work_under_way), time.monotonic())

    wait_until(is_over, float("inf"))
    return work_under_way
