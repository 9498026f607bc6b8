"""What grows with the work, at 1, 10 and 100 times the size: queue, reading, crossing, preview.

The queue: the seconds to find the job whose turn it is, among jobs of 20 members, and to take it.
Reading and crossing: the seconds of jobs in the sandbox, of so many rows of CSV with 35,000.
"""

import contextlib
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from services.compute.execution.fair_queue import Turns
from services.compute.execution.waiting_line import first_due
from services.compute.jobs.model import Job
from shared.aggregate import new_id, now
from shared.store import Repository, Store
from tests.benchmarks.jobs import crossing, previews
from tests.servers import Documents

QUEUES, MEMBERS, ROUNDS = (100, 1_000, 10_000), 20, 9
_LEASE = timedelta(minutes=1)


def main() -> None:
    """Print the seconds at each size, and how many times those of the size before they are."""
    print(f"\ngrowth: {__doc__ and __doc__.splitlines()[0]}")
    with TemporaryDirectory(prefix="dl-") as home:
        _measure_queue(Path(home))
        _measure_jobs(Path(home))
    previews.main()


def _measure_queue(home: Path) -> None:
    documents = Documents(home / "documents")
    documents.start()
    try:
        store = Store(documents.uri, "growth")
        store.prepare((Job,))
        jobs, grown, queued = store.of(Job), [], 0
        for size in QUEUES:
            for number in range(queued, size):
                jobs.save(_queued(f"mbr_{number % MEMBERS}"))
            queued = size
            grown.append(_median(lambda: _lease(jobs)))
        _print("lease among queued jobs", QUEUES, grown)
    finally:
        documents.stop()


def _queued(member: str) -> Job:
    return Job(id=new_id("job"), kind="ingest", owner_id=member, lane=member, queued_at=now())


def _lease(jobs: Repository[Job]) -> float:
    began = time.perf_counter()
    job = Turns().next(first_due(jobs, now()), jobs.find({"state": "running"}), 0.0)
    assert job
    job.take("run", now(), _LEASE)
    taken = jobs.save(job)
    seconds = time.perf_counter() - began
    taken.give_back("run", 0.0, "", now())
    jobs.save(taken)
    return seconds


def _measure_jobs(home: Path) -> None:
    runs = []
    for rows in previews.SIZES:
        tables = crossing.tables(home, rows, "csv")
        with contextlib.closing(crossing.ready_spares()) as spares:
            runs.append(crossing.run_jobs(spares, *tables))
    for kind in ("reading", "crossing"):
        _print(f"{kind} of rows", previews.SIZES, [run[kind] for run in runs])


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(ROUNDS))


def _print(what: str, sizes: Sequence[int], grown: Sequence[float]) -> None:
    figures = [f"{size:,}: {seconds:.3f} s" for size, seconds in zip(sizes, grown, strict=True)]
    times = [f"x{later / before:.1f}" for before, later in itertools.pairwise(grown)]
    print(f"  {what:<24} {', '.join(figures)} ({', '.join(times)})", flush=True)


if __name__ == "__main__":
    main()
