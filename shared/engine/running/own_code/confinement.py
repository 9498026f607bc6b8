"""A program that starts another where it sees and reaches nothing but what it is given.

    python confinement.py '{"root": ..., "readable": {...}, "writable": {...}}' COMMAND...

It stands inside a job's sandbox, whose other processes have the same user: namespaces of its own
keep the command from their memory, signals and files. bubblewrap cannot be nested there, as it
needs /proc to map users; these namespaces map none, which is why they may mount and make no file
systems. The command has no capability in them: they end with its start (capabilities(7)).
"""

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

_NEW = 0x00020000 | 0x10000000 | 0x20000000 | 0x08000000
"""CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID and CLONE_NEWIPC, see unshare(2)."""

_READ_ONLY, _REMOUNT, _BIND, _DEEP, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
_KEPT = 1 | 2 | 4 | 8
"""Read-only, without set-user-ID programs, devices, and programs: see mount(2)."""

_DETACH = 2
_DIE_WITH_PARENT = 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
"""The number of pivot_root(2), which libc has no function for."""

REFUSED = 254
"""The exit status where this system does not let the command be confined."""

_FILE_BYTES = 1 << 30
_FILES = 1024
_LIBC = ctypes.CDLL(None, use_errno=True)


def main(view: dict[str, Any], command: list[str]) -> int:
    """Run `command` in /work; returns its status, as a shell tells it.

    `view` has the folder that shall be the `root` of all files, with empty folders in it, and what
    of this view shall stand in it, `given` read-only and `writable`: path inside -> path here.
    """
    _die_with_parent()
    _called("unshare", _NEW)
    if init := os.fork():
        # Its end is told once all processes of the namespace are gone, and write no more.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(init, signal.SIGKILL))
        return os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])
    _die_with_parent()
    _enter(**view)
    # The kernel ends every process of the namespace with its first: none is left behind.
    if pid := os.fork():
        os._exit(_status_of(pid))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    os.chdir("/work")
    return os.execv(command[0], command)  # noqa: S606 - a list, and no shell


def _enter(root: str, readable: dict[str, str], writable: dict[str, str]) -> None:
    """Make `root` the root of all files, with what is given in it."""
    _mount("/", _DEEP | _PRIVATE)
    _mount(root, _BIND | _DEEP, root)
    # First of all what is writable: this Python itself may be installed somewhere below /tmp.
    for inside, outside in (writable | readable).items():
        _place(outside, root + inside)
        _mount(root + inside, _BIND | _DEEP, outside)
    for inside in (*readable, ""):
        _make_read_only(root + inside)
    os.chdir(root)
    _called("syscall", _PIVOT_ROOT[os.uname().machine], b".", b"before")
    os.chdir("/")
    _called("umount2", b"/before", _DETACH)


def _make_read_only(path: str) -> None:
    # What the mount is already bound to has to be said again. The flags are those of statvfs(3).
    flags = os.statvfs(path).f_flag & _KEPT
    if not flags & _READ_ONLY:
        _mount(path, _REMOUNT | _BIND | _READ_ONLY | flags)


def _place(outside: str, target: str) -> None:
    """Leave something at `target` that `outside` can be mounted on."""
    if Path(outside).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()


def _status_of(pid: int) -> int:
    """Wait for the command, and for processes without parents, as the first process must."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _die_with_parent() -> None:
    _called("prctl", _DIE_WITH_PARENT, signal.SIGKILL)


def _mount(target: str, flags: int, source: str = "") -> None:
    where = target.encode()
    _called("mount", source.encode() or None, where, None, ctypes.c_ulong(flags), None)


def _called(name: str, *arguments: object) -> None:
    if getattr(_LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
    except OSError as error:
        sys.stderr.write(f"the code cannot be confined: {error}\n")
        sys.exit(REFUSED)
