"""A sandbox that waits for its job does it like any other, and is gone with it."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.compute.execution.job_folder import JobFolder, Work
from services.compute.execution.process_tree import ProcessTree
from services.compute.execution.sandbox import Limits, Sandbox, SandboxOutcome
from services.compute.execution.spare import Spares
from tests.integration.compute.lab import HOMES, Lab
from tests.servers import eventually

LIMITS = Limits(seconds=60, memory_bytes=1_000_000_000)


@pytest.fixture
def spares() -> Iterator[Spares]:
    """One sandbox that waits."""
    made = Spares(LIMITS, rest_seconds=0)
    made.fill()
    yield made
    made.close()


def work(folder: JobFolder, waiting: ProcessTree | None) -> SandboxOutcome:
    """Take in a table in that folder."""
    folder.input_path(0).write_bytes(HOMES)
    folder.describe(Work(kind="ingest", inputs={"source": "in/0"}, filename="a.csv"))
    return Sandbox(LIMITS).run(folder.path, lambda _news: None, lambda: False, waiting)


def rows(folder: JobFolder) -> int:
    """How many rows were taken in."""
    return int(json.loads((folder.path / "result.json").read_text())["reports"][0]["rows"])


def is_gone(tree: ProcessTree) -> bool:
    """Whether nothing of a sandbox is left."""
    return tree.bubblewrap.poll() is not None and not psutil.pid_exists(tree.init.pid)


def test_job_runs_in_the_sandbox_that_waited(spares: Spares) -> None:
    """In its folder, and in no other; afterwards neither is there."""
    with spares.folder() as (folder, waiting):
        assert waiting
        assert waiting.is_waiting
        outcome = work(folder, waiting)
        assert outcome.ok, outcome
        assert rows(folder) == 700
        assert waiting.bubblewrap.returncode == 0
    assert not folder.path.exists()
    eventually(lambda: is_gone(waiting), what="nothing of it is left")
    with spares.folder() as (_, another):
        assert another is None


def test_job_runs_anew_when_what_waited_is_gone(spares: Spares) -> None:
    """Whatever ended it: the machine may have been short of memory."""
    with spares.folder() as (folder, waiting):
        assert waiting
        waiting.kill(10)
        assert work(folder, waiting).ok
        assert rows(folder) == 700


def test_what_waits_is_replaced_once_it_is_gone(spares: Spares) -> None:
    """And is left alone while it is there."""
    first = spares._spare
    spares.fill()
    assert spares._spare is first
    assert first
    first.tree.kill(10)
    spares.fill()
    assert spares._spare is not first
    assert not first.folder.path.exists()


def test_what_ends_while_it_waits_is_not_replaced_at_once() -> None:
    """Where it cannot load, one after the other would end."""
    spares = Spares(LIMITS)
    spares.fill()
    first = spares._spare
    assert first
    first.tree.kill(10)
    for _ in range(2):
        spares.fill()
        assert spares._spare is None
    spares.close()


def test_what_waits_ends_with_its_service(spares: Spares) -> None:
    """A service that was killed closes the pipe; one that stops ends it."""
    spare = spares._spare
    assert spare
    assert spare.tree.bubblewrap.stdin
    spare.tree.bubblewrap.stdin.close()
    eventually(lambda: is_gone(spare.tree), 30, "it ended by itself")
    spares.fill()
    another = spares._spare
    spares.close()
    assert another
    eventually(lambda: is_gone(another.tree), what="it is ended")
    assert not another.folder.path.exists()


def test_unused_sandbox_ends_with_the_run_that_took_it(spares: Spares) -> None:
    """A job that is refused before it begins leaves nothing."""
    with pytest.raises(ValueError, match="refused"), spares.folder() as (folder, waiting):
        raise ValueError("refused")
    assert waiting
    eventually(lambda: is_gone(waiting), what="it is ended")
    assert not folder.path.exists()


def test_service_keeps_one_and_leaves_none(lab: Lab) -> None:
    """One job after another is done, and the stopped service leaves neither process nor folder."""
    with lab.compute(job_spare="true") as service:
        lab.ingest(HOMES)
        lab.ingest(HOMES)
        left: list[psutil.Process] = []

        def one_waits() -> bool:
            found = psutil.Process(service.pid).children(recursive=True)
            left[:] = [one for one in found if "--wait" in one.cmdline()]
            return bool(left)

        eventually(one_waits, 30, "one waits")
    assert not [one for one in left if one.is_running() and one.status() != "zombie"]
    assert not list(Path(lab.work).glob("datalab-job-*"))
