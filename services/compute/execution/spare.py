"""Keeps a sandbox with everything loaded, which is half of a short job's time, for the next job.

It is a job's like any other, with an empty folder that is filled later, and serves one job only.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.execution.process_tree import ProcessTree
from services.compute.execution.sandbox import Limits, Sandbox

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 2.0
_LOG_BYTES = 1000


class Spares:
    """At most one sandbox that waits; none at all where `limits` is None.

    One that did not start, or ended while it waited, is replaced after `rest_seconds`: the next may
    do the same.
    """

    def __init__(self, limits: Limits | None, rest_seconds: float = 60.0) -> None:
        self._limits, self._lock = limits, threading.Lock()
        self._spare: _Spare | None = None
        self._rest_seconds, self._not_before = rest_seconds, float("-inf")

    def fill(self) -> None:
        """Start one, unless one waits; raises Unavailable when it does not start."""
        if self._limits is None:
            return
        with self._lock:
            if self._spare and not self._spare.tree.is_waiting:
                log.warning("a sandbox ended that waited", extra={"said": self._spare.said})
                self._drop()
                self._rest()
            if self._spare is None and time.monotonic() >= self._not_before:
                self._rest()  # unless it starts
                self._spare = _Spare(self._limits)
                self._not_before = float("-inf")

    @contextmanager
    def folder(self) -> Iterator[tuple[JobFolder, ProcessTree | None]]:
        """A job's folder, which is removed at the end, and what waits around it, if anything."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is None:
            with job_folder() as folder:
                yield folder, None
            return
        try:
            yield spare.folder, spare.tree
        finally:
            spare.close()

    def close(self) -> None:
        """End the one that waits."""
        with self._lock:
            self._drop()

    def _rest(self) -> None:
        self._not_before = time.monotonic() + self._rest_seconds

    def _drop(self) -> None:
        if self._spare:
            self._spare.close()
        self._spare = None


class _Spare:
    """One sandbox that waits, around its folder."""

    def __init__(self, limits: Limits) -> None:
        with ExitStack() as stack:
            self.folder = stack.enter_context(job_folder())
            self.tree = Sandbox(limits).waiting(self.folder.path)
            self._stack = stack.pop_all()

    @property
    def said(self) -> str:
        """The last that it said before it ended."""
        pipe = self.tree.bubblewrap.stdout
        return pipe.read()[-_LOG_BYTES:].decode("utf-8", "replace") if pipe else ""

    def close(self) -> None:
        """End what waits or is left of it, and remove the folder."""
        self.tree.kill(_PATIENCE_SECONDS)
        self._stack.close()
