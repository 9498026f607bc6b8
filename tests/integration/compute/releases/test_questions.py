"""A reviewer's question about a held result, and its holder's answer."""

from typing import Any

from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id, now
from shared.engine.tables.release import ReleaseRecord
from tests.integration.compute.lab import HOLDER, Lab, summing
from tests.integration.compute.samples import PARTIAL
from tests.servers import RunningService

QUESTION, ANSWER = "À qui sert la ligne « autres » ?", "Au total."


def waiting(lab: Lab) -> str:
    """The id of a job of `HOLDER` whose result waits for a reviewer."""
    job = Job(
        id=new_id("job"),
        kind="full",
        project_id=new_id("prj"),
        owner_id=HOLDER,
        lane="prj",
        treatment=summing("dts_1"),
        queued_at=now(),
        state="succeeded",
        attempt=1,
        is_protected=True,
        result=lab.files.put([b"{}"], "application/json"),
        release=ReleaseRecord(),
    )
    with lab.store() as store:
        store.of(Workspace).save(Workspace(id=job.project_id or "", holder_id=HOLDER))
        store.of(Job).save(job)
    return job.id


def test_holder_answers_what_a_reviewer_asks_and_nothing_is_decided(
    lab: Lab, compute: RunningService
) -> None:
    """Not one whose own case it is asks, nor another member answers."""
    job_id = waiting(lab)
    asking, answering = (f"/jobs/{job_id}/release-{what}" for what in ("question", "answer"))

    def post(path: str, member: str, role: str, **body: Any) -> int:
        return int(lab.call(compute, "POST", path, member, role, json=body).status)

    assert post(asking, PARTIAL, "reviewer", question=QUESTION) == 403
    assert post(asking, HOLDER, "holder", question=QUESTION) == 403
    assert post(answering, HOLDER, "holder", answer=ANSWER) == 409
    assert post(asking, "mbr_r", "reviewer", question=QUESTION) == 200
    assert post(answering, "mbr_other", "holder", answer=ANSWER) == 404
    seen = lab.call(compute, "GET", f"/jobs/{job_id}", HOLDER, "holder").json()
    assert (seen["state"], seen["questions"][0]["question"]) == ("held", QUESTION)
    assert post(answering, HOLDER, "holder", answer=ANSWER) == 200
    read = lab.call(compute, "GET", f"/release-requests/{job_id}", "mbr_r", "reviewer").json()
    assert (read["decision"], read["questions"][0]["answer"]) == (None, ANSWER)
