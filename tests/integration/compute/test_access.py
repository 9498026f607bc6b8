"""Data that is taken away while it is in use: jobs that read it, and what they made of it."""

from collections.abc import Iterator

import pytest

from shared.aggregate import new_id
from shared.events import AccessGranted, AccessRequested, AccessRevoked
from tests.integration.compute.execution.streams import events, followed
from tests.integration.compute.lab import HOLDER, OWNER, Lab, freeze
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


def wait_until_closed(lab: Lab, compute: RunningService, project: str) -> None:
    """Wait for the end of a project's workspace."""
    path = f"/workspaces/{project}"
    eventually(lambda: lab.call(compute, "GET", path).json()["state"] == "closed")


def result_of(lab: Lab, compute: RunningService, job: str, member: str, role: str) -> int:
    """The status of asking for a job's result."""
    return lab.call(compute, "GET", f"/jobs/{job}/result", member, role).status


def test_revocation_cancels_what_runs_and_what_waits(lab: Lab, compute: RunningService) -> None:
    """Both jobs end once, with a reason in French that names the data as the project does.

    Whoever follows what ran reads why; no output, no line of its log and no folder is left. Access
    to other data ends nothing.
    """
    project, dataset = equipped(lab)
    child = freeze(compute)
    lab.staff(project)
    job = lab.wait_for("job_started", project_id=project)["job_id"]
    lab.wait_for("job_queued", project_id=project, kind="full")
    other = lab.homes()
    lab.grant(project, other)
    revoke(lab, project, other)
    eventually(lambda: not lab.queues()["compute.on.access_revoked"])
    assert lab.events("job_cancelled", project_id=project) == []
    with followed(lab, compute, job, HOLDER) as stream:
        coming = events(stream)
        assert next(coming)[2]["state"] == "running"
        revoke(lab, project, dataset, sequence=4, times=2)
        kind, _, end = list(coming)[-1]
    assert (kind, end["state"], "étude finie" in end["withheld"]) == ("end", "cancelled", True)
    for kind in ("full", "trial"):
        ended = lab.wait_for("job_cancelled", project_id=project, kind=kind)
        assert ended["reason"] == "l'accès aux données « homes » est retiré : étude finie"
    assert not child.is_running()
    assert len(lab.events("job_cancelled", project_id=project)) == 2
    assert lab.events("job_succeeded", project_id=project) == []
    for member, role in ((HOLDER, "holder"), ("mbr_staff", "operator")):
        body = lab.call(compute, "GET", f"/jobs/{job}", member, role).json()
        assert (body["state"], body["outputs"], body["result"]) == ("cancelled", [], None)
    assert lab.call(compute, "GET", f"/jobs/{job}").json()["log_tail"] == ""
    eventually(lambda: not list(lab.work.glob("datalab-job-*")), what="its folder is gone")


def test_result_of_revoked_data_is_withheld_until_it_is_granted_again(
    lab: Lab, compute: RunningService
) -> None:
    """The holder reads why, the lab's staff still reads the result, strangers find none.

    What is queued from then on opens nothing, and may run again once: the catalogue has the last
    word on each run.
    """
    project, dataset = equipped(lab)
    job = lab.wait_for("job_succeeded", project_id=project)["job_id"]
    assert result_of(lab, compute, job, HOLDER, "holder") == 200
    revoke(lab, project, dataset)
    eventually(lambda: result_of(lab, compute, job, HOLDER, "holder") == 403)
    assert_withheld(lab, compute, project, job)
    lab.staff(project)
    failed = lab.wait_for("job_failed", project_id=project, kind="full")
    assert "n'a pas accès aux données « homes »" in failed["reason"]
    path = f"/jobs/{failed['job_id']}"
    assert lab.call(compute, "GET", path).json()["may_run_again"]
    again = AccessGranted(project_id=project, dataset_id=dataset, owner_id=OWNER, decided_by=OWNER)
    lab.publish(again, project, sequence=4)
    lab.grant(project, dataset)
    eventually(lambda: result_of(lab, compute, job, HOLDER, "holder") == 200)
    assert lab.call(compute, "GET", f"/jobs/{job}").json()["privacy"]
    rerun = lab.call(compute, "POST", "/jobs", json={"project_id": project}).json()["id"]
    lab.wait_for("job_succeeded", job_id=rerun)
    for part in (path, f"/jobs/{rerun}"):
        assert not lab.call(compute, "GET", part).json()["may_run_again"]


def assert_withheld(lab: Lab, compute: RunningService, project: str, job: str) -> None:
    """Whether nobody but the lab's staff reads anything of that job's result."""
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


def test_withdrawn_project_keeps_what_it_made_of_open_data_alone(
    lab: Lab, compute: RunningService
) -> None:
    """Others' restricted data was granted for the project that is given up.

    The manifest says until then for what, and the catalogue knows the job.
    """
    dataset, open_project = lab.homes(), new_id("prj")
    bound = {"purpose": "étude des logements", "until": "2100-01-01"}
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(bound))
    about = {"project_id": open_project, "dataset_id": dataset, "owner_id": OWNER}
    lab.publish(AccessGranted(**about, decided_by="catalog"), open_project, sequence=1)
    lab.start(open_project, dataset)
    project, _ = equipped(lab)
    ends = [lab.wait_for("job_succeeded", project_id=id_) for id_ in (open_project, project)]
    [job_input] = lab.manifest(ends[0]).inputs
    assert (job_input.purpose, job_input.until) == ("étude des logements", "2100-01-01")
    with lab.store("catalog") as store:
        assert store.of(Shelf).get(dataset).jobs == [ends[0]["job_id"]]
    open_job, job = (end["job_id"] for end in ends)
    for project_id in (open_project, project):
        lab.withdraw(project_id)
        wait_until_closed(lab, compute, project_id)
    assert result_of(lab, compute, open_job, HOLDER, "holder") == 200
    assert result_of(lab, compute, job, HOLDER, "holder") == 403
    assert result_of(lab, compute, job, "mbr_staff", "operator") == 200


def test_team_reads_what_came_out_and_nothing_else(lab: Lab, compute: RunningService) -> None:
    """As owners were told; the log is its author's, and to cancel is for the holder.

    A delivered project keeps its result: it is in the catalogue now, where owners decide with it.
    """
    project, dataset = equipped(lab)
    trial = lab.wait_for("job_succeeded", project_id=project)["job_id"]
    member, other = "mbr_expert", "mbr_z"
    assert result_of(lab, compute, trial, member, "holder") == 404
    lab.staff(project)
    done = lab.wait_for("job_succeeded", project_id=project, kind="full")
    full = done["job_id"]
    for job in (trial, full):
        assert result_of(lab, compute, job, member, "holder") == 200
        assert result_of(lab, compute, job, other, "holder") == 404
    path = f"/jobs?project_id={project}&newest=true"
    listed = [
        lab.call(compute, "GET", path, who, "holder").json()["items"]
        for who in (HOLDER, member, other)
    ]
    assert [[job["kind"] for job in jobs] for jobs in listed] == [["full", "trial"]] * 2 + [[]]
    assert [bool(items[0]["log_tail"]) for items in listed[:2]] == [True, False]
    assert lab.call(compute, "POST", f"/jobs/{full}/cancel", member, "holder").status == 404
    revoke(lab, project, dataset)
    eventually(lambda: result_of(lab, compute, full, member, "holder") == 403)
    again = AccessGranted(project_id=project, dataset_id=dataset, owner_id=OWNER, decided_by=OWNER)
    lab.publish(again, project, sequence=4)
    eventually(lambda: result_of(lab, compute, full, member, "holder") == 200)
    lab.deliver(project, done)
    wait_until_closed(lab, compute, project)
    assert result_of(lab, compute, full, HOLDER, "holder") == 200
    refused = lab.call(compute, "POST", "/jobs", json={"project_id": project})
    assert (refused.status, "livré" in refused.json()["detail"]) == (409, True)
    reason = lab.call(compute, "GET", f"/workspaces/{project}").json()["reason"]
    assert reason == "le projet est livré"
