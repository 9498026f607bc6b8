"""One member's jobs, however many and long, leave a slot to those of others."""

import pytest

from services.compute.execution.scheduler import first_due
from services.compute.jobs.model import Job
from shared.aggregate import new_id, now
from shared.store import Store
from tests.integration.compute.lab import HOLDER, HOMES, JOB_SECONDS, Lab, endless, freeze
from tests.servers import eventually

GREEDY = "mbr_greedy"


def queued(store: Store, **about: object) -> str:
    """The id of a job that waits for its turn."""
    job = Job.model_validate({"id": new_id("job"), "queued_at": now(), **about})
    return store.of(Job).save(job).id


def full_endless(lab: Lab, dataset: str, holder: str) -> str:
    """The id of a full job of a project of that holder, which never ends."""
    project = new_id("prj")
    lab.grant(project, dataset)
    lab.secure(project, holder)
    lab.wait_for("workspace_opened", project_id=project)
    about = {"kind": "full", "project_id": project, "owner_id": holder, "lane": project}
    with lab.store() as store:
        return queued(store, **about, treatment=endless(dataset))


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
        for project in greedy:
            lab.withdraw(project)
            lab.wait_for("job_cancelled", project_id=project)
        full = [full_endless(lab, dataset, holder) for holder in (GREEDY, HOLDER)]
        freeze(service)
        eventually(lambda: begun(lab, full), JOB_SECONDS, "a full job runs")
        lab.ingest(HOMES)
        assert len(begun(lab, full)) == 1, "full jobs leave a slot, too"


def started(lab: Lab, projects: list[str]) -> list[str]:
    """Those of the projects of which a job began."""
    return [project for project in projects if lab.events("job_started", project_id=project)]


def begun(lab: Lab, jobs: list[str]) -> list[str]:
    """Those of the jobs that began."""
    return [job for job in jobs if lab.events("job_started", job_id=job)]


def test_long_queue_of_one_member_hides_no_other(store: Store) -> None:
    """What others ask is found behind more jobs than a look reads, whatever its lane is called."""
    others = ["mbr_greed", "mbr_greedy2", "mbr_a", "mbr_z"]
    for member in [GREEDY] * 45 + others:
        queued(store, kind="ingest", owner_id=member, lane=member)
    due = first_due(store.of(Job), now())
    assert sorted(job.lane for job in due) == sorted([GREEDY, *others])
