"""A thousand small jobs on a Slurm whose parts die, freeze and drain: what was lost or done twice.

The jobs themselves write down when they begin, go on and end; afterwards that is held against what
the executor said. A small loop stands for the service: it submits, polls, cancels some, submits
what ended without a result anew, and sometimes dies and takes up its work from its documents.
"""

import contextlib
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from uuid import uuid4

from services.compute.execution.executors.contract import Phase, Run, RunState, Submission
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import CommandFailed, Transport
from shared.errors import Unavailable
from tests.slurm import Slurm, running_slurm

TASKS, AT_ONCE, CANCELLED = 1000, 48, 0.03
POLL_SECONDS, DEADLINE_SECONDS, PATIENCE_SECONDS = 0.5, 2.0, 10.0
FAULT_SECONDS = 3.0
"""Between two faults, on average; each lasts for up to `LONGEST_SECONDS`."""
LONGEST_SECONDS = 5.0
MOST_SECONDS = 3600.0

SCRIPT = """
note() { echo "$1 $(date +%s%N)" >> "$PWD/ledger"; }
note begin
for beat in $(seq BEATS); do sleep 0.2; note work; done
echo '{}' > "$PWD/result.part" && mv "$PWD/result.part" "$PWD/result.json"
note end
"""


@dataclass
class Attempt:
    """One run of a task, and what was said of it."""

    task: int
    submission: Submission
    cancel_at: float
    is_submitted: bool = False
    is_cancelled: bool = False
    state: RunState | None = None
    ended_ns: int = 0

    @property
    def run(self) -> Run:
        """Its run."""
        return self.submission.run

    def ledger(self) -> list[tuple[str, int]]:
        """What its job wrote down: words and nanoseconds."""
        path = self.run.folder / "ledger"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(word, int(ns)) for word, ns in (line.split() for line in lines)]


@dataclass
class Service:
    """What the lab's service does, without the lab."""

    slurm: Slurm
    home: Path
    chance: random.Random
    waiting: list[int] = field(default_factory=lambda: list(range(TASKS)))
    active: list[Attempt] = field(default_factory=list)
    over: list[Attempt] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Begin without anything in mind."""
        self.executor = self._executor()

    def work(self) -> None:
        """Go on until each task has a result or was cancelled."""
        until = time.monotonic() + MOST_SECONDS
        while (self.waiting or self.active) and time.monotonic() < until:
            began = time.monotonic()
            if self.chance.random() < POLL_SECONDS / 30:
                self._die()
            while self.waiting and len(self.active) < AT_ONCE:
                self.active.append(self._attempt(self.waiting.pop()))
            self._submit()
            self._cancel()
            self._poll()
            time.sleep(max(0.0, began + POLL_SECONDS - time.monotonic()))

    def _executor(self) -> SlurmExecutor:
        return SlurmExecutor(Transport(self.slurm.prefix, DEADLINE_SECONDS), PATIENCE_SECONDS)

    def _attempt(self, task: int) -> Attempt:
        run = Run(uuid4().hex, self.home / f"{task}-{uuid4().hex[:8]}")
        run.folder.mkdir()
        beats = self.chance.choice((1, 2, 5, 15))
        command = ("/bin/sh", "-c", SCRIPT.replace("BEATS", str(beats)))
        is_unwanted = self.chance.random() < CANCELLED
        cancel_at = time.monotonic() + self.chance.uniform(0, 6) if is_unwanted else float("inf")
        return Attempt(task, Submission(run, 60, 50_000_000, command), cancel_at)

    def _die(self) -> None:
        """Forget all but documents: which of its runs were submitted, too."""
        self.counts["deaths of the service"] += 1
        self.executor = self._executor()
        for attempt in self.active:
            attempt.is_submitted = False

    def _submit(self) -> None:
        for attempt in self.active:
            if attempt.is_submitted:
                continue
            try:
                self.executor.submit(attempt.submission)
                attempt.is_submitted = True
            except Unavailable:
                self.counts["submissions without an answer"] += 1
                return

    def _cancel(self) -> None:
        for attempt in self.active:
            if attempt.cancel_at > time.monotonic():
                continue
            try:
                self.executor.cancel(attempt.run)
                attempt.is_cancelled, attempt.cancel_at = True, float("inf")
            except Unavailable:
                self.counts["cancellations without an answer"] += 1
                return

    def _poll(self) -> None:
        submitted = [attempt for attempt in self.active if attempt.is_submitted]
        states = self.executor.poll([attempt.run for attempt in submitted])
        for attempt in submitted:
            attempt.state = states[attempt.run.run_id]
            self.counts[f"polls: {attempt.state.phase}"] += 1
            if attempt.state.phase == Phase.ENDED:
                self._end(attempt)

    def _end(self, attempt: Attempt) -> None:
        attempt.ended_ns = time.time_ns()
        self.active.remove(attempt)
        self.over.append(attempt)
        if not (attempt.is_cancelled or (attempt.run.folder / "result.json").exists()):
            self.waiting.append(attempt.task)


class Faults:
    """What happens to the cluster meanwhile, in a thread of its own."""

    def __init__(self, slurm: Slurm, chance: random.Random) -> None:
        self._slurm, self._chance = slurm, chance
        self.counts: Counter[str] = Counter()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _go_on(self) -> None:
        kinds = (self._kill_controller, self._freeze, self._kill_node, self._cut_power, self._drain)
        while not self._is_over.wait(self._chance.expovariate(1 / FAULT_SECONDS)):
            fault = self._chance.choice(kinds)
            self.counts[fault.__name__.strip("_")] += 1
            fault()
            self._give_back()

    def _last(self) -> None:
        self._is_over.wait(self._chance.uniform(0, LONGEST_SECONDS))

    def _kill_controller(self) -> None:
        self._slurm.kill_controller()
        self._last()
        self._slurm.start_controller()

    def _freeze(self) -> None:
        with self._slurm.frozen():
            self._last()

    def _kill_node(self) -> None:
        self._slurm.kill_node()
        self._last()
        self._slurm.start_node()

    def _cut_power(self) -> None:
        self._slurm.cut_power()
        self._last()
        self._slurm.start_node()

    def _drain(self) -> None:
        with self._slurm.drained("tests"):
            self._last()

    def _give_back(self) -> None:
        """Do what an operator does with a node that Slurm itself took out."""
        with contextlib.suppress(CommandFailed):
            if "drain" in self._slurm("sinfo", "--noheader", "--format=%T"):
                self.counts["node taken out by Slurm"] += 1
                self._slurm("scontrol", "update", "NodeName=localhost", "State=resume")


def audit(service: Service) -> dict[str, int]:
    """What must be zero."""
    attempts = service.over
    settled = {
        attempt.task
        for attempt in attempts
        if attempt.is_cancelled or (attempt.run.folder / "result.json").exists()
    }
    results = Counter(
        attempt.task for attempt in attempts if (attempt.run.folder / "result.json").exists()
    )
    return {
        "tasks lost": TASKS - len(settled),
        "tasks with two results": sum(count > 1 for count in results.values()),
        "runs begun twice": _count(attempts, lambda attempt: _begun(attempt) > 1),
        "runs that went on when they had ended": _count(attempts, _went_on),
    }


def _count(attempts: list[Attempt], is_so: Callable[[Attempt], bool]) -> int:
    return sum(map(is_so, attempts))


def _begun(attempt: Attempt) -> int:
    return sum(word == "begin" for word, _ in attempt.ledger())


def _went_on(attempt: Attempt) -> bool:
    return any(ns > attempt.ended_ns for _, ns in attempt.ledger())


def main() -> None:
    """Run the campaign, and print what happened and what must not."""
    print(f"\nslurm_faults: {(__doc__ or '').splitlines()[0]}")
    seed = int(time.time())
    began = time.monotonic()
    with TemporaryDirectory(prefix="dl-") as folder:
        home = Path(folder)
        for name in ("slurm", "runs"):
            (home / name).mkdir()
        with running_slurm(home / "slurm", MinJobAge=5) as slurm:
            service = Service(slurm, home / "runs", random.Random(seed))
            with Faults(slurm, random.Random(seed + 1)) as faults:
                service.work()
            time.sleep(PATIENCE_SECONDS)  # for whatever goes on when it should not
            failures = audit(service)
        words = Counter(attempt.state.word for attempt in service.over if attempt.state)
        print(f"  seed {seed}, {time.monotonic() - began:.0f} s, {len(service.over)} runs")
        for title, counts in (("faults", faults.counts), ("service", service.counts)):
            print(f"  {title}: {', '.join(f'{name} {n}' for name, n in sorted(counts.items()))}")
        print(f"  last words: {', '.join(f'{word} {n}' for word, n in words.most_common())}")
        print(f"  must be 0: {', '.join(f'{name} {n}' for name, n in failures.items())}")
        _explain(service)
    sys.stdout.flush()


def _explain(service: Service) -> None:
    """Show the runs that went on after their end, and how long."""
    for attempt in filter(_went_on, service.over):
        late = (max(ns for _, ns in attempt.ledger()) - attempt.ended_ns) / 1e9
        print(f"    {attempt.state}: {late:.2f} s later")


if __name__ == "__main__":
    main()
