"""Runs one job in a sandbox and watches it: time, memory, processes, output, cancellation.

Works the same in a plain process and in one that eventlet patched: `subprocess`, `select` and
`time` are all it waits with.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.compute.execution.bubblewrap import INNER_JOB, PROCESSES, confined
from services.compute.execution.disk_space import overfilled
from services.compute.execution.job_folder import WAIT
from services.compute.execution.job_output import JobOutput, Progress
from services.compute.execution.process_tree import ProcessTree, resident

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_PATIENCE_SECONDS = 10.0
_FLOOD = 200
"""A job may say this many times what is kept of its log."""

_RESULT_BYTES = 5_000_000
_RUNNER = "services.compute.runner"

_CANCELLED = "le traitement a été annulé"
_ABORTED = (6, 128 + 6)
"""How a process ends that is refused memory: by SIGABRT, or bwrap says so of what it ran."""


@dataclass(frozen=True)
class Limits:
    """What one job may use; memory is the resident set of all its processes together."""

    seconds: float
    memory_bytes: int
    processes: int = PROCESSES
    log_bytes: int = 20_000


@dataclass(frozen=True)
class SandboxOutcome:
    """How a job ended; `reason` says in French why it failed, and is empty when it did not."""

    ok: bool
    reason: str
    seconds: float
    peak_bytes: int
    log_tail: str


class Sandbox:
    """Runs job folders under `limits`, by a module of the runner; `command` replaces it."""

    def __init__(
        self, limits: Limits, command: Sequence[str] = (), *, module: str = _RUNNER
    ) -> None:
        self._limits = limits
        self._command = command or (
            *(sys.executable, "-B", "-s", "-m", module, INNER_JOB),
            str(limits.memory_bytes),
        )

    def waiting(self, folder: Path) -> ProcessTree:
        """A sandbox around `folder` whose runner loads what it needs and waits to `begin`."""
        command = (*self._command, WAIT)
        return ProcessTree(confined(folder, command, self._limits.processes), waits=True)

    def run(
        self,
        folder: Path,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        waiting: ProcessTree | None = None,
    ) -> SandboxOutcome:
        """Run `folder/job.json`; on success `folder/result.json` and its files in `out` are there.

        `on_progress` and `cancelled` are called up to ten times a second. No process of the job
        is left when this returns or raises. The job runs in the sandbox that is `waiting` around
        the folder, unless that is gone. Raises Unavailable when the sandbox does not start, or the
        disk gets full through no fault of the job.
        """
        if waiting and waiting.begin():
            tree = waiting
        else:
            tree = ProcessTree(confined(folder, self._command, self._limits.processes))
        run = _SandboxRun(tree, self._limits, folder)
        try:
            reason = run.until_end(on_progress, cancelled)
        finally:
            run.stop()
        if not reason:
            reason = _failure_reason(folder, tree.bubblewrap.returncode)
            # Nor is the job to blame for what it says of a full disk itself.
            reason = (overfilled(folder) or reason) if reason else ""
        return run.outcome(reason)


class _SandboxRun:
    """One run under way."""

    def __init__(self, tree: ProcessTree, limits: Limits, folder: Path) -> None:
        self._process, self._limits, self._folder = tree.bubblewrap, limits, folder
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._pipe = self._process.stdout
        self._tree = tree
        self._output = JobOutput(self._pipe, limits.log_bytes)
        self._began = time.monotonic()
        self._seconds = 0.0
        self._peak = 0

    def until_end(
        self, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> str:
        """Watch until the job ends by itself or must end; returns why it must, or nothing."""
        while self._process.poll() is None:
            reason = self._excess()
            if reason:
                return reason
            reason = self._overdue() or (_CANCELLED if cancelled() else "")
            if reason:
                self._ask_to_end()
                return reason
            self._listen()
            news = self._output.news()
            if news is not None:
                on_progress(news)
        return ""

    def stop(self) -> None:
        """End whatever is left, and take in the last words."""
        self._seconds = time.monotonic() - self._began
        self._tree.kill(_PATIENCE_SECONDS)
        while self._output.is_open and self._output.read(0):
            pass
        self._pipe.close()

    def outcome(self, reason: str) -> SandboxOutcome:
        """What there is to say about it."""
        return SandboxOutcome(not reason, reason, self._seconds, self._peak, self._output.log_tail)

    def _listen(self) -> None:
        until = time.monotonic() + _POLL_SECONDS
        while (left := until - time.monotonic()) > 0 and not self._is_flood():
            if not self._output.is_open:
                # A job may close its end and work on: a closed pipe is always ready to be read.
                time.sleep(min(left, _POLL_SECONDS / 10))
            else:
                self._output.read(left)
            if self._process.poll() is not None:
                return

    def _ask_to_end(self) -> None:
        until = time.monotonic() + _GRACE_SECONDS
        self._tree.terminate()
        while time.monotonic() < until and self._process.poll() is None and not self._excess():
            self._listen()

    def _excess(self) -> str:
        """What gets worse with every moment the job goes on."""
        members = self._tree.members()
        if len(members) > self._limits.processes:
            return f"le traitement a lancé plus de {self._limits.processes} processus"
        memory = resident(members)
        self._peak = max(self._peak, memory)
        if memory > self._limits.memory_bytes:
            return f"le traitement a dépassé {self._limits.memory_bytes // 10**6} Mo de mémoire"
        if self._is_flood():
            return "le traitement écrit trop dans son journal"
        return overfilled(self._folder)

    def _overdue(self) -> str:
        if time.monotonic() - self._began <= self._limits.seconds:
            return ""
        return f"le traitement a dépassé {self._limits.seconds:g} secondes"

    def _is_flood(self) -> bool:
        return self._output.total > _FLOOD * self._limits.log_bytes


def _failure_reason(folder: Path, status: int) -> str:
    """Why the job that ended by itself failed; nothing when it proves that it did not."""
    made = folder / "out" / "result.json"
    try:
        # The job may have left a link, a pipe or a giant under that name.
        descriptor = os.open(made, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            result = json.loads(file.read(_RESULT_BYTES + 1))
        reason = str(result["error"])[:2000] if "error" in result else ""
    except (OSError, ValueError, TypeError, RecursionError):
        if abs(status) in _ABORTED:
            return "le traitement s'est interrompu, sans doute faute de mémoire"
        return f"le traitement s'est arrêté sans résultat (code {status})"
    if not reason:
        made.rename(folder / "result.json")
    return reason
