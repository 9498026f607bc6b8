"""One member's jobs, however many and long, leave a slot to those of others."""

from itertools import pairwise

import pytest

from services.compute.execution.waiting_line import first_due
from services.compute.jobs.model import Job
from shared.aggregate import new_id, now
from shared.store import Store
from tests.integration.compute.lab import HOMES, Lab, endless, freeze
from tests.servers import eventually

GREEDY = "mbr_greedy"


def queued(store: Store, **about: object) -> str:
    """The id of a job that waits for its turn."""
    job = Job.model_validate({"id": new_id("job"), "queued_at": now(), **about})
    return store.of(Job).save(job).id


@pytest.mark.usefixtures("catalog")
def test_long_jobs_delay_nobody_else(lab: Lab) -> None:
    """Five projects of one holder ask without an end; an upload and a trial of others pass."""
    with lab.bare_compute() as service:
        dataset = lab.homes()
        greedy = [new_id("prj") for _ in range(5)]
        for project in greedy:
            lab.start(project, dataset, endless(dataset), GREEDY)
        for project in greedy:
            lab.wait_for("job_queued", project_id=project)
        freeze(service)
        eventually(lambda: started(lab, greedy), what="one of them runs")
        lab.ingest(HOMES)
        project = new_id("prj")
        lab.start(project, dataset)
        lab.wait_for("job_succeeded", project_id=project)
        assert len(started(lab, greedy)) == 1
        for topic in ("job_succeeded", "job_failed"):
            assert not [
                project_id for project_id in greedy if lab.events(topic, project_id=project_id)
            ]


def started(lab: Lab, projects: list[str]) -> list[str]:
    """Those of the projects of which a job began."""
    return [project for project in projects if lab.events("job_started", project_id=project)]


def test_long_queue_of_one_member_hides_no_other(store: Store) -> None:
    """What others ask is found behind more jobs than a look reads, whatever its lane is called."""
    others = ["mbr_greed", "mbr_greedy2", "mbr_a", "mbr_z"]
    for member in [GREEDY] * 45 + others:
        queued(store, kind="ingest", owner_id=member, lane=member)
    due = first_due(store.of(Job), now())
    assert sorted(job.lane for job in due) == sorted([GREEDY, *others])


def test_member_runs_no_more_than_its_share_in_all_processes_together(lab: Lab) -> None:
    """Two processes of two slots do one job of it after the other, and another's beside them."""
    bound = {"member_jobs": "1", "job_slots": "2"}
    with lab.bare_compute(**bound), lab.bare_compute(**bound), lab.store() as store:
        datasets = [lab.register(HOMES, owner="mbr_bound").dataset_id for _ in range(6)]
        for dataset in datasets:
            lab.wait_for("job_succeeded", dataset_id=dataset)
        jobs = list(store.of(Job).every({"owner_id": "mbr_bound"}))
        jobs.sort(key=lambda job: job.started_at)
        assert len(jobs) == 6
        for earlier, later in pairwise(jobs):
            assert earlier.ended_at <= later.started_at
        assert {job.attempt for job in jobs} == {1}
