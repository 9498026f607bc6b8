"""Whole lifecycles, from submission to delivery, on stacks with one and two workers a service.

Each lifecycle runs a trial and a full job in the sandbox and returns its result to the catalogue;
the driver makes people's decisions over HTTP as soon as it hears that they are due, on the same
machine.
"""

import statistics
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.jobs.arrivals import Arrivals, listening
from tests.benchmarks.jobs.processor_time import ProcessorTime
from tests.chaos.journey import Cast, Journey
from tests.chaos.lab import Lab, grant_all, release_all

PROJECTS = 16
_SECONDS = 300
_LOOK_SECONDS, _AGAIN_SECONDS, _PATIENCE_SECONDS = 5.0, 0.3, 1.5
_TELLING = {
    "project_advised",
    "project_trialled",
    "project_piloted",
    "project_staffed",
    "member_invited",
    "job_succeeded",
    "result_released",
    "project_delivered",
}
"""Events after which somebody has to decide, or nothing is left to be decided."""


class Delivery(Journey):
    """A project that is delivered, whatever its number."""

    target = "delivered"


def main() -> None:
    """Measure with one and with two workers, and print both."""
    print(f"\nlifecycles: {__doc__.splitlines()[0] if __doc__ else ''}")
    for workers in (1, 2):
        with TemporaryDirectory(prefix="dl-") as home:
            lab = Lab(Path(home), workers)
            with lab.up():
                uri = lab.stack.environment()["DATALAB_AMQP_URI"]
                with listening(uri, "intake", "catalog", "compute") as arrivals:
                    pids = {process.name: process.pid for process in lab.stack.status()}
                    measure(lab.cast(), arrivals, workers, ProcessorTime(pids))


def measure(cast: Cast, arrivals: Arrivals, workers: int, processors: ProcessorTime) -> None:
    """Drive the projects all at once and print rate, latency and what each service computed."""
    journeys = [Delivery(number, 0, cast) for number in range(PROJECTS)]
    with processors:
        began = time.monotonic()
        for journey in journeys:
            journey.step()
        drive(cast, arrivals, journeys)
        seconds = time.monotonic() - began
    waits = sorted(advice_seconds(cast, journey) for journey in journeys)
    print(
        f"  {workers} worker(s): {PROJECTS / seconds:.2f} lifecycles/s; submit to advised"
        f" median {statistics.median(waits) * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms"
    )
    spent = {name: seconds / PROJECTS for name, seconds in processors.spent.items()}
    seconds_by_process = ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items())
    print(
        f"    processor-seconds a lifecycle: {sum(spent.values()):.2f} ({seconds_by_process})",
        flush=True,
    )


def drive(cast: Cast, arrivals: Arrivals, journeys: list[Delivery]) -> None:
    """Take the next decision of a project that something is heard of, until all arrived.

    Where none was due, again for a while, since what was heard may not be heard by the service
    yet; of all others now and then.
    """
    heard, looked, began = 0, time.monotonic(), time.monotonic()
    about: dict[str, float] = {}
    while waiting := [journey for journey in journeys if not journey.has_arrived]:
        if time.monotonic() - began > _SECONDS:
            raise SystemExit(f"{len(waiting)} did not arrive: {waiting[0].error}")
        news = arrivals.after(heard, _AGAIN_SECONDS if about else _LOOK_SECONDS)
        heard += len(news)
        if any(event["type"] == "access_requested" for event in news):
            grant_all(cast.owner)
        if any(event["type"] == "result_held" for event in news):
            release_all(cast.staff)
        project_ids = {
            event["data"].get("project_id") for event in news if event["type"] in _TELLING
        }
        if time.monotonic() - looked > _LOOK_SECONDS:
            project_ids |= {journey.project_id for journey in waiting}
            looked = time.monotonic()
        about |= dict.fromkeys(project_ids, time.monotonic() + _PATIENCE_SECONDS)
        due = [journey for journey in waiting if journey.project_id in about]
        decided = {journey.project_id for journey in due if journey.step()}
        about = {
            project_id: until
            for project_id, until in about.items()
            if project_id not in decided and until > time.monotonic()
        }


def advice_seconds(cast: Cast, journey: Journey) -> float:
    """Seconds between the submission and the advice, as the project's history has them."""
    history = cast.holder.get("intake", f"/projects/{journey.project_id}")["history"]
    at = {entry["stage"]: datetime.fromisoformat(entry["at"]) for entry in history[::-1]}
    return (at["advised"] - at["submitted"]).total_seconds()
