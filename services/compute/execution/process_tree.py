"""The processes of one sandbox, as the outside sees them."""

import contextlib
import os
import signal
import subprocess
import time
from typing import Any

import psutil

_PAUSE = 0.01


class Tree:
    """bubblewrap, its init inside the sandbox, and the job's processes below that.

    The init is the first process of a PID namespace: the kernel ends every process of the job
    with it, whatever signals they ignore and however they were detached.
    """

    def __init__(self, bubblewrap: subprocess.Popen[bytes]) -> None:
        self._bubblewrap = bubblewrap
        self._root = psutil.Process(bubblewrap.pid)
        self._init: Any = None

    def members(self) -> list[Any]:
        """The job's processes; empty before the sandbox stands and after it fell."""
        if self._bubblewrap.poll() is not None:
            return []
        try:
            below = self._root.children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        for process in below:
            if self._init is None and _parent(process) == self._root.pid:
                self._init = process
        return [process for process in below if process != self._init]

    def terminate(self) -> None:
        """Ask the job's processes to end."""
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.terminate()

    def kill(self, patience: float) -> None:
        """End everything; returns when it is gone or `patience` seconds passed."""
        self.members()
        if self._init is not None:
            with contextlib.suppress(psutil.Error):
                self._init.kill()
            # bubblewrap outlives its init, and the init every process of the job.
            self._wait(patience)
        if self._bubblewrap.poll() is None or self._is_left():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._bubblewrap.pid, signal.SIGKILL)
            self._wait(patience)

    def _is_left(self) -> bool:
        if self._init is None:
            return False
        try:
            # Once bubblewrap is gone the system's own init reaps this one, in its own good time.
            return bool(self._init.is_running() and self._init.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self._bubblewrap.poll() is not None and not self._is_left():
                return
            time.sleep(_PAUSE)


def resident(members: list[Any]) -> int:
    """Bytes of memory that these processes hold together."""
    total = 0
    for process in members:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _parent(process: Any) -> int:  # noqa: ANN401 - psutil is untyped
    try:
        return int(process.ppid())
    except psutil.Error:
        return 0
