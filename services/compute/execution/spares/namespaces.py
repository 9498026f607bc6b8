"""Enters the namespaces of a sandbox, and gives up all privileges there: setns(2), capset(2).

A process may enter a user namespace that its own user made, and has every capability there until it
gives them up.
"""

import ctypes
import os
import resource
import time
from pathlib import Path

from shared.engine.sandbox.bubblewrap import FILE_BYTES, NICE, THREADS_PER_PROCESS

_FLAGS = {
    "user": 0x10000000,
    "mnt": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}
"""CLONE_NEW*, see clone(2), by the names in /proc/PID/ns."""

_TRIES, _AGAIN_SECONDS = 5, 0.12

_OPTIONAL = {"cgroup"}
"""Bubblewrap does without where the kernel has none."""

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_CAPABILITIES_VERSION = 0x20080522
_LIBC = ctypes.CDLL(None, use_errno=True)


def enter(process: int) -> None:
    """Move this process into another's namespaces; its children go into that of process ids.

    Raises OSError when the kernel refuses, or the other is not in namespaces of its own.
    """
    apart = [name for name in _FLAGS if _namespace(process, name) != _namespace("self", name)]
    if shared := _FLAGS.keys() - _OPTIONAL - set(apart):
        raise OSError(f"the sandbox shares namespaces: {', '.join(sorted(shared))}")
    descriptor = os.pidfd_open(process)
    try:
        _check(_LIBC.setns(descriptor, sum(_FLAGS[name] for name in apart)))
    finally:
        os.close(descriptor)


def yield_session() -> None:
    """Lower this session's priority below the service's, also where sessions share cores.

    There nice(2) counts within a session alone: sched(7), "The autogroup feature". Raises nothing
    where it does not, or where the kernel refuses: jobs then take what the service takes.
    """
    for _ in range(_TRIES):
        try:
            Path("/proc/self/autogroup").write_text(str(NICE), "ascii")
        except BlockingIOError:
            time.sleep(_AGAIN_SECONDS)  # it takes ten of them a second, of all processes together
        except OSError:
            return
        else:
            return


def limit(processes: int) -> None:
    """Set the limits that `prlimit` and `nice` set for a job that bubblewrap starts itself."""
    most = processes * THREADS_PER_PROCESS
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NPROC, most),
    ):
        resource.setrlimit(kind, (value, value))
    os.nice(NICE)


def drop_privileges() -> None:
    """Give up every capability for good, also for what is executed later; raises OSError."""
    for capability in range(64):
        if _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the kernel knows no more of them
    _check(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    _check(_LIBC.capset(header, (ctypes.c_uint32 * 6)()))


def _namespace(process: int | str, name: str) -> int:
    return os.stat(f"/proc/{process}/ns/{name}").st_ino  # noqa: PTH116 - a fork, kept light


def _check(status: int) -> None:
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
