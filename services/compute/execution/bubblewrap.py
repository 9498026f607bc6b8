"""The command line that confines a job: what it can see and write, and whether that works here."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.errors import Unavailable

CODE = Path(__file__).resolve().parents[3]
"""Where the packages `services` and `shared` live, in the sandbox too.

What was loaded outside of it finds its files there.
"""

_CLOSED = CODE / "services" / "compute" / "execution" / "spares" / "kernel_calls.py"
"""Starts a command without what the kernel keeps beside files and processes."""

INNER_JOB = "/job"
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

SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108 - the sandbox's own
    # Arrow's own pool keeps what it once used: each job is forked from a process that used it.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # One core more or less is nothing to these, and their thread pools count as processes.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def confined(folder: Path, command: Sequence[str], processes: int) -> list[str]:
    """`command` inside bubblewrap, within a job's limits.

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
    """Bubblewrap, without its command: `folder` is /job, read-only but for its `out`.

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
    for part in ("shared", "services/__init__.py", "services/compute"):
        yield from ("--ro-bind", str(CODE / part), str(CODE / part))


def interpreter() -> list[Path]:
    """The folders of this Python and its packages that /usr does not hold."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    # What was loaded outside of the sandbox may know its files by where links lead.
    prefixes |= {prefix.resolve() for prefix in prefixes}
    return sorted(prefix for prefix in prefixes if not prefix.is_relative_to("/usr"))


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
        probe = (sys.executable, "-B", "-s", "-c", "import duckdb, services.compute.runner")
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
    """Leave the bytecode of what jobs run where they find it: they see the code read-only.

    Each would compile it all anew. Where this process may not write either, as in the image, that
    was done when the code was installed.
    """
    folders = (str(CODE / "shared"), str(CODE / "services" / "compute"))
    subprocess.run([sys.executable, "-m", "compileall", "-qq", *folders], check=False)
