"""What holds of every executor: jobs of a folder, done here or on the cluster."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from services.compute.execution.executors.cluster import Cluster, ClusterUse
from services.compute.execution.executors.contract import Phase, Run, RunPlace, Submission
from services.compute.execution.executors.following import FollowedRun
from services.compute.execution.executors.local import LocalExecutor
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import Transport
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.spares.spares import Spares
from shared.engine.contract.work import Work
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.run_files import LIMITS, write_run_file
from tests.integration.compute.slurm.runs import node_command
from tests.servers import PATIENCE_SECONDS, eventually
from tests.slurm import Slurm

_LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=500_000_000)


class Place:
    """One executor, and the runs that the test has there."""

    def __init__(self, place: RunPlace) -> None:
        self.place, self.news = place, list[Progress]()
        self._folders = ExitStack()

    def staged(self) -> tuple[Run, JobFolder]:
        """A run that takes in a file, in a folder of its own."""
        run_id = uuid4().hex
        folder = self._folders.enter_context(self.place.folder(run_id))
        folder.input_path(0).write_text("commune;habitants\n14118;105512\n76540;112321\n")
        folder.describe(Work(kind="ingest", inputs={"source": "in/0"}, filename="communes.csv"))
        write_run_file(folder.path, LIMITS, _LIMITS)
        return Run(run_id, folder.path), folder

    def submit(self, run: Run) -> None:
        """Submit a run."""
        self.place.submit(Submission(run, _LIMITS.seconds, _LIMITS.memory_bytes))

    def phase(self, run: Run) -> Phase:
        """How far a run got."""
        return self.place.poll([run])[run.run_id].phase

    def outcome(self, run: Run) -> Outcome:
        """How a run ended."""
        followed = FollowedRun(self.place, run, self.news.append)
        return followed.outcome(lambda: False, lambda: None)

    def close(self) -> None:
        """Leave the folders."""
        self._folders.close()


@pytest.fixture(params=["local", "slurm"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each executor, one after the other."""
    if request.param == "local":
        place = Place(LocalExecutor(Spares(0, 0)))
    else:
        slurm: Slurm = request.getfixturevalue("slurm")
        use = ClusterUse(node_command(tmp_path / "ledger"))
        place = Place(Cluster(SlurmExecutor(Transport(slurm.prefix)), tmp_path / "runs", use))
    yield place
    place.close()


def test_run_leaves_its_outcome_and_its_result(place: Place) -> None:
    """Who follows it is told how far it is."""
    run, folder = place.staged()
    place.submit(run)
    outcome = place.outcome(run)
    assert (outcome.ok, outcome.reason) == (True, "")
    assert folder.result().outputs
    assert place.news[-1].progress > 0


def test_run_that_is_submitted_twice_begins_once(place: Place) -> None:
    """Also when it is over."""
    run, folder = place.staged()
    place.submit(run)
    place.submit(run)
    assert place.outcome(run).ok
    written = (folder.path / "result.json").stat().st_mtime_ns
    place.submit(run)
    eventually(lambda: place.phase(run) == Phase.ENDED, "its end")
    assert (folder.path / "result.json").stat().st_mtime_ns == written


def test_run_that_is_cancelled_before_it_is_submitted_never_begins(place: Place) -> None:
    """Whoever cancels it need not know whether it was submitted."""
    run, folder = place.staged()
    place.place.cancel(run)
    place.submit(run)
    eventually(lambda: place.phase(run) == Phase.ENDED, "its end")
    assert not (folder.path / "result.json").exists()


def test_run_that_is_cancelled_ends(place: Place) -> None:
    """It waits for what it reads; nothing is left to wait for it."""
    run, folder = place.staged()
    folder.input_path(0).unlink()
    os.mkfifo(folder.input_path(0))
    place.submit(run)
    eventually(lambda: place.phase(run) == Phase.RUNNING, "its start")
    place.place.cancel(run)
    eventually(lambda: place.phase(run) == Phase.ENDED, "its end")
    assert not (folder.path / "result.json").exists()
