"""The machines behind a scheduler, and the folder that they share with the service."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from services.compute.execution.executors.contract import (
    Executor,
    Phase,
    Run,
    RunState,
    Submission,
    is_run_id,
)
from services.compute.execution.job_folder import JobFolder
from shared.engine.contract.folder_tree import remove
from shared.engine.sandbox.run_files import OUTCOME
from shared.errors import Unavailable

SHARDS = "shards"
"""The folder in that of a run with those of the runs that add up shards of its rows."""

_ASK_SECONDS = 2.0
_RECENTLY_SECONDS = 300.0
"""Nobody asks a scheduler any more who did not for so long."""

_ENGINE_BYTES = 300_000_000
"""Of whoever watches a job, beside what that may use."""

_CORES = 2
"""As many threads the engine's database has, wherever it runs."""

_OWNER = "{member}"


@dataclass(frozen=True)
class ClusterUse:
    """How runs are queued: the command that does one on a node, without its folder, and names.

    `{member}` in the account stands for the id of the member whose job it is.
    """

    command: Sequence[str]
    account: str = ""
    partition: str = ""


class Cluster:
    """Runs that outlive this process, in folders that any process finds again: see Executor.

    However many wait for their runs, the scheduler is asked for all at once, every two seconds.
    """

    name = "slurm"
    poll_seconds = 0.25
    outlives_service = True

    def __init__(self, executor: Executor, home: Path, use: ClusterUse) -> None:
        self._executor, self._home, self._use = executor, home, use
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._states: dict[str, RunState] = {}
        self._followed: dict[str, Run] = {}
        self._silent_since: float | None = None

    @property
    def silent_seconds(self) -> float:
        """For how long the scheduler has answered nothing; 0 while nobody asks it."""
        is_asked = time.monotonic() - self._asked_at < _RECENTLY_SECONDS
        since = self._silent_since if is_asked else None
        return 0.0 if since is None else time.monotonic() - since

    def count(self) -> Mapping[Phase, int]:
        """Return how many runs that are waited for are in each phase."""
        phases = Counter(state.phase for state in [*self._states.values()])
        return {phase: phases[phase] for phase in Phase}

    @property
    def stuck_runs(self) -> int:
        """How many of them are queued for a reason that does not pass when other runs end."""
        return sum(state.is_stuck for state in [*self._states.values()])

    @contextmanager
    def folder(self, run_id: str) -> Iterator[JobFolder]:
        """Provide the folder of a run, which stays there: see `sweep`."""
        path = self._home / run_id
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            yield JobFolder(path)
        finally:
            for run in _runs_of(path):
                self._followed.pop(run.run_id, None)
                self._states.pop(run.run_id, None)

    def has_folder(self, run_id: str) -> bool:
        """Whether a run of that id has its folder; there is none without an id."""
        return bool(run_id) and (self._home / run_id).is_dir()

    def submit(self, submission: Submission) -> str:
        """Queue a run, unless that was done: see Executor."""
        use, run = self._use, submission.run
        submission = replace(
            submission,
            command=(*use.command, str(run.folder)),
            account=use.account.replace(_OWNER, submission.owner_id.lower()),
            partition=use.partition,
            memory_bytes=submission.memory_bytes + _ENGINE_BYTES,
            cores=_CORES,
        )
        self._asked_at = time.monotonic()
        try:
            job_id = self._executor.submit(submission)
        except Unavailable:
            self._note_answer(is_one=False)
            raise
        self._note_answer(is_one=True)
        return job_id

    def poll(self, runs: Collection[Run]) -> Mapping[str, RunState]:
        """Return where each of these runs stood lately, unknown before anybody asked."""
        self._followed.update({run.run_id: run for run in runs})
        if time.monotonic() - self._asked_at >= _ASK_SECONDS and self._asking.acquire(
            blocking=False
        ):
            try:
                self._ask()
            finally:
                self._asking.release()
        unknown = RunState(Phase.UNKNOWN)
        return {run.run_id: self._states.get(run.run_id, unknown) for run in runs}

    def cancel(self, run: Run) -> None:
        """End a run in whatever state: see Executor."""
        self._executor.cancel(run)

    def sweep(self, wanted: Callable[[Collection[str]], Collection[str]]) -> None:
        """End the runs that nobody wants any more, and remove their folders.

        `wanted` returns, of ids of runs, those that somebody waits for or goes on with. Raises
        Unavailable when it cannot. While the scheduler hears nothing what they read is removed
        alone, and the rest at a later call.
        """
        run_ids = [path.name for path in self._home.glob("*") if is_run_id(path.name)]
        unwanted = {*run_ids} - {*(wanted(run_ids) if run_ids else ())}
        folders = [self._home / run_id for run_id in sorted(unwanted)]
        runs = {folder: _runs_of(folder) for folder in folders}
        for run in chain.from_iterable(runs.values()):
            remove(run.folder / "in")
        for folder in folders:
            for run in runs[folder]:
                if not (run.folder / OUTCOME).exists():
                    self._executor.cancel(run)
            remove(folder)

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        states = self._executor.poll(list(self._followed.values()))
        self._note_answer(is_one=any(state.phase != Phase.UNKNOWN for state in states.values()))
        self._states.update(
            {run_id: state for run_id, state in states.items() if run_id in self._followed}
        )

    def _note_answer(self, *, is_one: bool) -> None:
        if is_one:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = self._asked_at


def _runs_of(folder: Path) -> list[Run]:
    """Return the run of a folder, and those of its shards."""
    shards = sorted((folder / SHARDS).glob("*"))
    return [Run(path.name, path) for path in (folder, *shards) if is_run_id(path.name)]
