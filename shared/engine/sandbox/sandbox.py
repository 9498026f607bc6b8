"""Runs one job in a sandbox and watches it: time, memory, processes, output, cancellation.

Works the same in a plain process and in one that eventlet patched: `subprocess`, `select` and
`time` are all it waits with.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.engine.contract.sandbox_view import INNER_JOB
from shared.engine.sandbox.bubblewrap import confined
from shared.engine.sandbox.disk_space import OWN_BYTES, overfilled
from shared.engine.sandbox.job_output import JobOutput, Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.process_tree import ProcessTree, deleted_bytes, resident

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_PATIENCE_SECONDS = 10.0
_FLOOD = 200
"""A job may say this many times what is kept of its log."""

_RESULT_BYTES = 5_000_000
_RUNNER = "shared.engine.running"

_CANCELLED = "le traitement a été annulé"
_ABORTED = (6, 128 + 6)
"""How a process ends that is refused memory: by SIGABRT, or bwrap says so of what it ran."""


class Sandbox:
    """Runs job folders under `limits`, by a module of the engine; `command` replaces it."""

    def __init__(
        self, limits: Limits, command: Sequence[str] = (), *, module: str = _RUNNER
    ) -> None:
        self._limits = limits
        self._command = command or (
            *(sys.executable, "-B", "-s", "-m", module, INNER_JOB),
            str(limits.memory_bytes),
        )

    def run(
        self,
        folder: Path,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        waiting: ProcessTree | None = None,
    ) -> Outcome:
        """Run `folder/job.json` to its end, in the `waiting` sandbox around it if there is one.

        A successful run leaves `folder/result.json` and files in `out`. Its news go to
        `on_progress`, and it is cancelled when asked to: both are called up to ten times a second.
        Raises Unavailable when the sandbox does not start, or the disk gets full through no fault
        of the job.
        """
        if waiting is None or not waiting.begin():
            waiting = ProcessTree.started(confined(folder, self._command, self._limits.processes))
        with SandboxRun(waiting, self._limits, folder) as run:
            while (outcome := run.poll()) is None:
                if news := run.news():
                    on_progress(news)
                if cancelled():
                    run.cancel()
            return outcome


class SandboxRun:
    """One run under way: no process of the job is left after the block."""

    def __init__(self, tree: ProcessTree, limits: Limits, folder: Path) -> None:
        self._limits, self._folder = limits, folder
        assert tree.leader.stdout is not None  # noqa: S101 - it is a pipe
        self._pipe = tree.leader.stdout
        self._tree = tree
        self._output = JobOutput(self._pipe, limits.log_bytes)
        self._began = time.monotonic()
        self._seconds = 0.0
        self._peak = 0
        self._has_stopped = False
        self._reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def poll(self) -> Outcome | None:
        """Return how it ended, if it did or had to; waits a tenth of a second at most.

        Raises Unavailable when the disk gets full through no fault of the job.
        """
        if not self._reason and self._tree.leader.poll() is None:
            self._reason = self._excess()
            if not self._reason and (overdue := self._overdue()):
                self._ask_to_end(overdue)
            if not self._reason:
                self._listen()
                return None
        self._stop()
        if not self._reason:
            reason = failure_reason(self._folder, self._tree.leader.returncode)
            # Nor is the job to blame for what it says of a full disk itself.
            self._reason = (overfilled(self._folder) or reason) if reason else ""
        reason, output = self._reason, self._output
        return Outcome(
            not reason, reason, self._seconds, self._peak, output.log_tail, output.log_lines
        )

    def news(self) -> Progress | None:
        """Return its progress, unless it said nothing since the last call."""
        return self._output.news()

    def cancel(self) -> None:
        """Ask it to end; kill it if it does not soon."""
        if not self._reason and self._tree.leader.poll() is None:
            self._ask_to_end(_CANCELLED)

    def _stop(self) -> None:
        """End whatever is left, and read its last output."""
        if self._has_stopped:
            return
        self._has_stopped = True
        self._seconds = time.monotonic() - self._began
        self._tree.kill(_PATIENCE_SECONDS)
        while self._output.is_open and self._output.read(0):
            pass
        self._pipe.close()

    def _listen(self) -> None:
        until = time.monotonic() + _POLL_SECONDS
        while (left := until - time.monotonic()) > 0 and not self._is_flood():
            if not self._output.is_open:
                # A job may close its end and work on: a closed pipe is always ready to be read.
                time.sleep(min(left, _POLL_SECONDS / 10))
            else:
                self._output.read(left)
            if self._tree.leader.poll() is not None:
                return

    def _ask_to_end(self, reason: str) -> None:
        self._reason = reason
        until = time.monotonic() + _GRACE_SECONDS
        self._tree.terminate()
        while time.monotonic() < until and self._tree.leader.poll() is None and not self._excess():
            self._listen()

    def _excess(self) -> str:
        """Return which limit the job exceeds, of those that get worse while it goes on."""
        members = self._tree.members(self._limits.processes + 1)
        if len(members) > self._limits.processes:
            return f"le traitement a lancé plus de {self._limits.processes} processus"
        memory = resident(members)
        self._peak = max(self._peak, memory)
        if memory > self._limits.memory_bytes:
            return f"le traitement a dépassé {self._limits.memory_bytes // 10**6} Mo de mémoire"
        if self._is_flood():
            return "le traitement écrit trop dans son journal"
        # The engine, which has no /proc, counts the files with a name.
        deleted = deleted_bytes(members)
        if deleted > OWN_BYTES:
            size = OWN_BYTES // 10**6
            return f"le traitement a écrit plus de {size} Mo dans son dossier"
        return overfilled(self._folder, deleted_bytes=deleted)

    def _overdue(self) -> str:
        if time.monotonic() - self._began <= self._limits.seconds:
            return ""
        return f"le traitement a dépassé {self._limits.seconds:g} secondes"

    def _is_flood(self) -> bool:
        return self._output.total > _FLOOD * self._limits.log_bytes


def failure_reason(folder: Path, status: int) -> str:
    """Return why a job that ended by itself failed; nothing when its result proves success."""
    result_path = folder / "out" / "result.json"
    try:
        # The job may have left a link, a pipe or a giant under that name.
        descriptor = os.open(result_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            result = json.loads(file.read(_RESULT_BYTES + 1))
        reason = str(result["error"])[:2000] if "error" in result else ""
    except (OSError, ValueError, TypeError, RecursionError):
        if abs(status) in _ABORTED:
            return "le traitement s'est interrompu, sans doute faute de mémoire"
        return f"le traitement s'est arrêté sans résultat (code {status})"
    if not reason:
        result_path.rename(folder / "result.json")
    return reason
