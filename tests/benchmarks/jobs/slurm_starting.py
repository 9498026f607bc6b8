"""How soon a job on Slurm starts beside bare sbatch, and what it costs to submit and to look.

The cluster is one controller and one node on this machine; seconds are from before the submission
to the first command of the job.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from services.compute.execution.executors.contract import Run, Submission
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import Transport
from tests.servers import eventually
from tests.slurm import Slurm, running_slurm

TIMES, QUEUED = 20, 1000
_LOOK = 0.02

Started = tuple[float, float]
"""Seconds to submit a job, and to its start."""


class Submitting:
    """Jobs that write down when they start."""

    def __init__(self, slurm: Slurm, home: Path) -> None:
        self.executor = SlurmExecutor(Transport(slurm.prefix))
        self._transport, self._home = Transport(slurm.prefix), home

    def new(self) -> Submission:
        """A run that writes the time."""
        run = Run(uuid4().hex, self._home / uuid4().hex)
        run.folder.mkdir()
        return Submission(run, 60, 50_000_000, ("/bin/sh", "-c", "date +%s.%N > time"))

    def ours(self) -> Started:
        """By the executor."""
        submission = self.new()
        return self._started(submission, lambda: self.executor.submit(submission))

    def bare(self) -> Started:
        """By sbatch with as little as it needs."""
        submission = self.new()
        folder = submission.run.folder
        words = ["sbatch", "--parsable", f"--chdir={folder}", "--mem=48M", "--export=NIL"]
        script = f"#!/bin/sh\ndate +%s.%N > {folder}/time\n"
        return self._started(submission, lambda: self._transport.run(words, script))

    @staticmethod
    def _started(submission: Submission, submit: Callable[[], object]) -> Started:
        path = submission.run.folder / "time"
        began, clock = time.monotonic(), time.time()
        submit()
        submitted = time.monotonic() - began
        eventually(lambda: path.exists() and path.read_text().strip(), "a start", every=_LOOK)
        return submitted, float(path.read_text()) - clock


def starts(submitting: Submitting) -> None:
    """One at a time, ours and bare ones in turn."""
    kinds = {"ours": submitting.ours, "bare sbatch": submitting.bare}
    taken: dict[str, list[Started]] = {name: [] for name in kinds}
    for start in kinds.values():
        start()
    for _ in range(TIMES):
        for name, start in kinds.items():
            taken[name].append(start())
    for name, times in taken.items():
        submitted, started = (list(seconds) for seconds in zip(*times, strict=True))
        late = statistics.quantiles(started, n=20, method="inclusive")[18]
        print(
            f"  {name:<12} submitted p50 {statistics.median(submitted) * 1000:.0f} ms;"
            f" started p50 {statistics.median(started):.2f} s, p95 {late:.2f} s",
            flush=True,
        )


def looks(submitting: Submitting, slurm: Slurm) -> None:
    """With many in the queue: one poll of all of them, and what squeue takes for its JSON."""
    with slurm.drained("measured"):
        submissions = [submitting.new() for _ in range(QUEUED)]
        began = time.monotonic()
        for submission in submissions:
            submitting.executor.submit(submission)
        each = (time.monotonic() - began) / QUEUED
        print(f"  {QUEUED} submitted in a row: {each * 1000:.0f} ms each", flush=True)
        runs = [submission.run for submission in submissions]
        poll = _median(lambda: submitting.executor.poll(runs))
        print(f"  poll of {QUEUED}: {poll * 1000:.0f} ms", flush=True)
        for option in ("--format=%i|%T|%j|%r", "--json"):
            words = ("squeue", "--me", "--states=all", option)
            seconds = _median(lambda words=words: slurm(*words))  # type: ignore[misc]
            size = len(slurm(*words))
            print(f"  squeue {option}: {seconds * 1000:.0f} ms, {size:,} characters", flush=True)


def _median(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        call()
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


def main() -> None:
    """Start a cluster, and measure."""
    print(f"\nslurm_starting: {(__doc__ or '').splitlines()[0]}")
    with TemporaryDirectory(prefix="dl-") as folder:
        home = Path(folder)
        for name in ("slurm", "runs"):
            (home / name).mkdir()
        with running_slurm(home / "slurm") as slurm:
            submitting = Submitting(slurm, home / "runs")
            starts(submitting)
            looks(submitting, slurm)


if __name__ == "__main__":
    main()
