"""A process that dies between any two steps of a job on the cluster: the next one goes on."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.compute.execution.executors.cluster import Cluster, ClusterUse
from services.compute.execution.executors.contract import Run, RunState, Submission
from services.compute.execution.executors.local import LocalExecutor
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import Transport
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.job_run import JobRun, Platform
from services.compute.execution.spares.spares import Spares
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id, now
from shared.engine.sandbox.limits import Outcome
from shared.engine.sandbox.run_files import OUTCOME, read_run_file
from shared.engine.tables.manifest import PARQUET
from shared.errors import NotFound, Unavailable
from shared.events.event import FileRef
from shared.settings import Settings, load_settings
from shared.storage import Storage
from shared.store import Store
from tests.integration.compute.lab import HOLDER, summing
from tests.integration.compute.slurm.runs import node_command
from tests.servers import eventually
from tests.slurm import Slurm

_LEASE = timedelta(seconds=600)


class Death(BaseException):
    """The process is gone: nothing after this point is done."""


class Mortal:
    """Counts the steps of a process, which dies at one of them; 0 is never.

    `lacks_files` while the file store does not answer it.
    """

    def __init__(self, dies_at: int = 0, *, lacks_files: bool = False) -> None:
        self._dies_at, self._steps, self.lacks_files = dies_at, 0, lacks_files

    def step(self) -> None:
        """Go on to the next step, or die before it."""
        self._steps += 1
        if self._steps == self._dies_at:
            raise Death


class MortalFiles(Storage):
    """A file store whose process may die before and after it stores something."""

    mortal: Mortal

    def put(self, *arguments: Any, **options: Any) -> FileRef:
        """Store a file."""
        self.mortal.step()
        if self.mortal.lacks_files:
            raise Unavailable("the file store does not answer")
        file = super().put(*arguments, **options)
        self.mortal.step()
        return file


class MortalCluster(Cluster):
    """A cluster whose process may die before and after it asks for something."""

    mortal: Mortal

    @contextmanager
    def folder(self, run_id: str) -> Iterator[JobFolder]:
        """Provide the folder of a run."""
        self.mortal.step()
        with super().folder(run_id) as folder:
            self.mortal.step()
            yield folder

    def submit(self, submission: Submission) -> str:
        """Queue a run."""
        self.mortal.step()
        job_id = super().submit(submission)
        self.mortal.step()
        return job_id

    def poll(self, runs: Collection[Run]) -> Mapping[str, RunState]:
        """Where runs stand; that is asked for any number of times, so it counts once for each."""
        states = super().poll(runs)
        if any(state.phase == "running" for state in states.values()) and not self._has_run:
            self._has_run = True
            self.mortal.step()
        return states

    _has_run = False


class OpenData:
    """A catalogue that lends one table to everybody, on the cluster too."""

    def __init__(self, dataset_id: str, table: FileRef) -> None:
        self._answer = {
            "dataset_id": dataset_id,
            "title": "Logements",
            "version": 1,
            "licence": "lov2",
            "sha256": table.sha256,
            "file": table.model_dump(),
            "on_cluster": True,
            "is_published": True,
        }

    def open_dataset(self, *_about: Any, **_version: Any) -> dict[str, Any]:
        """The table."""
        return self._answer

    def open_for_protection(self, dataset_id: str) -> dict[str, Any]:
        """Nothing is restricted."""
        raise NotFound(dataset_id)

    def describe_inputs(self, *_about: object, **_options: object) -> dict[str, Any]:
        """Nothing is known of it."""
        return {"tables": [], "crossings": []}

    def reserve_releases(self, *_about: object) -> None:
        """Nothing is kept of what leaves open data."""


class Lab:
    """A job in a store of its own, and the processes that have it one after the other."""

    def __init__(self, store: Store, home: Path, slurm: Slurm, settings: Settings) -> None:
        self.store, self._home, self._slurm, self._settings = store, home, slurm, settings
        self.ledger = home / "ledger"
        self.runs = home / "runs"
        self.dataset_id, self.job_id = new_id("dts"), ""
        table = home / "homes.parquet"
        parquet.write_table(pa.table({"com": ["14118"], "logements": [3], "vacants": [1]}), table)
        self.table = Storage(settings.storage_url).put([table.read_bytes()], PARQUET)

    def queue(self) -> None:
        """Queue a full job of a project of its own."""
        project_id = new_id("prj")
        workspace = Workspace(id=project_id)
        workspace.open(HOLDER, (self.dataset_id,), 3600)
        self.store.of(Workspace).add(workspace)
        job = Job(
            id=new_id("job"),
            kind="full",
            project_id=project_id,
            owner_id=HOLDER,
            lane=HOLDER,
            queued_at=now(),
            treatment=summing(self.dataset_id),
        )
        self.store.of(Job).add(job)
        self.job_id = job.id

    def work(self, mortal: Mortal, partition: str = "") -> bool:
        """Have the job for as long as this process lives; returns whether it died."""
        self.store.of(Job).change(self.job_id, lambda job: job.__dict__.update(not_before=now()))
        job = self.store.of(Job).change(
            self.job_id, lambda job: job.take(uuid4().hex, now(), _LEASE)
        )
        try:
            JobRun(self._platform(mortal, partition), job).run()
        except Death:
            late = job.lease_until + 10 * _LEASE
            self.store.of(Job).change(self.job_id, lambda job: job.lose(late, _LEASE))
            return True
        return False

    def _platform(self, mortal: Mortal, partition: str) -> Platform:
        spares = Spares(0, 0)
        files = MortalFiles(self._settings.storage_url)
        use = ClusterUse(node_command(self.ledger), partition=partition)
        executor = SlurmExecutor(Transport(self._slurm.prefix))
        cluster = MortalCluster(executor, self.runs, use)
        files.mortal = cluster.mortal = mortal
        return Platform(
            service="compute",
            store=self.store,
            files=files,
            settings=self._settings,
            catalog=OpenData(self.dataset_id, self.table),
            spares=spares,
            local=LocalExecutor(spares),
            cluster=cluster,
        )

    def sweep(self) -> None:
        """Remove what the job wants no more."""
        cluster = Cluster(SlurmExecutor(Transport(self._slurm.prefix)), self.runs, ClusterUse(()))
        eventually(lambda: self._is_swept(cluster), "no folder of a run")

    def _is_swept(self, cluster: Cluster) -> bool:
        cluster.sweep(lambda _run_ids: ())
        return not [*self.runs.glob("*")]

    def begun(self) -> int:
        """How many runs began on a node."""
        return len(self.ledger.read_text().splitlines()) if self.ledger.exists() else 0


@pytest.fixture
def lab(store: Store, slurm: Slurm, tmp_path: Path, module_environ: dict[str, str]) -> Lab:
    """A lab whose full jobs all go to the cluster."""
    environ = {
        **module_environ,
        "DATALAB_STORAGE_URL": f"file://{tmp_path / 'files'}",
        "DATALAB_SLURM_FOLDER": str(tmp_path / "runs"),
        "DATALAB_HTTP_PORT": "8003",
        "DATALAB_SLURM_FROM_BYTES": "0",
        "DATALAB_SLURM_MEMORY_BYTES": "500000000",
    }
    return Lab(store, tmp_path, slurm, load_settings(environ))


def test_process_that_dies_between_any_two_steps_loses_and_repeats_nothing(lab: Lab) -> None:
    """The job succeeds once, and its run begins once on a node, wherever its process died."""
    for dies_at in count(1):
        begun = lab.begun()
        lab.queue()
        has_died = lab.work(Mortal(dies_at))
        if has_died:
            assert lab.work(Mortal()) is False
        job = lab.store.of(Job).get(lab.job_id)
        assert (job.state, job.node_failures, job.reason) == ("succeeded", 0, "")
        assert lab.begun() == begun + 1, f"died at {dies_at}"
        if not has_died:
            break
    assert dies_at > 8
    lab.sweep()


def test_run_is_charged_once_however_often_its_result_is_stored(lab: Lab) -> None:
    """The file store was away: the run is not done again, nor paid for again."""
    lab.queue()
    for _ in range(3):
        lab.work(Mortal(lacks_files=True))
    lab.work(Mortal())
    job = lab.store.of(Job).get(lab.job_id)
    outcome = read_run_file(lab.runs / job.cluster_run, OUTCOME, Outcome)
    workspace = lab.store.of(Workspace).get(job.project_id or "")
    assert outcome
    assert (job.state, job.seconds, lab.begun()) == ("succeeded", outcome.seconds, 1)
    assert workspace.used_seconds == outcome.seconds


def test_process_that_ends_under_a_result_may_have_ended_by_it(lab: Lab) -> None:
    """The cluster is through with the run: it is no run there that the process waited for."""
    lab.queue()
    lab.work(Mortal(lacks_files=True))
    job = lab.store.of(Job).get(lab.job_id)
    assert not job.is_submitted
    job.take("next", now() + _LEASE, _LEASE)
    job.lose(job.lease_until + _LEASE, _LEASE)
    assert job.losses == 1


def test_job_that_slurm_never_takes_waits_for_an_operator(lab: Lab) -> None:
    """A setting of the lab's is wrong; once it is mended the job runs."""
    lab.queue()
    lab.work(Mortal(), "nowhere")
    job = lab.store.of(Job).get(lab.job_id)
    assert (job.state, job.reason) == ("given_up", "la grappe de calcul refuse ce traitement")
    lab.store.of(Job).change(lab.job_id, Job.retry)
    lab.work(Mortal())
    assert lab.store.of(Job).get(lab.job_id).state == "succeeded"
