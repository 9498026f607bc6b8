"""Runs of one test: what they do, where they stand, and what they wrote."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.compute.execution.executors.contract import (
    Executor,
    Phase,
    Run,
    RunState,
    Submission,
    Word,
)
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import Transport
from tests.servers import PATIENCE_SECONDS, eventually
from tests.slurm import Slurm

WAITS = 'while [ ! -e "$PWD/go" ]; do sleep 0.05; done'
"""A command that ends once `Runs.release` was called."""


def node_command(ledger: Path, first: str = "true") -> list[str]:
    """What a node does: it notes in the ledger that it begins, does that first, then the job."""
    engine = f'exec {sys.executable} -m shared.engine.sandbox "$1"'
    return ["/bin/sh", "-c", f'echo "$1" >> {ledger}; {first}; {engine}', "sh"]


class Runs:
    """Runs in folders below one, each the script of a shell that has its folder as `$PWD`."""

    def __init__(self, slurm: Slurm, home: Path) -> None:
        self.slurm, self._home = slurm, home
        self.executor: Executor = self.executor_behind()
        self._all: list[Run] = []

    def executor_behind(
        self, *prefix: str, deadline_seconds: float = PATIENCE_SECONDS, patience_seconds: float = 1
    ) -> SlurmExecutor:
        """Another executor, whose commands are run by `prefix`."""
        transport = Transport((*prefix, *self.slurm.prefix), deadline_seconds)
        return SlurmExecutor(transport, patience_seconds)

    def new(self, script: str, **options: Any) -> Submission:
        """A run that nobody submitted yet, which writes the ids of the jobs that do its work."""
        run = Run(uuid4().hex, self._home / uuid4().hex)
        run.folder.mkdir()
        self._all.append(run)
        command = ("/bin/sh", "-c", f'echo "$SLURM_JOB_ID" >> "$PWD/ledger"; {script}')
        submission = Submission(run, 60, 50_000_000, command)
        return replace(submission, **options)

    def close(self) -> None:
        """End all of them, and start what the test killed."""
        self.slurm.repair()
        for run in self._all:
            self.slurm("scancel", f"--name=datalab-{run.run_id}")

    def submitted(self, script: str, phase: Phase | None = None, **options: Any) -> Run:
        """A new run that was submitted, and got to a phase if one is asked for."""
        submission = self.new(script, **options)
        self.executor.submit(submission)
        if phase:
            self.wait(submission.run, phase)
        if phase == Phase.RUNNING:
            eventually(lambda: self.ledger(submission.run), "a start")
        return submission.run

    def state(self, run: Run) -> RunState:
        """Where a run stands."""
        return self.executor.poll([run])[run.run_id]

    def wait(self, run: Run, phase: Phase, word: Word | None = None) -> RunState:
        """The state of a run once it got to a phase."""
        states = [self.state(run)]

        def arrived() -> bool:
            states.append(self.state(run))
            return states[-1].phase == phase

        eventually(arrived, f"{phase}")
        assert states[-1].word == word or word is None
        return states[-1]

    def jobs(self, run: Run) -> list[str]:
        """The ids of the jobs that Slurm has of a run, whatever their state."""
        name = f"--name=datalab-{run.run_id}"
        return self.slurm("squeue", "--states=all", "--noheader", "--format=%i", name).split()

    @staticmethod
    def release(run: Run) -> None:
        """Let a run end that waits."""
        (run.folder / "go").touch()

    @staticmethod
    def ledger(run: Run) -> list[str]:
        """The ids of the jobs that began the work of a run."""
        ledger = run.folder / "ledger"
        return ledger.read_text().split() if ledger.exists() else []
