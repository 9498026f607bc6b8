"""The processes of a sandbox: how they are started, let begin, counted and ended."""

import contextlib
import json
import os
import signal
import subprocess
import time
from typing import Any

import psutil

from shared.errors import Unavailable

_PAUSE_SECONDS = 0.01


class ProcessTree:
    """bubblewrap, its init inside the sandbox, and the job's processes below that.

    The init is the first process of a PID namespace: the kernel ends every process of the job
    with it, whatever signals they ignore and however they were detached.
    """

    def __init__(self, command: list[str], *, waits: bool = False) -> None:
        """Start `command`, which begins with bwrap, and `waits` for a line if it does that.

        Raises Unavailable when it does not start.
        """
        info, told = os.pipe()
        with os.fdopen(info, "rb") as told_info:
            try:
                command = [command[0], "--info-fd", str(told), *command[1:]]
                stdin = subprocess.PIPE if waits else subprocess.DEVNULL
                self.bubblewrap = _start(command, told, stdin)
            finally:
                os.close(told)
            self.init = _process_of(told_info.read())

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a job."""
        return self.bubblewrap.poll() is None

    def begin(self) -> bool:
        """Let what waits do its job; whether it was there to hear of it."""
        stdin = self.bubblewrap.stdin
        if stdin is None or not self.is_waiting:
            return False
        try:
            stdin.write(b"\n")
            stdin.close()
        except OSError:
            return False
        return True

    def members(self) -> list[Any]:
        """The job's processes; empty before the sandbox stands and after it fell."""
        if self.bubblewrap.poll() is not None:
            return []
        try:
            below = psutil.Process(self.bubblewrap.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [process for process in below if process != self.init]

    def terminate(self) -> None:
        """Ask the job's processes to end."""
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.terminate()

    def kill(self, patience: float) -> None:
        """End everything; returns when it is gone or `patience` seconds passed."""
        if self.init is not None:
            with contextlib.suppress(psutil.Error):
                self.init.kill()
            # bubblewrap outlives its init, and the init every process of the job.
            self._wait(patience)
        if self.bubblewrap.poll() is None or self._is_left():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.bubblewrap.pid, signal.SIGKILL)
            self._wait(patience)

    def _is_left(self) -> bool:
        if self.init is None:
            return False
        try:
            # Once bubblewrap is gone the system's own init reaps this one, in its own good time.
            return bool(self.init.is_running() and self.init.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.bubblewrap.poll() is not None and not self._is_left():
                return
            time.sleep(_PAUSE_SECONDS)


def resident(members: list[Any]) -> int:
    """Bytes of memory that these processes hold together."""
    total = 0
    for process in members:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _process_of(info: bytes) -> Any:  # noqa: ANN401 - psutil is untyped
    """The init that bubblewrap tells of as soon as there is one; None when there is none any more.

    A job may end before anybody could look for its processes, and its init a little later.
    """
    try:
        return psutil.Process(json.loads(info)["child-pid"])
    except (ValueError, KeyError, psutil.NoSuchProcess):
        return None


def _start(command: list[str], descriptor: int, stdin: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(descriptor,),
        )
    except OSError as error:
        raise Unavailable(f"the sandbox does not start: {error}") from error
