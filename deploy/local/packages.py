"""The programs that pip cannot install: by apt where we may, else one sentence says how.

`python -m deploy.local.packages` (`make test`) does so for all that the tests need.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from deploy.local import StackError
from deploy.local.servers import server_program

_PROGRAMS: dict[str, Callable[[], str | None]] = {
    "rabbitmq-server": server_program,
    "bubblewrap": partial(shutil.which, "bwrap"),
    "prometheus": partial(shutil.which, "promtool"),
    "curl": partial(shutil.which, "curl"),
    "chromium-headless-shell": partial(shutil.which, "chromium-headless-shell"),
    "slurmctld": partial(shutil.which, "slurmctld"),
    "slurmd": partial(shutil.which, "slurmd"),
    "slurm-client": partial(shutil.which, "sbatch"),
}
"""How to find the program that each Debian package is wanted for."""

_WANTED = {
    "rabbitmq-server": ", or set DATALAB_AMQP_URI to a RabbitMQ that runs already",
    "bubblewrap": " (jobs run inside its sandbox)",
    "prometheus": " (tests check metrics by its promtool)",
    "curl": " (tests paste the documents' commands)",
    "chromium-headless-shell": " (tests use the portal by it)",
    "slurmctld": " (tests start a cluster of their own)",
    "slurmd": "",
    "slurm-client": "",
}


def missing(packages: Iterable[str]) -> list[str]:
    """Those of these Debian packages whose programs are not there."""
    return [package for package in packages if _PROGRAMS[package]() is None]


def ensure_installed(package_names: Iterable[str], progress: Callable[[str], object]) -> None:
    """Install what is missing; raises StackError with one sentence where we may not."""
    packages = missing(package_names)
    if not packages:
        return
    apt_get = _apt_get()
    if apt_get is None:
        raise StackError(_how_to_get(packages))
    progress(f"installing {' and '.join(packages)} with apt-get")
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        _run([*apt_get, *arguments])
    if still := missing(packages):
        raise StackError(_how_to_get(still))


def _apt_get() -> list[str] | None:
    """The command line of an apt-get that may install, or None."""
    if not shutil.which("apt-get"):
        return None
    # A run level of 1 keeps the packages from starting servers of their own on the default ports.
    command = ["env", "RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    if os.geteuid() == 0:
        return command
    sudo = ["sudo", "--non-interactive"]
    if shutil.which("sudo") and _succeeds([*sudo, "true"]):
        return [*sudo, *command]
    return None


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise StackError(f"`{' '.join(command)}` failed: {' '.join(last) or done.returncode}")


def _how_to_get(packages: list[str]) -> str:
    names = " ".join(packages)
    return (
        f"Not installed: {names}; run `apt-get install {names}` as root"
        f"{''.join(_WANTED[package] for package in packages)}."
    )


def main() -> None:
    """Install all of them, or say what is missing: a test that needs it says so then."""
    try:
        ensure_installed(_PROGRAMS, lambda message: sys.stdout.write(f"{message}\n"))
    except StackError as error:
        sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    main()
