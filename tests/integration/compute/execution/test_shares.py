"""One member's jobs, however many and long, leave a slot to those of others."""

from collections.abc import Iterator

import pytest

from services.compute.jobs.model import ACTIVE, Job
from shared.aggregate import new_id, now
from tests.integration.compute.lab import HOLDER, HOMES, Lab, endless
from tests.servers import eventually

GREEDY = "mbr_greedy"


@pytest.fixture(autouse=True)
def nothing_left(lab: Lab) -> Iterator[None]:
    """What a test leaves in the queue is cancelled: the next has none of it."""
    yield
    with lab.store("compute") as store:
        for job in list(store.of(Job).every({"state": {"$in": list(ACTIVE)}})):
            store.of(Job).change(job.id, lambda job: job.cancel("fini"))


def queued(lab: Lab, **about: object) -> str:
    """The id of a job that waits for its turn, like one that was read before."""
    with lab.store("compute") as store:
        job = Job.model_validate({"id": new_id("job"), "queued_at": now(), **about})
        store.of(Job).save(job)
    return job.id


def full_endless(lab: Lab, dataset: str, holder: str) -> str:
    """The id of a full job of a project of that holder, which never ends."""
    project = new_id("prj")
    lab.grant(project, dataset)
    lab.secure(project, holder)
    lab.wait_for("workspace_opened", project_id=project)
    about = {"kind": "full", "project_id": project, "owner_id": holder, "lane": project}
    return queued(lab, **about, treatment=endless(dataset))


def test_endless_jobs_of_one_member_delay_nobody_else(lab: Lab) -> None:
    """Five projects of one holder ask without an end; an upload and a trial of others pass."""
    with lab.catalog(), lab.compute():
        dataset = lab.homes()
        greedy = [new_id("prj") for _ in range(5)]
        for project in greedy:
            lab.start(project, dataset, endless(dataset), GREEDY)
        for project in greedy:
            lab.wait_for("job_queued", project_id=project)
        eventually(lambda: started(lab, greedy), what="one of them runs")
        for _ in range(2):
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


def test_full_jobs_of_several_members_do_not_delay_what_is_short(lab: Lab) -> None:
    """The second waits for the first to end; what is uploaded waits for neither."""
    with lab.catalog(), lab.compute():
        dataset = lab.homes()
        first, second = (full_endless(lab, dataset, holder) for holder in (GREEDY, HOLDER))
        lab.wait_for("job_started", job_id=first)
        lab.ingest(HOMES)
        assert lab.events("job_started", job_id=second) == []


def test_long_queue_of_one_member_hides_no_other(lab: Lab) -> None:
    """What others ask is found behind more jobs than a look reads, whatever its lane is called."""
    with lab.bare_compute():
        read = lab.wait_for("job_succeeded", dataset_id=lab.register(HOMES).dataset_id)["job_id"]
    with lab.store("compute") as store:
        about = store.of(Job).get(read).model_dump(include={"kind", "source"})
    flood = [queued(lab, **about, owner_id=GREEDY, lane=GREEDY) for _ in range(45)]
    others = [
        queued(lab, **about, owner_id=member, lane=member)
        for member in ("mbr_greed", "mbr_greedy2", "mbr_a", "mbr_z")
    ]
    with lab.compute():
        for job in others:
            lab.wait_for("job_succeeded", job_id=job)
    began = [event["job_id"] for event in lab.events("job_started")]
    last = max(map(began.index, others))
    assert sum(job in flood for job in began[:last]) <= 1
