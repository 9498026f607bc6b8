"""The two programs that pip cannot install: RabbitMQ and bubblewrap, by apt where we may."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from deploy.local import StackError
from deploy.local.servers import server_program

_ELSEWHERE = {
    "rabbitmq-server": ", or set DATALAB_AMQP_URI to a RabbitMQ that runs already",
    "bubblewrap": " (jobs run inside its sandbox)",
}


def missing(*, broker: bool) -> list[str]:
    """The Debian packages whose programs are not there; the broker only if it is wanted."""
    absent = ["rabbitmq-server"] if broker and server_program() is None else []
    return absent + ([] if shutil.which("bwrap") else ["bubblewrap"])


def ensure_installed(*, broker: bool, progress: Callable[[str], None]) -> None:
    """Install what is missing; raises StackError with one sentence where we may not."""
    packages = missing(broker=broker)
    if not packages:
        return
    apt_get = _apt_get()
    if apt_get is None:
        raise StackError(_how_to_get(packages))
    progress(f"installing {' and '.join(packages)} with apt-get")
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        _run([*apt_get, *arguments])
    if missing(broker=broker):
        raise StackError(_how_to_get(packages))


def _apt_get() -> list[str] | None:
    """The command line of an apt-get that may install, or None."""
    if not shutil.which("apt-get"):
        return None
    # A run level of 1 keeps the package from starting a node of its own on the default port.
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
        f"{''.join(_ELSEWHERE[package] for package in packages)}."
    )
