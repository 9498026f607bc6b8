"""Who used which data, for which project and with what result, as its owners see it."""

from typing import Any

import pytest

from shared.aggregate import new_id, now
from shared.engine.tables.manifest import Manifest, Output
from shared.errors import Forbidden, Invalid, NotFound, WrongStage
from shared.events import (
    JobCancelled,
    JobFailed,
    JobSucceeded,
    ProjectDelivered,
    ResultRefused,
    ServiceRetired,
)
from tests.integration.catalog.lab import Lab, delivered, problem_of
from tests.servers import eventually


def using(lab: Lab, *dataset_ids: str, times: int = 1, project_id: str = "") -> tuple[str, str]:
    """A project and a job that opened these datasets, which it was granted."""
    project_id, job_id = lab.opened_for(*dataset_ids, project_id=project_id), new_id("job")
    with lab.rpc() as catalog:
        for dataset_id in dataset_ids * times:
            catalog.open_dataset(project_id, dataset_id, job_id)
    return project_id, job_id


def uses(lab: Lab, dataset_id: str, member: str, *roles: str) -> list[dict[str, Any]]:
    """The uses of a dataset that a member sees."""
    uses: list[dict[str, Any]] = lab.get(
        f"/datasets/{dataset_id}/uses", lab.token(member, *roles or ("owner",))
    )["items"]
    return uses


def done(lab: Lab, project_id: str, job_id: str) -> JobSucceeded:
    """The end of the project's job, which made a table of 7 rows."""
    manifest = Manifest(
        job_id=job_id,
        kind="full",
        project_id=project_id,
        outputs=(Output(name="result.parquet", file=lab.files.put([job_id.encode()], "x/p")),),
        reports=({"rows": {"in": 9, "out": 7}},),
        started=now(),
        ended=now(),
    )
    return JobSucceeded(
        job_id=job_id, kind="full", project_id=project_id, result=lab.put(manifest), seconds=1
    )


def test_owner_sees_who_used_its_data_and_with_what_result(lab: Lab) -> None:
    """Open data, too: project, holder, version, job; then the result's hash and rows, once.

    The end of another project's job of that name is none. What failed says why.
    """
    dataset_id = lab.published("mbr_o")
    project_id, job_id = using(lab, dataset_id, times=2)
    [use] = uses(lab, dataset_id, "mbr_o")
    assert (use["project_id"], use["holder_id"], use["job_id"]) == (project_id, "mbr_h", job_id)
    assert (use["dataset_version"], use["openings"], use["state"]) == (1, 2, "opened")
    lab.publish(done(lab, new_id("prj"), job_id))
    lab.settled()
    assert uses(lab, dataset_id, "mbr_o")[0]["state"] == "opened"
    lab.publish(done(lab, project_id, job_id), times=2)
    eventually(lambda: uses(lab, dataset_id, "mbr_o")[0]["state"] == "succeeded")
    [use] = uses(lab, dataset_id, "mbr_o")
    assert (use["kind"], use["rows"]) == ("full", 7)
    assert use["result"]["size"] == len(job_id)
    project_id, job_id = using(lab, dataset_id)
    lab.publish(JobFailed(job_id=job_id, kind="trial", project_id=project_id, reason="mémoire"))
    eventually(lambda: uses(lab, dataset_id, "mbr_o")[0]["state"] == "failed")
    assert uses(lab, dataset_id, "mbr_o")[0]["reason"] == "mémoire"


def test_owner_reads_what_a_reviewer_decided_on_the_result(lab: Lab) -> None:
    """What leaves has its rows; of what does not, its owner may hold the project and reads none."""
    dataset_id = lab.published("mbr_o")
    project_id, job_id = using(lab, dataset_id)
    lab.publish(done(lab, project_id, job_id))
    eventually(lambda: uses(lab, dataset_id, "mbr_o")[0]["release"] == "released")
    assert uses(lab, dataset_id, "mbr_o")[0]["rows"] == 7
    project_id, job_id = using(lab, dataset_id)
    about = {"job_id": job_id, "kind": "full", "project_id": project_id, "reason": "Lu."}
    lab.publish(ResultRefused.model_validate({**about, "decided_by": "mbr_r"}))
    eventually(lambda: uses(lab, dataset_id, "mbr_o")[0]["release"] == "refused")
    [use, *_] = uses(lab, dataset_id, "mbr_o")
    assert (use["state"], use["rows"], use["result"]) == ("failed", None, None)


def test_use_that_is_saved_after_the_job_s_end_tells_it(lab: Lab) -> None:
    """Compute did not wait for the opening, and the job was over before it was recorded.

    The end of another project's job of that name is none.
    """
    dataset_id, job_id = lab.published("mbr_o"), new_id("job")
    project_id, about = lab.opened_for(dataset_id), {"kind": "trial", "reason": "retiré"}
    jobs = {job_id: project_id, f"{job_id}x": new_id("prj"), f"{job_id}y": project_id}
    for job, project in jobs.items():
        end = JobFailed if job.endswith("y") else JobCancelled
        lab.publish(end.model_validate({"job_id": job, "project_id": project, **about}), times=2)
    lab.settled()
    with lab.rpc() as catalog:
        for job in jobs:
            catalog.open_dataset(project_id, dataset_id, job)
    states = {
        use["job_id"]: (use["state"], use["reason"]) for use in uses(lab, dataset_id, "mbr_o")
    }
    expected = [("cancelled", "retiré"), ("opened", ""), ("failed", "retiré")]
    assert states == dict(zip(jobs, expected, strict=True))


def test_use_tells_what_the_result_became(lab: Lab) -> None:
    """The dataset that a delivery registered stands beside the use of each of its sources."""
    first, second = lab.published("mbr_o"), lab.published("mbr_p")
    event: ProjectDelivered = delivered(lab, first, second)
    _, job_id = using(lab, first, second, project_id=event.project_id)
    result = lab.registered(event.model_copy(update={"job_id": job_id}), times=2)
    eventually(
        lambda: all(
            uses(lab, dataset_id, owner)[0]["delivered_as"] == result
            for dataset_id, owner in ((first, "mbr_o"), (second, "mbr_p"))
        )
    )


def test_only_what_was_read_is_a_use(lab: Lab) -> None:
    """Neither a refused opening, nor a file that is not there, nor another project's job.

    A partner's service that names no job is recorded, too: each opening is a use of its own then.
    """
    dataset_id, closed = lab.published("mbr_o"), lab.published("mbr_o", access="restricted")
    project_id, job_id = using(lab, dataset_id)
    other = lab.opened_for(dataset_id)
    with lab.rpc() as catalog:
        with pytest.raises(Invalid, match="job_id"):
            catalog.open_dataset(other, dataset_id, job_id)
        [use] = uses(lab, dataset_id, "mbr_o")
        assert (use["project_id"], use["openings"]) == (project_id, 1)
        for _ in range(2):
            catalog.open_dataset(other, dataset_id)
        recorded = catalog.list_uses(dataset_id)["items"]
        assert sorted(use["job_id"] for use in recorded) == ["", "", job_id]
        with pytest.raises(Forbidden):
            catalog.open_dataset("prj_x", closed, "job_x")
        with pytest.raises(Invalid):
            catalog.open_dataset("prj_x", closed, {"$ne": ""})
        with pytest.raises(NotFound):
            catalog.list_uses("dts_none")
    absent = f"/datasets/{closed}/files/none.csv"
    problem_of(lab.call("GET", absent, lab.token("mbr_r", "reviewer")), 404)
    assert uses(lab, closed, "mbr_o") == []


def test_job_that_is_repeated_reads_the_version_that_it_had(lab: Lab) -> None:
    """It is one more opening of the same use; a version that is not published opens for nobody."""
    dataset_id = lab.published("mbr_o")
    project_id, job_id = using(lab, dataset_id)
    for content in (b"a;b\n1;2\n", b"a;b\n3;4\n"):
        path, token = f"/datasets/{dataset_id}/versions", lab.token("mbr_o", "owner")
        lab.post_file(path, token, {}, content)
    lab.ingest(dataset_id, 2)
    with lab.rpc() as catalog:
        opened = [
            catalog.open_dataset(project_id, dataset_id, job_id, version=version)["version"]
            for version in (1, None, 2, 1)
        ]
        assert opened == [1, 2, 2, 1]
        for version in (3, 4, 0):
            with pytest.raises(WrongStage):
                catalog.open_dataset(project_id, dataset_id, job_id, version=version)
    [use] = uses(lab, dataset_id, "mbr_o")
    assert (use["dataset_version"], use["openings"]) == (1, 5)


def test_result_of_an_ended_service_is_made_again_of_open_data_alone(lab: Lab) -> None:
    """As it was read, and as no new use; neither what has become restricted, nor its holder's."""
    opened, closed = lab.published("mbr_o"), lab.published("mbr_o")
    own = lab.published("mbr_h", access="restricted")
    project_id, job_id = using(lab, opened, closed, own)
    event = delivered(lab, opened).model_copy(update={"project_id": project_id})
    with lab.rpc() as catalog:
        before = catalog.open_dataset(project_id, opened, job_id)
        lab.registered(event)
        path, token = f"/datasets/{closed}", lab.token("mbr_o", "owner")
        assert lab.call("PATCH", path, token, json={"access": "restricted"}).status == 200
        assert catalog.open_dataset(project_id, opened, job_id)["version"] == 1
        about = {"project_id": project_id, "holder_id": "mbr_h", "title": event.title}
        lab.publish(ServiceRetired(**about, reason="plus utile"))
        eventually(lambda: _is_refused(catalog, project_id, opened, job_id))
        openings = [use["openings"] for use in uses(lab, opened, "mbr_o")]
        assert catalog.open_dataset(project_id, opened, job_id, version=1) == before
        for refused in (closed, own):
            assert _is_refused(catalog, project_id, refused, job_id, version=1)
        assert _is_refused(catalog, new_id("prj"), opened, job_id, version=1)
    assert [use["openings"] for use in uses(lab, opened, "mbr_o")] == openings


def _is_refused(catalog: Any, *question: str, **version: int) -> bool:
    """Whether the data is not opened."""
    try:
        catalog.open_dataset(*question, **version)
    except Forbidden:
        return True
    return False


def test_uses_come_page_by_page_newest_first(lab: Lab) -> None:
    """Each once."""
    dataset_id = lab.published("mbr_o")
    jobs = [using(lab, dataset_id)[1] for _ in range(5)]
    pages = lab.pages(f"/datasets/{dataset_id}/uses?limit=2", lab.token("mbr_o", "owner"))
    assert [use["job_id"] for page in pages for use in page] == sorted(jobs, reverse=True)


def test_only_owners_and_staff_see_the_uses(lab: Lab) -> None:
    """Whose restricted data went into a result sees its uses as well; strangers see none."""
    source = lab.published("mbr_s", access="restricted")
    result = lab.registered(delivered(lab, source))
    path = f"/datasets/{result}/uses"
    problem_of(lab.call("GET", path, lab.token("mbr_z", "owner")), 404)
    lab.ingest(result, 1)
    problem_of(lab.call("GET", path, lab.token("mbr_z", "owner")), 403)
    for member, role in (("mbr_h", "holder"), ("mbr_s", "owner"), ("mbr_r", "reviewer")):
        assert uses(lab, result, member, role) == []
    problem_of(lab.call("GET", "/datasets/dts_none/uses", lab.token("mbr_o", "owner")), 404)
