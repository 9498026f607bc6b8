"""Keeps sandboxes with everything loaded for the next jobs: to load it takes longer than most work.

Each is a job's like any other, with an empty folder that is filled later, and serves one job only.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.execution.spares.fork_server import ForkServer
from shared.engine.sandbox.bubblewrap import PROCESSES
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.process_tree import ProcessTree
from shared.engine.sandbox.sandbox import Sandbox
from shared.errors import Unavailable

log = logging.getLogger(__name__)

JOB = "shared.engine.running.__main__"
"""The module that does jobs."""

_PATIENCE_SECONDS = 2.0


class Spares:
    """As many sandboxes that wait as `slots`, for jobs that may take that much memory.

    There are none without slots, nor while nothing is loaded. A fork server that did not start or
    ended is replaced after `rest_seconds`: the next may do the same.
    """

    def __init__(self, slots: int, memory_bytes: int, rest_seconds: float = 60.0) -> None:
        self._slots, self._memory_bytes = slots, memory_bytes
        self._lock = threading.Lock()
        self._spares: list[_Spare] = []
        self._server: ForkServer | None = None
        self._stack = ExitStack()
        self._rest_seconds, self._not_before = rest_seconds, float("-inf")

    @property
    def is_full(self) -> bool:
        """Whether a sandbox waits for each slot."""
        return len(self._spares) == self._slots

    def fill(self) -> None:
        """Let a sandbox wait for each slot, if all is loaded; raises Unavailable if none starts."""
        with self._lock:
            for spare in [spare for spare in self._spares if not spare.tree.is_waiting]:
                log.warning("a sandbox ended that waited")
                self._spares.remove(spare)
                spare.close()
            server = self._running_server()
            while server and len(self._spares) < self._slots and server.is_ready():
                self._spares.append(_Spare(server, self._memory_bytes))

    @contextmanager
    def folder(self) -> Iterator[tuple[JobFolder, ProcessTree | None]]:
        """Provide a job's folder, removed at the end, and the sandbox around it, if any waits."""
        with self._lock:
            spare = self._spares.pop(0) if self._spares else None
        if spare:
            try:
                yield spare.folder, spare.tree
            finally:
                spare.close()
            return
        with job_folder() as folder, self.around(folder.path) as tree:
            yield folder, tree

    @contextmanager
    def around(self, folder: Path, module: str = JOB) -> Iterator[ProcessTree | None]:
        """Provide the sandbox around that folder that waits to do what `module` does, or None."""
        tree = None
        with self._lock:
            server = self._running_server()
        if server:
            with suppress(Unavailable):
                tree = server.start(folder, module, PROCESSES, self._memory_bytes)
        try:
            yield tree
        finally:
            if tree:
                tree.kill(_PATIENCE_SECONDS)

    def run(
        self,
        folder: Path,
        module: str,
        limits: Limits,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Do what `module` does in that folder, forked or in a new sandbox; raises Unavailable."""
        with self.around(folder, module) as waiting:
            sandbox = Sandbox(limits, module=module)
            return sandbox.run(folder, lambda _news: None, cancelled, waiting)

    def close(self) -> None:
        """End the waiting sandboxes, and the process they are forked from."""
        with self._lock:
            for spare in self._spares:
                spare.close()
            self._spares.clear()
            self._slots = 0
            self._end_server()

    def _running_server(self) -> ForkServer | None:
        if self._server and not self._server.is_running:
            log.warning("the process ended that sandboxes are forked from")
            self._end_server()
            self._not_before = time.monotonic() + self._rest_seconds
        if self._server is None and self._slots and time.monotonic() >= self._not_before:
            self._server = ForkServer(self._stack.enter_context(job_folder()).path)
        return self._server

    def _end_server(self) -> None:
        if self._server:
            self._server.close()
        self._server = None
        self._stack.close()


class _Spare:
    """One sandbox that waits, around its folder."""

    def __init__(self, server: ForkServer, memory_bytes: int) -> None:
        with ExitStack() as stack:
            self.folder = stack.enter_context(job_folder())
            self.tree = server.start(self.folder.path, JOB, PROCESSES, memory_bytes)
            self._stack = stack.pop_all()

    def close(self) -> None:
        """End what waits or is left of it, and remove the folder."""
        self.tree.kill(_PATIENCE_SECONDS)
        self._stack.close()
