"""The process beside a sandbox that forks the job into it, and ends both when it has to.

It runs in a fork of one that has loaded what jobs work with (preload.py).
Bubblewrap makes the sandbox around a program that does nothing; the job enters its namespaces.
"""

import json
import os
import select
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from services.compute.execution.spares import namespaces
from shared.engine.contract.sandbox_view import CODE
from shared.engine.sandbox import kernel_calls
from shared.engine.sandbox.bubblewrap import enclosed

HOLDER = "cat"
"""What stands in the sandbox before the job does, and ends it with its own end."""

_PARENT, _OUTPUTS = 3, (1, 2)


class Pipes(NamedTuple):
    """What the service holds the other ends of.

    A line on `control` begins the job, and its end ends all; `status` tells who they are, then the
    job's exit status.
    """

    control: int
    output: int
    status: int


def keep(
    folder: Path,
    processes: int,
    pipes: Pipes,
    prepare: Callable[[], object],
    job: Callable[[], object],
) -> NoReturn:
    """Make the sandbox of `folder`, let the job wait and work in it, and exit with both.

    `prepare` is done before it waits.
    """
    os.setsid()
    namespaces.yield_session()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    bubblewrap, init = _make_sandbox(folder, pipes)
    watched = os.pidfd_open(init)
    namespaces.enter(init)
    worker = os.fork()
    if worker == 0:
        _work(processes, pipes, prepare, job)
    os.close(pipes.output)
    _tell(pipes, [os.getpid(), bubblewrap.pid, init])
    _wait(worker, pipes, watched)
    _, status = os.waitpid(worker, 0)
    _tell(pipes, os.waitstatus_to_exitcode(status))
    bubblewrap.communicate()
    os._exit(0)


def _make_sandbox(folder: Path, pipes: Pipes) -> tuple["subprocess.Popen[bytes]", int]:
    """Start bubblewrap and its init, with everything mounted; its complaints go to the output."""
    info, info_end = os.pipe()
    program, *options = enclosed(folder)
    bubblewrap = subprocess.Popen(
        [program, "--info-fd", str(info_end), *options, HOLDER],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=pipes.output,
        pass_fds=(info_end,),
        process_group=0,
    )
    os.close(info_end)
    assert bubblewrap.stdin  # noqa: S101 - it is a pipe
    assert bubblewrap.stdout  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError):
        bubblewrap.stdin.write(b"\n")
    if _is_gone_before(bubblewrap.stdout.fileno(), pipes) or not bubblewrap.stdout.read(1):
        # What stands of the sandbox dies with bubblewrap once it asked to; before, it is one group.
        os.killpg(bubblewrap.pid, signal.SIGKILL)
        os._exit(1)
    with os.fdopen(info, "rb") as reading:
        return bubblewrap, json.loads(reading.read())["child-pid"]


def _work(
    processes: int, pipes: Pipes, prepare: Callable[[], object], job: Callable[[], object]
) -> NoReturn:
    """Become the job: in the sandbox, with its pipes and nothing else of this process."""
    # A group of its own, which it may signal, in the session that yields to the service.
    os.setpgid(0, 0)
    for target, source in (
        (0, pipes.control),
        *((descriptor, pipes.output) for descriptor in _OUTPUTS),
    ):
        os.dup2(source, target)
    os.closerange(_PARENT, os.sysconf("SC_OPEN_MAX"))
    namespaces.limit(processes)
    namespaces.drop_privileges()
    kernel_calls.close()
    os.chdir(CODE)
    prepare()
    if os.read(0, 1):
        job()
    os._exit(0)


def _wait(worker: int, pipes: Pipes, init: int) -> None:
    """Wait until the job ends; end the sandbox when the service is gone."""
    if _is_gone_before(os.pidfd_open(worker), pipes):
        signal.pidfd_send_signal(init, signal.SIGKILL)


def _is_gone_before(descriptor: int, pipes: Pipes) -> bool:
    """Whether the service is gone or gave up before there is news on `descriptor`."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.register(pipes.control, 0)  # no more than that the other end was closed
    return any(ready == pipes.control for ready, _ in poll.poll())


def _tell(pipes: Pipes, message: object) -> None:
    with suppress(BrokenPipeError):
        os.write(pipes.status, json.dumps(message).encode() + b"\n")
