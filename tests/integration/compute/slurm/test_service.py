"""Full jobs of the compute service on a cluster: what goes there, and that none is lost there."""

import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from deploy.reference import ROOT
from services.compute.jobs.model import MAX_NODE_FAILURES, SUSPECT_LOSSES, Job
from shared.aggregate import new_id, now
from shared.engine.sandbox.run_files import OUTCOME
from tests.integration.compute.lab import HOMES, Lab
from tests.integration.compute.samples import Shelf
from tests.integration.compute.slurm.runs import node_command
from tests.servers import RunningService, eventually
from tests.slurm import Slurm

pytestmark = pytest.mark.usefixtures("catalog")

SHARDS, SHARD_BYTES = 3, 20_000
LARGE: Mapping[str, Sequence[object]] = {
    "com": [f"{number % 97:02}" for number in range(30_000)],
    "logements": [(number * 7919) % 99_991 for number in range(30_000)],
    "vacants": [number % 13 for number in range(30_000)],
}
"""Columns of a table that is large enough for shards."""

_FIRST = (
    "test -e {0}/broken && exit 1; while [ ! -e {0}/gate ]; do sleep 0.05; done;"
    " test -e {0}/other && cd {0}/other"
)


class Cluster:
    """A compute service whose full jobs run on the tests' Slurm, once they are let."""

    def __init__(self, lab: Lab, slurm: Slurm, home: Path) -> None:
        self.lab, self.slurm, self._home = lab, slurm, home
        self.runs, self._ledger = home / "runs", home / "ledger"
        self._begun = 0

    @contextmanager
    def running(self) -> Iterator[RunningService]:
        """The service."""
        command = node_command(self._ledger, _FIRST.format(self._home))
        settings = {
            "job_lease_seconds": "1.5",
            "slurm_folder": str(self.runs),
            "slurm_prefix": shlex.join(self.slurm.prefix),
            "slurm_engine": shlex.join(command),
            "slurm_memory_bytes": "500000000",
            "slurm_from_bytes": "0",
            "slurm_shards": str(SHARDS),
            "slurm_shard_bytes": str(SHARD_BYTES),
        }
        with self.lab.bare_compute(**settings) as service:
            yield service

    def close_gate(self) -> None:
        """Let no node do its work until `let_go`, and count starts from now on."""
        (self._home / "gate").unlink(missing_ok=True)
        self._begun += self.starts()

    @contextmanager
    def broken(self) -> Iterator[None]:
        """While the block lasts, nodes fail before they begin."""
        broken = self._home / "broken"
        broken.touch()
        yield
        broken.unlink()

    @contextmanager
    def other_engine(self) -> Iterator[None]:
        """While the block lasts, nodes have an engine with another list than the service's."""
        other = self._home / "other"
        shutil.copytree(ROOT / "shared", other / "shared")
        with (other / "shared/thesaurus/terms.csv").open("a") as terms:
            terms.write("\n")
        yield
        shutil.rmtree(other)

    def queued(self, *, on_cluster: bool = True, is_large: bool = False, **answer: Any) -> str:
        """A new project whose full job is queued, on data that may go to the cluster.

        `answer` is what the catalogue says instead of it.
        """
        project = self._started_with_large() if is_large else self.lab.started()
        self.lab.wait_for("job_succeeded", project_id=project, kind="trial")
        self.answer(project, on_cluster=on_cluster, **answer)
        self.lab.staff(project)
        self.lab.wait_for("job_queued", project_id=project, kind="full")
        return project

    def _started_with_large(self) -> str:
        """A new project that sums a large table."""
        dataset, project = new_id("dts"), new_id("prj")
        self.lab.shelve(dataset, self.lab.put(LARGE))
        self.lab.start(project, dataset)
        return project

    def answer(self, project: str, **answer: Any) -> None:
        """Let the catalogue say that of what the project reads from now on."""
        with self.lab.store("catalog") as store:
            shelf = next(shelf for shelf in store.of(Shelf).every({}) if project in shelf.readers)
            store.of(Shelf).change(shelf.id, lambda shelf: shelf.answer.update(answer))

    def let_go(self) -> None:
        """Let the nodes do their work."""
        (self._home / "gate").touch()

    def starts(self) -> int:
        """How many runs began on a node, in this test."""
        lines = self._ledger.read_text().splitlines() if self._ledger.exists() else []
        return len(lines) - self._begun

    def started(self, project: str) -> dict[str, Any]:
        """What was published when a node began a project's full job."""
        return self.lab.wait_for("job_started", project_id=project, kind="full")

    def succeeded(self, project: str) -> dict[str, Any]:
        """What was published of its result, which stands alone."""
        done = self.lab.wait_for("job_succeeded", project_id=project, kind="full")
        assert len(self.lab.events("job_succeeded", project_id=project, kind="full")) == 1
        return done

    def run_ids(self) -> list[str]:
        """The ids of all runs that have a folder, those of shards too."""
        folders = [*self.runs.glob("*"), *self.runs.glob("*/shards/*")]
        return [folder.name for folder in folders]

    def has_jobs(self, run_ids: list[str]) -> bool:
        """Whether a job of one of these runs is on a node; what it is goes to the test's output."""
        names = ",".join(f"datalab-{run_id}" for run_id in run_ids)
        jobs = self.slurm("squeue", "--noheader", "--states=running", f"--name={names}")
        print(jobs, end="")
        return bool(jobs)

    def is_clean(self) -> bool:
        """Whether no folder of a run is left."""
        return not list(self.runs.glob("*"))


@pytest.fixture(scope="module")
def surroundings(lab: Lab, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """What all tests share."""
    return Cluster(lab, slurm, tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def service(surroundings: Cluster) -> Iterator[RunningService]:
    """The service; tests that end it start it again."""
    with surroundings.running() as service:
        yield service


@pytest.fixture
def cluster(surroundings: Cluster, service: RunningService) -> Cluster:
    """The same, while no node does its work, and nothing is left of other tests."""
    assert service.alive
    eventually(surroundings.is_clean, "no folder of a run")
    surroundings.close_gate()
    return surroundings


def sums(lab: Lab, done: dict[str, Any]) -> str:
    """The hash of the table that a job made."""
    table = lab.manifest(done).output("result.parquet")
    assert table
    return table.sha256


def test_job_on_open_data_runs_there_with_the_same_bytes(lab: Lab, cluster: Cluster) -> None:
    """What is restricted is computed here, and both leave nothing behind."""
    project = cluster.queued(on_cluster=False)
    here = cluster.succeeded(project)
    assert cluster.starts() == 0
    project = cluster.queued()
    eventually(lambda: cluster.starts() == 1, "a start on a node")
    cluster.started(project)
    assert lab.events("job_succeeded", project_id=project, kind="full") == []
    cluster.let_go()
    there = cluster.succeeded(project)
    assert sums(lab, there) == sums(lab, here)
    executors = [lab.manifest(done).provenance.executor for done in (here, there)]
    assert executors == ["local", "slurm"]
    eventually(cluster.is_clean, "no folder of a run")


def test_run_there_holds_up_nobody_here(lab: Lab, cluster: Cluster) -> None:
    """Neither uploads nor a job that has to run alone on this machine."""
    cluster.started(cluster.queued())
    suspect = Job(
        id=new_id("job"),
        kind="ingest",
        owner_id="mbr_suspect",
        lane="mbr_suspect",
        queued_at=now(),
        source=lab.files.put([HOMES], "text/csv"),
        losses=SUSPECT_LOSSES,
    )
    with lab.store() as store:
        store.of(Job).save(suspect)
    lab.wait_for("job_succeeded", dataset_id=lab.register(HOMES).dataset_id)
    lab.wait_for("job_succeeded", job_id=suspect.id)
    cluster.let_go()


def test_restricted_data_goes_there_if_its_owner_said_so(
    lab: Lab, cluster: Cluster, service: RunningService
) -> None:
    """Its result is held as always, also by a process that did not bring the data there."""
    project = cluster.queued(is_protected=True, personal="none")
    eventually(lambda: cluster.starts() == 1, "a start on a node")
    service.kill()
    cluster.let_go()
    service.start()
    full = {"project_id": project, "kind": "full"}
    job_id = lab.wait_for("result_held", **full)["job_id"]
    with lab.store() as store:
        job = store.of(Job).get(job_id)
    assert job.release
    assert (job.release.failure, job.attempt) == ("", 1)
    assert [entry.version for entry in job.release.entries] == [1]
    assert cluster.starts() == 1


def test_result_that_comes_after_another_is_made_anew_there(lab: Lab, cluster: Cluster) -> None:
    """The ledger of what left is longer than when its data was opened."""
    project = cluster.queued(is_protected=True, personal="none", ledger_length=1)
    cluster.let_go()
    eventually(lambda: cluster.starts() > 1, "another run")
    cluster.answer(project, ledger_length=0)
    lab.wait_for("result_held", project_id=project, kind="full")


@pytest.mark.parametrize("is_over", [False, True], ids=["running", "over"])
def test_job_goes_on_there_while_its_service_is_killed(
    cluster: Cluster, service: RunningService, *, is_over: bool
) -> None:
    """The next process waits for the same run, or finds its outcome: nothing is done twice."""
    project = cluster.queued()
    cluster.started(project)
    service.kill()
    if is_over:
        cluster.let_go()
        eventually(lambda: [*cluster.runs.glob(f"*/{OUTCOME}")], "an outcome")
    service.start()
    cluster.let_go()
    cluster.succeeded(project)
    assert cluster.starts() == 1
    attempts = cluster.lab.events("job_started", project_id=project, kind="full")
    assert [event["attempt"] for event in attempts] == [1]


def test_service_that_stops_leaves_its_run_to_the_next(
    cluster: Cluster, service: RunningService
) -> None:
    """Also one that Slurm has not begun, and does not begin by itself: an operator sees that."""
    stuck = 'datalab_cluster_stuck_runs{service="compute"} 1.0'
    with cluster.slurm.drained("tests"):
        project = cluster.queued()
        eventually(lambda: waiting(cluster, project), "a place in Slurm's queue")
        eventually(lambda: stuck in metrics(service), "a run that is stuck")
        assert service.stop() == 0
        service.start()
    cluster.let_go()
    cluster.succeeded(project)
    assert cluster.starts() == 1


def metrics(service: RunningService) -> str:
    """What Prometheus reads of the service."""
    return urllib3.request("GET", f"{service.url}/metrics").data.decode()


def waiting(cluster: Cluster, project: str) -> bool:
    """Whether a project's job says that it waits for a node."""
    with cluster.lab.store() as store:
        jobs = store.of(Job).find({"project_id": project})
        return any("file d'attente de la grappe" in job.message for job in jobs)


def test_cancelled_job_ends_on_the_node_too(
    lab: Lab, cluster: Cluster, service: RunningService
) -> None:
    """Its folder is removed once Slurm heard of it, however late."""
    project = cluster.queued()
    job_id = cluster.started(project)["job_id"]
    run_ids = cluster.run_ids()
    assert cluster.has_jobs(run_ids)
    cluster.slurm.kill_controller()
    assert lab.call(service, "POST", f"/jobs/{job_id}/cancel").status == 200
    lab.wait_for("job_cancelled", job_id=job_id)
    assert not cluster.is_clean()
    cluster.slurm.start_controller()
    eventually(cluster.is_clean, "no folder of a run")
    eventually(lambda: not cluster.has_jobs(run_ids), "no job of ours")


def test_engines_share_the_rows_of_a_large_table(
    lab: Lab, cluster: Cluster, service: RunningService
) -> None:
    """Their service is killed and their node lost in the middle: the bytes are those of one."""
    here = cluster.succeeded(cluster.queued(on_cluster=False, is_large=True))
    project = cluster.queued(is_large=True)
    eventually(lambda: cluster.starts() == SHARDS, "a start of every shard")
    cluster.started(project)
    service.kill()
    service.start()
    cluster.slurm.lose_node()
    cluster.slurm.repair()
    eventually(lambda: cluster.starts() > SHARDS, "another start of a shard")
    cluster.let_go()
    there = cluster.succeeded(project)
    assert sums(lab, there) == sums(lab, here)
    assert [lab.manifest(done).provenance.shards for done in (here, there)] == [1, SHARDS]
    assert cluster.starts() == 2 * SHARDS + 1
    attempts = lab.events("job_started", project_id=project, kind="full")
    assert [event["attempt"] for event in attempts] == [1]
    eventually(cluster.is_clean, "no folder of a run")


def test_cancelled_job_ends_on_the_nodes_of_its_shards(
    lab: Lab, cluster: Cluster, service: RunningService
) -> None:
    """No engine adds up what nobody waits for."""
    project = cluster.queued(is_large=True)
    eventually(lambda: cluster.starts() == SHARDS, "a start of every shard")
    job_id = cluster.started(project)["job_id"]
    run_ids = cluster.run_ids()
    assert cluster.has_jobs(run_ids)
    assert lab.call(service, "POST", f"/jobs/{job_id}/cancel").status == 200
    lab.wait_for("job_cancelled", job_id=job_id)
    eventually(cluster.is_clean, "no folder of a run")
    eventually(lambda: not cluster.has_jobs(run_ids), "no job of ours")


def test_run_without_an_outcome_is_done_again(cluster: Cluster) -> None:
    """Its node was switched off: nobody says that it completed, or failed."""
    project = cluster.queued()
    cluster.started(project)
    cluster.slurm.lose_node()
    cluster.slurm.repair()
    cluster.let_go()
    cluster.succeeded(project)
    assert cluster.starts() == 2


def test_nodes_that_fail_again_and_again_wait_for_an_operator(cluster: Cluster) -> None:
    """As where they have no engine."""
    with cluster.broken():
        project = cluster.queued()
        given_up = cluster.lab.wait_for("job_given_up", project_id=project)
    assert "la grappe de calcul s'est arrêtée" in given_up["reason"]
    assert cluster.starts() == MAX_NODE_FAILURES


def test_nodes_with_another_engine_wait_for_an_operator(cluster: Cluster) -> None:
    """What they made is no result, and is made anew once they have the service's."""
    cluster.let_go()
    with cluster.other_engine():
        project = cluster.queued()
        given_up = cluster.lab.wait_for("job_given_up", project_id=project)
    assert "n'a pas le même moteur que le service" in given_up["reason"]
    assert cluster.starts() == MAX_NODE_FAILURES
    assert cluster.lab.events("job_succeeded", project_id=project, kind="full") == []
    with cluster.lab.store() as store:
        store.of(Job).change(given_up["job_id"], Job.retry)
    cluster.succeeded(project)
