"""What the service asks of whatever runs jobs: submit, poll, cancel.

A run is one attempt at a job, and starts at most once, however often it is submitted. Whether it
succeeded is decided by the outcome in its folder, never here: a scheduler's word is a hint.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from services.compute.execution.job_folder import JobFolder

STDERR = "stderr.log"
"""What the command of a run says beside its job's log, in its folder."""

_RUN_ID = re.compile(r"[0-9a-f]{8,64}")
_UNFIT = frozenset("%\\\n")
"""What schedulers put something else for in the names of files."""


def is_run_id(text: str) -> bool:
    """Whether a run may be called that: 8 to 64 hex digits."""
    return _RUN_ID.fullmatch(text) is not None


class Phase(StrEnum):
    """How far a run got."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    """Its command never starts any more, and does not run as far as the scheduler can see."""
    UNKNOWN = "unknown"
    """Nobody could say; to be asked again."""


class Word(StrEnum):
    """What the scheduler says of a run that ended: for people and logs, no verdict."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    NODE_FAILED = "node failed"
    """Its processes may work on, on a machine that nobody reaches: in their own folder."""
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    NEVER_STARTED = "never started"
    FORGOTTEN = "forgotten"
    """It started, is gone, and nobody says why."""


@dataclass(frozen=True)
class RunState:
    """Where a run stands; `reason` is the scheduler's own, or why nobody could say.

    What `is_stuck` is queued for a reason that does not pass when other runs end.
    """

    phase: Phase
    word: Word | None = None
    reason: str = ""
    is_stuck: bool = False


@dataclass(frozen=True)
class Run:
    """One attempt: an id in hex digits, and a folder of its own that service and nodes share.

    The folder stays until the run ended. What runs may not write into it, but below: the executor's
    notes are there.
    """

    run_id: str
    folder: Path

    def __post_init__(self) -> None:
        """Raise ValueError for what a scheduler could misread."""
        if not is_run_id(self.run_id):
            raise ValueError(f"no run id: {self.run_id!r}")
        if not self.folder.is_absolute() or _UNFIT & set(str(self.folder)):
            raise ValueError(f"no folder of a run: {self.folder}")


@dataclass(frozen=True)
class Submission:
    """What to run, by absolute path, for which member, and what it may use.

    Empty names mean the scheduler's own. Without a command it is what does the job of the folder.
    The scheduler's limits are coarse, and only a backstop of the runner's.
    """

    run: Run
    seconds: float
    memory_bytes: int
    command: Sequence[str] = ()
    owner_id: str = ""
    cores: int = 1
    account: str = ""
    partition: str = ""


class Executor(Protocol):
    """Whatever runs jobs: on this machine, or on those of a cluster."""

    def submit(self, submission: Submission) -> str:
        """Queue a run, unless that was done; returns the scheduler's id of it, for people.

        Raises Rejected where the scheduler never takes it, and Unavailable where it is not certain
        that it did: submitted again it runs once all the same. After `cancel` it is not queued,
        and the id is empty.
        """

    def poll(self, runs: Collection[Run]) -> Mapping[str, RunState]:
        """Where each of these runs stands, by its id, for runs whose submission returned.

        Without an answer of the scheduler all are unknown; nothing is raised.
        """

    def cancel(self, run: Run) -> None:
        """End a run in whatever state, and keep it from starting if it did not.

        Raises Unavailable when the scheduler could not be told: it may still be running. One that
        forgot it lets the run go on: who polls cancels again until it ended.
        """


class RunPlace(Executor, Protocol):
    """An executor that has folders for its runs."""

    name: str
    """What results say of where they were made."""
    poll_seconds: float
    """How long to wait before one looks again."""
    outlives_service: bool
    """Whether its runs go on when the service ends, and are found again by their id."""

    def folder(self, run_id: str) -> AbstractContextManager[JobFolder]:
        """Provide the folder of a run."""
