"""A job on a machine that has the engine alone, as on a cluster's node."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.supervision import wait_until
from shared.engine.contract.work import Work
from shared.engine.sandbox.engine_version import engine_version
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.run_files import LIMITS, OUTCOME, PROGRESS, read_run_file, write_run_file
from tests.servers import PATIENCE_SECONDS

_LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=1_000_000_000)
_TRY_ELSEWHERE = 75


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run that reads a CSV."""
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in/0").write_text("commune;habitants\n14118;105512\n76540;112321\n")
    work = Work(kind="ingest", inputs={"source": "in/0"}, filename="communes.csv")
    (tmp_path / "job.json").write_text(work.model_dump_json())
    write_run_file(tmp_path, LIMITS, _LIMITS)
    return tmp_path


@contextmanager
def on_the_node(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The process that a cluster starts."""
    command = [sys.executable, "-m", "shared.engine.sandbox", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def outcome_of(folder: Path) -> Outcome:
    """How the run ended."""
    with on_the_node(folder) as process:
        assert process.wait(PATIENCE_SECONDS) == 0
    outcome = read_run_file(folder, OUTCOME, Outcome)
    assert outcome
    return outcome


def test_a_job_is_done_and_leaves_its_outcome_and_its_result(folder: Path) -> None:
    """Beside it stands how far it was."""
    outcome = outcome_of(folder)
    assert (outcome.ok, outcome.reason) == (True, "")
    assert outcome.peak_bytes > 0
    assert outcome.engine == engine_version()
    assert (folder / "result.json").exists()
    progress = read_run_file(folder, PROGRESS, Progress)
    assert progress
    assert progress.message


def test_a_job_that_takes_too_much_is_ended_with_its_reason(folder: Path) -> None:
    """By the limits in its folder."""
    write_run_file(folder, LIMITS, Limits(seconds=PATIENCE_SECONDS, memory_bytes=1_000_000))
    outcome = outcome_of(folder)
    assert not outcome.ok
    assert "1 Mo de mémoire" in outcome.reason


def test_a_cancelled_job_ends_and_says_so(folder: Path) -> None:
    """The cluster sends SIGTERM, while the job waits for what it reads."""
    (folder / "in/0").unlink()
    os.mkfifo(folder / "in/0")
    with on_the_node(folder) as process:
        wait_until(
            lambda: (folder / PROGRESS).exists() or process.poll() is not None, PATIENCE_SECONDS
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    outcome = read_run_file(folder, OUTCOME, Outcome)
    assert outcome
    assert outcome.reason == "le traitement a été annulé"


def test_a_machine_without_what_it_needs_leaves_no_outcome(folder: Path) -> None:
    """Somebody else may do the job."""
    (folder / LIMITS).unlink()
    with on_the_node(folder) as process:
        assert process.wait(PATIENCE_SECONDS) == _TRY_ELSEWHERE
    assert read_run_file(folder, OUTCOME, Outcome) is None
