"""Data that is taken away while it is in use: jobs that read it, and what they made of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.events import AccessGranted, AccessRequested, AccessRevoked
from tests.integration.compute.execution.streams import events, followed
from tests.integration.compute.lab import HOLDER, HOMES, OWNER, Lab, freeze
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService, eventually


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, and the sample catalogue."""
    with lab.catalog(), lab.bare_compute() as service:
        yield service


def equipped(lab: Lab) -> tuple[str, str]:
    """A project that was granted another's restricted table and is equipped to sum it."""
    dataset, project = lab.homes(), new_id("prj")
    ask(lab, project, dataset)
    lab.start(project, dataset)
    return project, dataset


def ask(lab: Lab, project: str, dataset: str) -> None:
    """Tell that the owner was asked and granted it."""
    about = {"project_id": project, "dataset_id": dataset, "owner_id": OWNER}
    lab.publish(AccessRequested(**about, holder_id=HOLDER), project, sequence=1)
    lab.publish(AccessGranted(**about, decided_by=OWNER), project, sequence=2)


def revoke(lab: Lab, project: str, dataset: str, sequence: int = 3, times: int = 1) -> None:
    """Take a dataset off the project's shelf, and tell so."""
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.readers.remove(project))
    event = AccessRevoked(
        project_id=project, dataset_id=dataset, owner_id=OWNER, reason="étude finie"
    )
    lab.publish(event, project, sequence=sequence, times=times)


def revoke_and_wait(lab: Lab, project: str, dataset: str) -> None:
    """Revoke, and wait until compute heard it: what is queued from then on is not cancelled."""
    revoke(lab, project, dataset)
    eventually(lambda: not lab.queues()["compute.on.access_revoked"])


def wait_until_closed(lab: Lab, compute: RunningService, project: str) -> None:
    """Wait for the end of a project's workspace."""
    path = f"/workspaces/{project}"
    eventually(lambda: lab.call(compute, "GET", path).json()["state"] == "closed")


def result_of(lab: Lab, compute: RunningService, job: str, member: str, role: str) -> int:
    """The status of asking for a job's result."""
    return lab.call(compute, "GET", f"/jobs/{job}/result", member, role).status


def test_revocation_cancels_what_runs_and_what_waits(lab: Lab, compute: RunningService) -> None:
    """Both jobs end once, with a reason in French that names the data as the project does."""
    project, dataset = equipped(lab)
    child = freeze(compute)
    lab.staff(project)
    lab.wait_for("job_queued", project_id=project, kind="full")
    revoke(lab, project, dataset, times=2)
    for kind in ("full", "trial"):
        ended = lab.wait_for("job_cancelled", project_id=project, kind=kind)
        assert ended["reason"] == "l'accès aux données « homes » est retiré : étude finie"
    assert not child.is_running()
    assert len(lab.events("job_cancelled", project_id=project)) == 2
    assert lab.events("job_succeeded", project_id=project) == []


def test_nothing_is_kept_of_a_run_whose_data_is_taken_away(
    lab: Lab, compute: RunningService
) -> None:
    """Whoever follows it reads why; no output, no line of its log and no folder is left."""
    project, dataset = equipped(lab)
    freeze(compute)
    job = lab.wait_for("job_started", project_id=project)["job_id"]
    with followed(lab, compute, job, HOLDER) as stream:
        coming = events(stream)
        assert next(coming)[2]["state"] == "running"
        revoke(lab, project, dataset)
        kind, _, end = list(coming)[-1]
    assert (kind, end["state"]) == ("end", "cancelled")
    assert "étude finie" in end["withheld"]
    for member, role in ((HOLDER, "holder"), ("mbr_staff", "operator")):
        body = lab.call(compute, "GET", f"/jobs/{job}", member, role).json()
        assert (body["state"], body["outputs"], body["result"]) == ("cancelled", [], None)
    assert lab.call(compute, "GET", f"/jobs/{job}").json()["log_tail"] == ""
    eventually(lambda: not list(lab.work.glob("datalab-job-*")), what="its folder is gone")


def test_revocation_of_other_data_stops_nothing(lab: Lab, compute: RunningService) -> None:
    """Only jobs that read it are concerned."""
    other = lab.ingest(HOMES + b"14999;1;1\n")
    project, _ = equipped(lab)
    child = freeze(compute)
    ask(lab, project, other)
    lab.grant(project, other)
    revoke_and_wait(lab, project, other)
    child.resume()
    lab.wait_for("job_succeeded", project_id=project)


@pytest.mark.usefixtures("compute")
def test_job_that_is_queued_after_the_revocation_opens_nothing(lab: Lab) -> None:
    """Each run asks the catalogue anew, which has the last word."""
    project, dataset = equipped(lab)
    lab.wait_for("job_succeeded", project_id=project, kind="trial")
    revoke_and_wait(lab, project, dataset)
    lab.staff(project)
    failed = lab.wait_for("job_failed", project_id=project, kind="full")
    assert "n'a pas accès aux données « homes »" in failed["reason"]


def test_full_job_that_failed_may_run_again_as_it_says(lab: Lab, compute: RunningService) -> None:
    """Once: the next one is the last then, and a job that made something needs none."""
    project, dataset = equipped(lab)
    lab.wait_for("job_succeeded", project_id=project, kind="trial")
    revoke_and_wait(lab, project, dataset)
    lab.staff(project)
    failed = lab.wait_for("job_failed", project_id=project, kind="full")["job_id"]
    assert job_view(lab, compute, failed)["may_run_again"]
    lab.grant(project, dataset)
    answer = lab.call(compute, "POST", "/jobs", json={"project_id": project})
    again = json.loads(answer.data)["id"]
    lab.wait_for("job_succeeded", job_id=again)
    for job in (failed, again):
        assert not job_view(lab, compute, job)["may_run_again"]


def job_view(lab: Lab, compute: RunningService, job: str) -> dict[str, Any]:
    """A job as its holder sees it."""
    document: dict[str, Any] = json.loads(lab.call(compute, "GET", f"/jobs/{job}").data)
    return document


def test_result_of_revoked_data_is_withheld_until_it_is_granted_again(
    lab: Lab, compute: RunningService
) -> None:
    """The holder reads why, the lab's staff still reads the result, strangers find none."""
    project, dataset = equipped(lab)
    job = lab.wait_for("job_succeeded", project_id=project)["job_id"]
    assert result_of(lab, compute, job, HOLDER, "holder") == 200
    revoke(lab, project, dataset)
    eventually(lambda: result_of(lab, compute, job, HOLDER, "holder") == 403)
    for name in ("result.csv", "result.parquet", "manifest.json"):
        refused = lab.call(compute, "GET", f"/jobs/{job}/result?name={name}")
        assert (refused.status, "étude finie" in refused.data.decode()) == (403, True)
    assert result_of(lab, compute, job, "mbr_staff", "operator") == 200
    assert result_of(lab, compute, job, "mbr_z", "holder") == 404
    bodies = [
        lab.call(compute, "GET", f"/jobs{path}").json()
        for path in (f"/{job}", f"?project_id={project}")
    ]
    for job_body in (bodies[0], *bodies[1]["items"]):
        assert "étude finie" in job_body["message"]
        assert (job_body["log_tail"], job_body["privacy"], job_body["warning"]) == ("", None, "")
        assert (job_body["reason"], job_body["outputs"], job_body["result"]) == ("", [], None)
    assert lab.call(compute, "GET", f"/jobs/{job}", "mbr_staff", "operator").json()["privacy"]
    again = AccessGranted(project_id=project, dataset_id=dataset, owner_id=OWNER, decided_by=OWNER)
    lab.publish(again, project, sequence=4)
    eventually(lambda: result_of(lab, compute, job, HOLDER, "holder") == 200)
    assert lab.call(compute, "GET", f"/jobs/{job}").json()["privacy"]


def test_withdrawn_project_leaves_its_result_with_the_lab(
    lab: Lab, compute: RunningService
) -> None:
    """What was made of others' restricted data was granted for the project that is given up."""
    project, _ = equipped(lab)
    job = lab.wait_for("job_succeeded", project_id=project)["job_id"]
    lab.withdraw(project)
    eventually(lambda: result_of(lab, compute, job, HOLDER, "holder") == 403)
    assert result_of(lab, compute, job, "mbr_staff", "operator") == 200


def test_withdrawn_project_keeps_what_it_made_of_open_data(
    lab: Lab, compute: RunningService
) -> None:
    """Nobody was asked for that data."""
    dataset, project = lab.homes(), new_id("prj")
    granted = AccessGranted(
        project_id=project, dataset_id=dataset, owner_id=OWNER, decided_by="catalog"
    )
    lab.publish(granted, project, sequence=1)
    lab.start(project, dataset)
    job = lab.wait_for("job_succeeded", project_id=project)["job_id"]
    lab.withdraw(project)
    wait_until_closed(lab, compute, project)
    assert result_of(lab, compute, job, HOLDER, "holder") == 200


def test_delivered_project_keeps_its_result(lab: Lab, compute: RunningService) -> None:
    """It is in the catalogue now, where the owners of the data decide with the holder."""
    project, _ = equipped(lab)
    done = lab.wait_for("job_succeeded", project_id=project)
    lab.deliver(project, done)
    wait_until_closed(lab, compute, project)
    assert result_of(lab, compute, done["job_id"], HOLDER, "holder") == 200


@pytest.mark.usefixtures("compute")
def test_manifest_tells_what_the_data_was_granted_for(lab: Lab) -> None:
    """Purpose and last day go with the result wherever it goes; the catalogue knows the job."""
    dataset, project = lab.homes(), new_id("prj")
    bound = {"purpose": "étude des logements", "until": "2100-01-01"}
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(bound))
    lab.start(project, dataset)
    done = lab.wait_for("job_succeeded", project_id=project)
    [job_input] = lab.manifest(done).inputs
    assert (job_input.purpose, job_input.until) == ("étude des logements", "2100-01-01")
    with lab.store("catalog") as store:
        assert store.of(Shelf).get(dataset).jobs == [done["job_id"]]


def test_team_reads_what_came_out_and_nothing_else(lab: Lab, compute: RunningService) -> None:
    """As owners were told; the log is its author's, and to cancel is for the holder."""
    project, _ = equipped(lab)
    trial = lab.wait_for("job_succeeded", project_id=project)["job_id"]
    member, other = "mbr_expert", "mbr_z"
    assert result_of(lab, compute, trial, member, "holder") == 404
    lab.staff(project)
    full = lab.wait_for("job_succeeded", project_id=project, kind="full")["job_id"]
    for job in (trial, full):
        assert result_of(lab, compute, job, member, "holder") == 200
        assert result_of(lab, compute, job, other, "holder") == 404
    listed = [
        lab.call(compute, "GET", f"/jobs?project_id={project}", who, "holder").json()["items"]
        for who in (HOLDER, member, other)
    ]
    assert [len(items) for items in listed] == [2, 2, 0]
    assert [bool(items[0]["log_tail"]) for items in listed[:2]] == [True, False]
    assert lab.call(compute, "POST", f"/jobs/{full}/cancel", member, "holder").status == 404


def test_newest_jobs_come_first_where_they_are_asked_for(lab: Lab, compute: RunningService) -> None:
    """A page shows those of a long list."""
    project, _ = equipped(lab)
    lab.wait_for("job_succeeded", project_id=project)
    lab.staff(project)
    lab.wait_for("job_succeeded", project_id=project, kind="full")
    path = f"/jobs?project_id={project}&newest=true"
    jobs = lab.call(compute, "GET", path).json()["items"]
    assert [job["kind"] for job in jobs] == ["full", "trial"]
