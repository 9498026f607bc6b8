"""The command line that confines a job: what it can see and write, and whether that works here."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.engine.contract.sandbox_view import CODE, ENVIRONMENT, INNER_JOB, SYSTEM, interpreter
from shared.errors import Unavailable

_CLOSED = Path(__file__).with_name("kernel_calls.py")
"""Starts a command without what the kernel keeps beside files and processes."""

FILE_BYTES = 4 << 30
"""No single file that a job writes may grow beyond this."""

TMP_BYTES = 64 << 20
"""Size of the job's own /tmp: it is memory, and no process's resident set counts it."""

NOBODY = "65534"
NICE = 5
"""How far jobs yield to the service, see nice(2)."""

THREADS_PER_PROCESS = 4
PROCESSES = 32
"""How many a job may run, unless its limits say otherwise."""


def confined(folder: Path, command: Sequence[str], processes: int) -> list[str]:
    """Return the command that runs `command` in bubblewrap, within a job's limits.

    `nice` stands inside, so that bubblewrap's own init outranks the job and a fork bomb cannot
    outrun its end; it is the job's processes that yield to the service.
    """
    return [
        *enclosed(folder),
        *("nice", "-n", str(NICE), "prlimit", "--core=0", f"--fsize={FILE_BYTES}"),
        f"--nproc={processes * THREADS_PER_PROCESS}",
        *("--", sys.executable, "-B", "-I", "-S", str(_CLOSED), *command),
    ]


def enclosed(folder: Path) -> list[str]:
    """Return bubblewrap's options: `folder` is /job, read-only except for its `out`.

    There is no /proc inside and no host name is set: nothing in a job needs them, and a container
    refuses a fresh /proc beside its own masked one, and `sethostname`.
    """
    return [
        "bwrap",
        *("--unshare-user", "--unshare-all", "--die-with-parent", "--new-session"),
        *("--uid", NOBODY, "--gid", NOBODY, "--clearenv"),
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        # First of all: this Python itself may be installed somewhere below /tmp.
        *("--size", str(TMP_BYTES), "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108
        *_visible(),
        *("--dev-bind", "/dev/null", "/dev/null", "--ro-bind", "/dev/urandom", "/dev/urandom"),
        *("--ro-bind", str(folder), INNER_JOB),
        *("--bind", str(folder / "out"), f"{INNER_JOB}/out"),
        *("--remount-ro", "/", "--chdir", str(CODE), "--"),
    ]


def _visible() -> Iterator[str]:
    for path in SYSTEM:
        yield from ("--ro-bind-try", path, path)
    for prefix in interpreter():
        yield from ("--ro-bind", str(prefix), str(prefix))
    code = str(CODE / "shared")
    yield from ("--ro-bind", code, code)


def check_sandbox() -> None:
    """Run the interpreter once in the sandbox; raises Unavailable with one sentence if it cannot.

    Called when the service starts: there is no unconfined way to run a job.
    """
    missing = [tool for tool in ("bwrap", "prlimit", "nice") if shutil.which(tool) is None]
    if missing:
        raise Unavailable(
            f"jobs cannot be sandboxed: {missing[0]} is not installed"
            " (Debian packages bubblewrap, util-linux and coreutils)"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "out").mkdir()
        probe = (sys.executable, "-B", "-s", "-c", "import duckdb, shared.engine.running")
        done = subprocess.run(
            confined(Path(folder), probe, PROCESSES), capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(
            f"jobs cannot be sandboxed: {last} (bubblewrap needs unprivileged user namespaces;"
            " in a container, a seccomp profile that allows them)"
        )
    _compile()


def _compile() -> None:
    """Write the bytecode of what jobs run to where they look: they see the code read-only.

    Each would compile it all anew. Where this process may not write either, as in the image, that
    was done when the code was installed.
    """
    subprocess.run([sys.executable, "-m", "compileall", "-qq", str(CODE / "shared")], check=False)
