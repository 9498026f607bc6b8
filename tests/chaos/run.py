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
from tests.chaos.lab import Lab, grant_all

Tell = Callable[[str], None]
_PAUSE_SECONDS = 0.05
_REST_SECONDS = 180
_QUIET_SECONDS = 4
_PROJECTS = 60
"""With more of them, processes are killed less often: as many kills for each project."""


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
        tell(f"the stack is up after {time.monotonic() - began:.0f} s")
        with lab.killing(seed, kills, max(1, projects / _PROJECTS)) as enough:
            _flow(journeys, enough, began + seconds, tell)
        tell(f"{len(lab.kills)} kills: {dict(Counter(lab.kills))}")
        unrest = _rest(lab)
        faults = [*unrest, *audit.faults(lab, journeys)]
    events = len(lab.partner.received)
    summary = (
        f"{projects} projects, {len(lab.kills)} kills, {events} signed calls received by the "
        f"partner, {time.monotonic() - began:.0f} s, {len(faults)} faults (seed {seed})"
    )
    return Report(lab.kills, faults, summary)


def _flow(journeys: list[Journey], enough: Event, end: float, tell: Tell) -> None:
    """Step through all projects until each has arrived and enough was killed."""
    told = 0
    owner = journeys[0].cast.owner
    while time.monotonic() < end:
        grant_all(owner)
        for journey in journeys:
            if not journey.has_arrived:
                journey.step()
        arrived = sum(journey.has_arrived for journey in journeys)
        if arrived >= told + max(1, len(journeys) // 10):
            told = arrived
            tell(f"{arrived} of {len(journeys)} projects have arrived")
        if arrived == len(journeys) and enough.is_set():
            return
        time.sleep(_PAUSE_SECONDS)


def _rest(lab: Lab) -> list[str]:
    """Wait until nothing is under way any more; what still is, after a while.

    Nothing must be seen for some seconds: a broker that was just restarted counts no messages at
    first, and never those in a consumer's hands.
    """
    quiet_since = [time.monotonic()]

    def at_rest() -> bool:
        try:
            busy = audit.unrest(lab)
        except (OSError, amqp.AMQPError):
            busy = ["the broker is away"]
        if busy:
            quiet_since[0] = time.monotonic()
        return time.monotonic() - quiet_since[0] > _QUIET_SECONDS

    return [] if wait_until(at_rest, _REST_SECONDS) else audit.unrest(lab)
