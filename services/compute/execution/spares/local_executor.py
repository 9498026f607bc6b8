"""Runs jobs on this machine, in sandboxes that waited for them where some do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.compute.execution.executor import Limits
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.process_tree import ProcessTree
from services.compute.execution.sandbox import Sandbox, SandboxRun
from services.compute.execution.spares.spares import Spares


class LocalExecutor:
    """Runs jobs beside the service, on the same two hands."""

    def __init__(self, spares: Spares) -> None:
        self._spares = spares
        self._waiting: dict[Path, ProcessTree | None] = {}

    @contextmanager
    def folder(self) -> Iterator[JobFolder]:
        """Provide an empty folder, with a waiting sandbox around it."""
        with self._spares.folder() as (folder, waiting):
            self._waiting[folder.path] = waiting
            try:
                yield folder
            finally:
                del self._waiting[folder.path]

    def submit(self, folder: JobFolder, limits: Limits) -> SandboxRun:
        """Begin in the sandbox that waits around the folder, or in a new one."""
        return Sandbox(limits).start(folder.path, self._waiting[folder.path])

    def prepare(self) -> None:
        """Let sandboxes wait."""
        self._spares.fill()

    def close(self) -> None:
        """End the waiting sandboxes."""
        self._spares.close()
