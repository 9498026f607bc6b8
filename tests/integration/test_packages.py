"""What pip cannot install is installed by apt where we may, else a sentence says how."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.servers import server_program
from tests.servers import require

Run = Callable[[], "subprocess.CompletedProcess[str]"]
WANTED = "bubblewrap prometheus curl chromium-headless-shell slurmctld slurmd slurm-client"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`python -m deploy.local.packages` on a machine that has the programs in `tmp_path` only."""
    require(server_program(), "rabbitmq-server")  # it may be where no PATH leads
    command = [sys.executable, "-m", "deploy.local.packages"]
    environ = {"PATH": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    return lambda: subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def program(path: Path, script: str = "") -> None:
    """An executable at this place."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def apt(folder: Path, script: str) -> None:
    """An apt-get that runs this script; root calls it by `env`, everybody else by `sudo`."""
    (folder / "env").symlink_to("/usr/bin/env")
    program(folder / "sudo", 'shift; [ "$1" = true ] || exec "$@"')
    program(folder / "apt-get", script)


def test_missing_programs_are_installed(run: Run, tmp_path: Path) -> None:
    """By one apt-get that starts no server; then there is nothing left to do."""
    log = tmp_path / "log"
    programs = "bwrap promtool curl chromium-headless-shell slurmctld slurmd sbatch"
    install = f'for name in {programs}; do : > "{tmp_path}/$name"; done'
    calls = f'echo "$RUNLEVEL $@" >> "{log}"; [ "$2" = update ] && exit 0; {install}'
    apt(tmp_path, f'{calls}; /bin/chmod +x "{tmp_path}"/*')
    done = run()
    assert (done.stdout, done.stderr) == (
        f"installing {WANTED.replace(' ', ' and ')} with apt-get\n",
        "",
    )
    again = run()
    assert (again.stdout, again.stderr) == ("", "")
    options = "--yes --no-install-recommends"
    assert log.read_text() == f"1 -qq update\n1 -qq install {options} {WANTED}\n"


def test_without_apt_a_sentence_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    """Only what is not there; tests that need it are skipped."""
    program(tmp_path / "bwrap")
    done = run()
    assert done.returncode == 0
    assert done.stderr == (
        "Not installed: prometheus curl chromium-headless-shell slurmctld slurmd slurm-client;"
        " run `apt-get install prometheus curl chromium-headless-shell slurmctld slurmd"
        " slurm-client` as root"
        " (tests check metrics by its promtool) (tests paste the documents' commands)"
        " (tests use the portal by it) (tests start a cluster of their own).\n"
    )


def test_apt_that_fails_is_quoted(run: Run, tmp_path: Path) -> None:
    """Its last line says why; where it installs something else, what is still missing is named."""
    apt(tmp_path, "echo first >&2; echo no network >&2; exit 100")
    assert run().stderr.endswith("apt-get -qq update` failed: no network\n")
    program(tmp_path / "apt-get", f': > "{tmp_path}/curl"; /bin/chmod +x "{tmp_path}/curl"')
    assert "Not installed: bubblewrap prometheus chromium-headless-shell slurmctld" in run().stderr
