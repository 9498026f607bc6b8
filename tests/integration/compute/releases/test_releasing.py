"""Results that are held back: what their holder sees, and who decides."""

import json
from typing import Any

import pytest

from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id, now
from shared.engine.tables.manifest import Manifest, Output
from shared.engine.tables.release import OutputRelease, ReleaseRecord, RuleOutcome
from shared.errors import Forbidden
from tests.integration.compute.lab import HOLDER, Lab, summing
from tests.integration.compute.samples import PARTIAL
from tests.servers import RunningService, eventually

OUTCOME = RuleOutcome(rule="ledger", verdict="held", cells=14, failed=2, told="deux cellules")
RECORD = ReleaseRecord(
    outputs=(OutputRelease(name="result.parquet", verdict="held", rules=(OUTCOME,)),),
    failure="le code s'est arrêté ligne 3",
)


def held(lab: Lab) -> str:
    """The id of a trial of `HOLDER` whose result is held."""
    file = lab.files.put([b"com;n"], "text/csv")
    job = Job(
        id=new_id("job"),
        kind="trial",
        project_id=new_id("prj"),
        owner_id=HOLDER,
        lane="prj",
        treatment=summing("dts_1"),
        queued_at=now(),
    )
    outputs = (Output(name="result.csv", file=file),)
    manifest = Manifest(job_id=job.id, kind="trial", outputs=outputs, started=now(), ended=now())
    manifest_file = lab.files.put([manifest.model_dump_json().encode()], "application/json")
    job.state, job.result, job.outputs, job.release = "succeeded", manifest_file, outputs, RECORD
    job.is_protected, job.attempt = True, 1
    job.log_tail = "Caen : 12 logements"
    with lab.store() as store:
        store.of(Workspace).save(Workspace(id=job.project_id or "", holder_id=HOLDER))
        store.of(Job).save(job)
    return job.id


def asked(
    lab: Lab, compute: RunningService, path: str, member: str = "mbr_r", role: str = "reviewer"
) -> Any:
    """The answer to a GET, as JSON."""
    return lab.call(compute, "GET", path, member, role).json()


def decide(
    lab: Lab, compute: RunningService, job_id: str, member: str = "mbr_r", **overrides: Any
) -> tuple[int, str]:
    """The status and text of a decision."""
    body = {"decision": "release", "reason": "relu", "version": 1, **overrides}
    answer = lab.call(compute, "POST", f"/jobs/{job_id}/release", member, "reviewer", json=body)
    return answer.status, answer.data.decode()


def test_holder_waits_for_a_held_result(lab: Lab, compute: RunningService) -> None:
    """It reads that a person decides, and gets no file by any way."""
    job_id = held(lab)
    seen = asked(lab, compute, f"/jobs/{job_id}", HOLDER, "holder")
    assert (seen["state"], seen["is_held"]) == ("held", True)
    assert (seen["outputs"], seen["result"], seen["log_tail"]) == ([], None, "")
    assert "un relecteur du Datalab décide" in seen["message"]
    assert "ligne 3" not in lab.call(compute, "GET", f"/jobs/{job_id}").data.decode()
    assert "deux cellules" not in json.dumps(seen)
    for query in ("", "?name=result.csv", "?name=manifest.json", "?format=xlsx"):
        for member, role in ((HOLDER, "holder"), ("mbr_op", "operator")):
            answer = lab.call(compute, "GET", f"/jobs/{job_id}/result{query}", member, role)
            assert answer.status == 409
            assert "un relecteur du Datalab décide" in answer.data.decode()
    with lab.rpc() as rpc:
        assert rpc.get_job(job_id)["outputs"] == []


def test_reviewers_see_what_is_held_unless_it_is_their_own_case(
    lab: Lab, compute: RunningService
) -> None:
    """Every rule with its counts, the log and the files; who is partial sees none of it."""
    job_id = held(lab)
    listed = asked(lab, compute, "/release-requests?limit=100")["items"]
    assert job_id in {release_request["id"] for release_request in listed}
    assert all(release_request["outputs"] == [] for release_request in listed)
    # Who holds the project reads the list, too, as a reviewer of others' results.
    assert "ligne 3" not in json.dumps(listed)
    seen = asked(lab, compute, f"/release-requests/{job_id}")
    assert seen["release"]["failure"] == "le code s'est arrêté ligne 3"
    assert seen["release"]["outputs"][0]["rules"][0]["failed"] == 2
    assert (seen["log_tail"], seen["owner_id"]) == ("Caen : 12 logements", HOLDER)
    for path in (f"/release-requests/{job_id}", f"/jobs/{job_id}/result"):
        assert lab.call(compute, "GET", path, "mbr_r", "reviewer").status == 200
        refused = lab.call(compute, "GET", path, PARTIAL, "reviewer")
        assert (refused.status, "porte ce projet" in refused.data.decode()) == (403, True)
    for role in ("holder", "operator"):
        path = f"/release-requests/{job_id}"
        assert lab.call(compute, "GET", path, HOLDER, role).status == 403
    assert decide(lab, compute, job_id, PARTIAL)[0] == 403


def test_released_result_is_its_holder_s(lab: Lab, compute: RunningService) -> None:
    """As the job was read; the same word again changes nothing, another is refused."""
    job_id = held(lab)
    status, text = decide(lab, compute, job_id, version=7)
    assert (status, "relisez-le" in text) == (409, True)
    for _ in range(2):
        assert decide(lab, compute, job_id)[0] == 200
    assert lab.wait_for("result_released", job_id=job_id)["decided_by"] == "mbr_r"
    assert len(lab.events("result_released", job_id=job_id)) == 1
    assert decide(lab, compute, job_id, decision="refuse", version=2)[0] == 409
    answer = lab.call(compute, "GET", f"/jobs/{job_id}/result?name=result.csv")
    assert (answer.status, answer.data) == (200, b"com;n")
    assert asked(lab, compute, f"/jobs/{job_id}", HOLDER, "holder")["decision"]["reason"] == "relu"


def test_refused_result_stays(lab: Lab, compute: RunningService) -> None:
    """By RPC in a reviewer's name, too; the holder reads why."""
    job_id = held(lab)
    with lab.rpc() as rpc:
        with pytest.raises(Forbidden, match="porte ce projet"):
            rpc.decide_release(job_id, PARTIAL, "refuse", "non", 1)
        assert job_id in {
            release_request["id"]
            for release_request in rpc.list_release_requests(limit=100)["items"]
        }
        assert rpc.get_release_request(job_id, "mbr_r")["version"] == 1
        rpc.decide_release(job_id, "mbr_r", "refuse", "trop peu de logements", 1)
        assert job_id not in {
            release_request["id"]
            for release_request in rpc.list_release_requests(limit=100)["items"]
        }
    answer = lab.call(compute, "GET", f"/jobs/{job_id}/result")
    assert (answer.status, "trop peu de logements" in answer.data.decode()) == (409, True)
    seen = [
        lab.call(compute, "GET", f"/jobs/{job_id}{part}").data.decode()
        for part in ("", "/events", "/result?name=journal.txt")
    ]
    assert "trop peu de logements" in seen[0]
    assert not [text for text in seen if "ligne 3" in text]


def test_decision_has_a_reason_and_a_version(lab: Lab, compute: RunningService) -> None:
    """What is wrong with it is named."""
    job_id = held(lab)
    wrong: tuple[dict[str, Any], ...] = ({"reason": ""}, {"decision": "open"}, {"version": None})
    for overrides in wrong:
        status, text = decide(lab, compute, job_id, **overrides)
        assert (status, next(iter(overrides)) in text) == (422, True)


def test_unknown_request_is_not_found(lab: Lab, compute: RunningService) -> None:
    """A job of which nothing was held is none, either."""
    for method, path in (("GET", "/release-requests/job_x"), ("POST", "/jobs/job_x/release")):
        body = {"decision": "release", "reason": "relu", "version": 1}
        options = {"json": body} if method == "POST" else {}
        assert lab.call(compute, method, path, "mbr_r", "reviewer", **options).status == 404


def test_held_result_of_a_project_that_was_given_up_stays(
    lab: Lab, compute: RunningService
) -> None:
    """Nobody is asked for it any more."""
    job_id = held(lab)
    project_id = asked(lab, compute, f"/release-requests/{job_id}")["project_id"]
    lab.withdraw(project_id)
    refused = lab.wait_for("result_refused", job_id=job_id)
    assert (refused["decided_by"], refused["reason"]) == ("", "le projet est retiré")
    eventually(lambda: asked(lab, compute, f"/jobs/{job_id}", HOLDER, "holder")["is_held"] is False)
