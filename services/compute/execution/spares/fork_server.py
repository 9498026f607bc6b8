"""The service's end of the process that has loaded what jobs work with, and forks sandboxes."""

import array
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import psutil

from shared.engine.contract.sandbox_view import CODE, ENVIRONMENT
from shared.engine.sandbox.process_tree import ProcessTree
from shared.errors import Unavailable

_MODULE = "services.compute.execution.spares.preload"
_READY_BYTES = 16
_PAUSE_SECONDS = 0.02
_LOAD_SECONDS = 30.0
_START_SECONDS = 10.0
_SAID_BYTES = 4000
_PIPE_BYTES = 1 << 16
_KILLED = -9


class ForkServer:
    """One such process; `close` ends it, and so does the end of this one.

    What it forked goes on without it. `module` loads, and may write into `folder`.
    """

    def __init__(self, folder: Path, module: str = _MODULE) -> None:
        # Messages keep their bounds, and the descriptors that came with them.
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = ["-B", "-s", "-m", module, str(folder), str(theirs.fileno())]
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=CODE,
                env={**ENVIRONMENT, "MPLCONFIGDIR": str(folder / "out"), "PWD": str(CODE)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        self._socket.setblocking(False)
        self._has_loaded = False

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def is_ready(self, seconds: float = 0.0) -> bool:
        """Whether everything is loaded within `seconds`."""
        until = time.monotonic() + seconds
        while not self._has_loaded and self.is_running:
            try:
                self._has_loaded = bool(self._socket.recv(_READY_BYTES))
            except BlockingIOError:
                if time.monotonic() >= until:
                    break
                # Several may wait: eventlet lets one alone wait for a socket.
                time.sleep(_PAUSE_SECONDS)
        return self._has_loaded and self.is_running

    def start(self, folder: Path, module: str, processes: int, memory_bytes: int) -> ProcessTree:
        """Start a sandbox around `folder` that waits to `begin` what `module` does there.

        Raises Unavailable when it does not start.
        """
        if not self.is_ready(_LOAD_SECONDS):
            raise Unavailable("nothing is loaded to fork sandboxes from")
        question = {
            "folder": str(folder),
            "module": module,
            "processes": processes,
            "memory_bytes": memory_bytes,
        }
        control, begin = os.pipe()
        output, to_output = os.pipe()
        status, to_status = os.pipe()
        descriptors = array.array("i", [control, to_output, to_status])
        leader = Keeper(begin, output, status)
        try:
            attached = (socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)
            self._socket.sendmsg([json.dumps(question).encode()], [attached])
        except OSError as error:
            leader.end()
            raise Unavailable(f"sandboxes cannot be forked: {error}") from error
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return leader.tree(_START_SECONDS)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class Keeper:
    """The process beside a forked sandbox, with what a ProcessTree needs of its leader.

    It is the fork server's child, and tells on a pipe who is there and how the job ended.
    """

    def __init__(self, control: int, output: int, status: int) -> None:
        self.stdin: IO[bytes] | None = os.fdopen(control, "wb", 0)
        self.stdout: IO[bytes] | None = os.fdopen(output, "rb", 0)
        self._status, self._said = os.fdopen(status, "rb", 0), b""
        os.set_blocking(status, False)
        self.pid = 0
        self.returncode: int | None = None

    def tree(self, seconds: float) -> ProcessTree:
        """Return the processes of the sandbox, there within `seconds`; raises Unavailable."""
        until = time.monotonic() + seconds
        while self.poll() is None and b"\n" not in self._said:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._status], [], [], left)[0]:
                break
        try:
            pids = json.loads(self._said.partition(b"\n")[0])
            self.pid, *own = map(int, pids)
            init = psutil.Process(own[-1])
            return ProcessTree(self, init, (*map(psutil.Process, own), *init.children()))
        except (ValueError, psutil.NoSuchProcess) as error:
            raise Unavailable(f"a sandbox does not start: {self.end()}") from error

    def poll(self) -> int | None:
        """Return the job's exit status, or None while it waits or works."""
        if self.returncode is None and not self._status.closed:
            self._hear()
        return self.returncode

    def end(self) -> str:
        """Close its pipes, which ends it; returns its last output."""
        last_output = b""
        if self.stdout:
            os.set_blocking(self.stdout.fileno(), False)
            last_output = _there(self.stdout.fileno(), _PIPE_BYTES) or b""
        for pipe in (self.stdin, self.stdout, self._status):
            if pipe:
                pipe.close()
        return last_output[-_SAID_BYTES:].decode("utf-8", "replace")

    def _hear(self) -> None:
        if (received := _there(self._status.fileno(), _SAID_BYTES)) is None:
            return
        self._said += received
        _, *ended = self._said.splitlines() or [b""]
        if ended and self._said.endswith(b"\n"):
            self.returncode = int(ended[-1])
        elif not received:
            self.returncode = _KILLED
        if self.returncode is not None:
            self._status.close()


def _there(pipe: int, most: int) -> bytes | None:
    """Read up to `most` bytes that are in a pipe, b"" at its end; None while there are none.

    Unlike `os.read` and `IO.read`, which eventlet patches, `os.readv` never waits for more.
    """
    buffer = bytearray(most)
    try:
        return bytes(buffer[: os.readv(pipe, [buffer])])
    except BlockingIOError:
        return None
