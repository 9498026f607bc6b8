"""The processes of a sandbox: how they are started, let begin, counted and ended."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol, Self

import psutil

from shared.engine.contract.folder_tree import bytes_of
from shared.errors import Unavailable

_PAUSE_SECONDS = 0.002
_HAS_CHILDREN = Path("/proc/thread-self/children").exists()


class Leader(Protocol):
    """The process that ends with the job and has its exit status."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    @property
    def returncode(self) -> int | Any:  # noqa: ANN401 - as typeshed has that of Popen
        """Return the exit status that `poll` saw."""

    def poll(self) -> int | None:
        """Return the exit status, None while the job waits or works."""


class ProcessTree:
    """The leader of a sandbox, its init inside the sandbox, and the job's processes below those.

    The init is the first process of a PID namespace: the kernel ends every process of the job
    with it, whatever signals they ignore and however they were detached. `own` are those of the
    sandbox that are no job's.
    """

    def __init__(self, leader: Leader, init: Any, own: Iterable[Any] = ()) -> None:  # noqa: ANN401 - psutil is untyped
        self.leader, self.init = leader, init
        self._own = {init, *own}

    @classmethod
    def started(cls, command: list[str]) -> Self:
        """Start a `command` that begins with bwrap; raises Unavailable when it does not start."""
        info, info_end = os.pipe()
        with os.fdopen(info, "rb") as told_info:
            try:
                command = [command[0], "--info-fd", str(info_end), *command[1:]]
                bubblewrap = _start(command, info_end)
            finally:
                os.close(info_end)
            return cls(bubblewrap, _process_of(told_info.read()))

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a job."""
        return self.leader.poll() is None

    def begin(self) -> bool:
        """Let the waiting process do its job; returns whether it was still there."""
        stdin = self.leader.stdin
        if stdin is None or not self.is_waiting:
            return False
        try:
            stdin.write(b"\n")
        except (OSError, ValueError):
            return False
        return True

    def members(self, most: int | None = None) -> list[Any]:
        """Return the job's processes, at most `most`; none before the sandbox stands, or after."""
        if self.leader.poll() is not None:
            return []
        processes: list[Any] = []
        for pid in _below(self.leader.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                if (process := psutil.Process(pid)) not in self._own:
                    processes.append(process)
            if len(processes) == most:
                break
        return processes

    def terminate(self) -> None:
        """Ask the job's processes to end."""
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.terminate()

    def kill(self, patience: float) -> None:
        """End everything; returns once it is gone or `patience` seconds passed."""
        if self.leader.stdin:
            self.leader.stdin.close()
        if self.init is not None:
            with contextlib.suppress(psutil.Error):
                self.init.kill()
            # The leader outlives the init, and the init every process of the job.
            self._wait(patience)
        if self.leader.poll() is None or self._is_left():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.leader.pid, signal.SIGKILL)
            self._wait(patience)

    def _is_left(self) -> bool:
        if self.init is None:
            return False
        try:
            # Once its parent is gone the system's own init reaps this one, in its own good time.
            return bool(self.init.is_running() and self.init.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.leader.poll() is not None and not self._is_left():
                return
            time.sleep(_PAUSE_SECONDS)


def _below(pid: int) -> Iterator[int]:
    """Yield the processes below one, the nearest first, as long as they are asked for."""
    waiting = [pid]
    for parent in waiting:
        children = _children(parent)
        waiting += children
        yield from children


def _children(pid: int) -> list[int]:
    """Return the processes that one started; none when it is gone.

    The kernel has them by thread: proc_pid_task(5). To ask psutil is to look at each process of the
    machine, and a fork bomb makes more of them than are looked at meanwhile.
    """
    if not _HAS_CHILDREN:
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(pid).children()]
        return []
    pids: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            # One that ends meanwhile hides no other's.
            with contextlib.suppress(OSError):
                pids += map(int, (thread / "children").read_text().split())
    return pids


def resident(members: list[Any]) -> int:
    """Return the bytes of memory that these processes hold together."""
    total = 0
    for process in members:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def deleted_bytes(members: list[Any]) -> int:
    """Return the bytes of deleted files that these processes hold open, each counted once."""
    bytes_by_file: dict[tuple[int, int], int] = {}
    for process in members:
        with contextlib.suppress(OSError), os.scandir(f"/proc/{process.pid}/fd") as descriptors:
            for descriptor in descriptors:
                with contextlib.suppress(OSError):
                    status = descriptor.stat()
                    if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                        bytes_by_file[status.st_dev, status.st_ino] = bytes_of(status)
    return sum(bytes_by_file.values())


def _process_of(info: bytes) -> Any:  # noqa: ANN401 - psutil is untyped
    """Return the init that bubblewrap reports; None when it has ended already.

    A job may end before anybody could look for its processes, and its init a little later.
    """
    try:
        return psutil.Process(json.loads(info)["child-pid"])
    except (ValueError, KeyError, psutil.NoSuchProcess):
        return None


def _start(command: list[str], descriptor: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(descriptor,),
        )
    except OSError as error:
        raise Unavailable(f"the sandbox does not start: {error}") from error
