"""Starts a command without what the kernel keeps beside files: `python kernel_calls.py COMMAND`.

Keyrings outlive namespaces: jobs that one session started would share its keys. A job has a session
keyring of its own, and is refused the calls that reach keys or other processes' memory, or that
only exploits need there: keyrings(7), seccomp(2). All that it starts is refused them, too.
"""

import ctypes
import errno
import os
import struct
import sys

# By machine: its AUDIT_ARCH, and the numbers of add_key, request_key, keyctl, bpf, perf_event_open,
# userfaultfd, ptrace, process_vm_readv and process_vm_writev.
_MACHINES = {
    "x86_64": (0xC000003E, (248, 249, 250, 321, 298, 323, 101, 310, 311)),
    "aarch64": (0xC00000B7, (217, 218, 219, 280, 241, 282, 117, 270, 271)),
    "riscv64": (0xC00000F3, (217, 218, 219, 280, 241, 282, 117, 270, 271)),
}
_EVERYWHERE = (425, 426, 427, 438)
"""io_uring_setup, io_uring_enter, io_uring_register and pidfd_getfd."""

_X32 = 0x40000000
"""From here on stand the same calls by other numbers, on x86_64: none of them is needed."""

_JOIN_SESSION_KEYRING = 1
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_LIBC = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def close() -> None:
    """Close system calls to this process, which can get no more privileges.

    Raises OSError where the kernel cannot filter calls, or the machine is none of those known.
    """
    machine = os.uname().machine
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"the kernel's calls on {machine} are not known")
    architecture, numbers = _MACHINES[machine]
    # Where a container refuses this, there are no keys to reach.
    _LIBC.syscall(numbers[2], _JOIN_SESSION_KEYRING, None)
    written = _filter(architecture, (*numbers, *_EVERYWHERE))
    program = _Program(len(written) // 8, written)
    if _LIBC.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"calls cannot be filtered: {os.strerror(number)}")


def _filter(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Return a program on struct seccomp_data: its call's number at 0, its machine at 4."""
    count = len(refused)
    lines = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 0, count + 3, architecture),
        (_LOAD, 0, 0, 0),
        (_JUMP_FROM, count + 1, 0, _X32),
        *((_JUMP_EQUAL, count - at, 0, number) for at, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


if __name__ == "__main__":
    close()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - a list, and no shell
