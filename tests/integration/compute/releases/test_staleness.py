"""What a result was made of changes after the job: its holder reads so, and everybody hears it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.compute.jobs.commands import Commands
from services.compute.jobs.model import Job
from services.compute.jobs.staleness import ReadVersion, SourceChange
from shared.aggregate import new_id, now
from shared.events import (
    AccessExpired,
    AccessRevoked,
    DatasetPublished,
    DatasetRetired,
    Envelope,
    FileRef,
    JobSucceeded,
    RecipePublished,
)
from shared.store import Store
from tests.events import enveloped
from tests.integration.compute.lab import HOLDER, OWNER, Lab, summing
from tests.integration.compute.samples import Shelf
from tests.integration.compute.test_commands import staffed
from tests.servers import RunningService, eventually


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, and the sample catalogue."""
    with lab.catalog(), lab.bare_compute() as service:
        yield service


def published(dataset_id: str, version: int) -> DatasetPublished:
    """The event that a version of a dataset can be read."""
    about = {"dataset_id": dataset_id, "owner_id": OWNER, "title": "Logements"}
    return DatasetPublished(**about, version=version, rows=700, keys=())


def changes_of(lab: Lab, compute: RunningService, job: str) -> list[str]:
    """What the job's holder reads of what changed."""
    staleness = lab.call(compute, "GET", f"/jobs/{job}").json()["staleness"]
    return [stale["cause"] for stale in staleness]


def test_result_is_stale_once_its_sources_change(lab: Lab, compute: RunningService) -> None:
    """The trial is not; each cause is told once, however often its event comes."""
    dataset, project = lab.homes(), new_id("prj")
    treatment = summing(dataset).model_copy(update={"recipe": "vacance@1"})
    lab.start(project, dataset, treatment)
    lab.staff(project)
    job = lab.wait_for("job_succeeded", project_id=project, kind="full")["job_id"]
    assert changes_of(lab, compute, job) == []
    about = {"dataset_id": dataset, "owner_id": OWNER}
    access = {**about, "project_id": project, "reason": "étude finie"}
    recipe = {"title": "Vacance", "member_id": "mbr_r", "inputs": {}}
    told: tuple[Any, ...] = (
        published(dataset, 1),
        published(dataset, 2),
        published(dataset, 3),
        RecipePublished(name="vacance", number=2, **recipe),
        AccessExpired(**access),
        AccessRevoked(**access),
        DatasetRetired(**about, title="Logements", reason="erronées"),
    )
    for event in told:
        lab.publish(event, dataset, times=2)
    causes = {"new_version", "new_recipe", "access_expired", "access_revoked", "retired"}
    eventually(lambda: set(changes_of(lab, compute, job)) == causes)
    # The last of them may be on its way still.
    eventually(lambda: len(lab.events("result_stale", project_id=project)) >= len(causes))
    heard = lab.events("result_stale", project_id=project)
    assert sorted(event["cause"] for event in heard) == sorted(causes)
    assert {event["job_id"] for event in heard} == {job}
    names = {(event["read_id"], event["name"]) for event in heard}
    assert names == {(dataset, "homes"), ("", "vacance")}


def rerun(lab: Lab, compute: RunningService, job: str, member: str = HOLDER) -> tuple[int, Any]:
    """The status and the answer of asking for a job's next edition."""
    answer = lab.call(compute, "POST", f"/jobs/{job}/rerun", member)
    return answer.status, answer.json()


def test_stale_result_is_made_anew_as_its_next_edition(lab: Lab, compute: RunningService) -> None:
    """The earlier one stays readable and says which replaced it; strangers start nothing."""
    dataset, project = lab.homes(), new_id("prj")
    lab.start(project, dataset)
    lab.staff(project)
    job = lab.wait_for("job_succeeded", project_id=project, kind="full")["job_id"]
    lab.publish(published(dataset, 2), dataset)
    lab.wait_for("result_stale", job_id=job)
    assert lab.call(compute, "GET", f"/jobs/{job}").json()["may_rerun"]
    assert rerun(lab, compute, job, "mbr_z")[0] == 404
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update({"version": 2}))
    status, following = rerun(lab, compute, job)
    assert (status, following["renews"], following["edition"]) == (202, job, 2)
    lab.wait_for("job_succeeded", job_id=following["id"])
    eventually(lambda: lab.call(compute, "GET", f"/jobs/{job}").json()["renewed_by"])
    earlier = lab.call(compute, "GET", f"/jobs/{job}").json()
    assert (earlier["renewed_by"], earlier["staleness"]) == (following["id"], [])
    assert not earlier["may_rerun"]
    assert lab.call(compute, "GET", f"/jobs/{job}/result").status == 200
    assert "édition 2" in rerun(lab, compute, job)[1]["detail"]
    access = {"dataset_id": dataset, "owner_id": OWNER, "project_id": project}
    lab.publish(AccessRevoked(**access, reason="étude finie"), project)
    lab.wait_for("result_stale", job_id=following["id"])
    status, refusal = rerun(lab, compute, following["id"])
    assert (status, "« homes » est retiré" in refusal["detail"]) == (409, True)


def test_edition_that_failed_is_run_again_as_that_edition(store: Store) -> None:
    """Who runs a failed job again need not know what it was for."""
    project = staffed(store)
    first = Commands(store).submit(project, "").id

    def succeed(job: Job) -> None:
        job.take("run", now(), timedelta(seconds=15))
        job.succeed("run", 1.0, FileRef(sha256="a" * 64, size=2), ())

    store.of(Job).change(first, succeed)
    vain = Commands(store).rerun(first, "", HOLDER)
    assert Commands(store).rerun(first, "", HOLDER).id == vain.id
    store.of(Job).change(vain.id, lambda job: job.cancel("assez"))
    again = Commands(store).submit(project, "")
    assert (vain.renews, again.renews, again.edition) == (first, first, 2)
    ended = JobSucceeded(
        job_id=again.id, kind="full", result=FileRef(sha256="a" * 64, size=2), seconds=1
    )
    for _ in range(2):
        Commands(store).note_success(enveloped(ended, again.id, 3))
    assert store.of(Job).get(first).renewed_by == again.id


def done_job(store: Store, dataset_id: str) -> str:
    """The id of a full job that read the first version of a dataset."""
    job = Job(
        id=new_id("job"),
        kind="full",
        state="succeeded",
        project_id=new_id("prj"),
        owner_id=HOLDER,
        lane=HOLDER,
        treatment=summing(dataset_id),
        queued_at=now(),
        result=FileRef(sha256="a" * 64, size=2),
        read=(ReadVersion(name="homes", dataset_id=dataset_id, version=1),),
    )
    return store.of(Job).save(job).id


def test_event_that_was_half_handled_is_handled_once(store: Store) -> None:
    """Of many jobs some had it before a crash: each is told once, and others' jobs never."""
    dataset = new_id("dts")
    jobs = [done_job(store, dataset) for _ in range(5)]
    other = done_job(store, new_id("dts"))
    envelope: Envelope[Any] = enveloped(published(dataset, 2), dataset, 2)
    change = SourceChange.of(envelope)
    for job_id in jobs[:3]:
        store.of(Job).change(job_id, lambda job: job.note_change(change), because=envelope)
    for _ in range(2):
        Commands(store).note_change(envelope)
    stored = [store.of(Job).get(job_id) for job_id in jobs]
    assert [job.changes for job in stored] == [(change,)] * 5
    assert [[event["type"] for event in job.outbox] for job in stored] == [["result_stale"]] * 5
    assert store.of(Job).get(other).changes == ()
