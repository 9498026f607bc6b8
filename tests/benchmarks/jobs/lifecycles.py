"""Whole lifecycles, from submission to delivery, on stacks with one and two workers a service.

Each lifecycle runs a trial and a full job in the sandbox and returns its result to the catalogue;
the driver makes people's decisions over HTTP, as fast as it can, on the same machine.
"""

import statistics
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.journey import Cast, Journey
from tests.chaos.lab import Lab, grant_all

PROJECTS = 16
_SECONDS = 300


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
                measure(lab.cast(), workers)


def measure(cast: Cast, workers: int) -> None:
    """Drive the projects all at once and print rate and latency."""
    journeys = [Delivery(number, 0, cast) for number in range(PROJECTS)]
    began = time.monotonic()
    while not all(journey.has_arrived for journey in journeys):
        if time.monotonic() - began > _SECONDS:
            raise SystemExit(f"only {sum(j.has_arrived for j in journeys)} of {PROJECTS} arrived")
        grant_all(cast.owner)
        for journey in journeys:
            if not journey.has_arrived:
                journey.step()
    seconds = time.monotonic() - began
    waits = sorted(advice_seconds(cast, journey) for journey in journeys)
    print(
        f"  {workers} worker(s): {PROJECTS / seconds:.2f} lifecycles/s; submit to advised"
        f" median {statistics.median(waits) * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms"
    )


def advice_seconds(cast: Cast, journey: Journey) -> float:
    """Seconds between the submission and the advice, as the project's history has them."""
    history = cast.holder.get("intake", f"/projects/{journey.project_id}")["history"]
    at = {entry["stage"]: datetime.fromisoformat(entry["at"]) for entry in history[::-1]}
    return (at["advised"] - at["submitted"]).total_seconds()
