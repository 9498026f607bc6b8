"""A project's quota is used up, asked for, decided on, and used again."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id
from shared.errors import WrongStage
from tests.integration.compute.lab import HOLDER, Lab
from tests.integration.compute.samples import PARTIAL
from tests.servers import RunningService, eventually

WHY = "tout le département"
STAFF = ("mbr_r", "operator")


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, whose projects get a minute, and a sample intake."""
    with lab.intake(), lab.bare_compute(workspace_seconds="60") as service:
        yield service


def opened(lab: Lab) -> str:
    """The id of a project that may compute, of `HOLDER`."""
    project = new_id("prj")
    lab.secure(project)
    lab.wait_for("workspace_opened", project_id=project)
    return project


@pytest.mark.usefixtures("catalog")
def test_job_refused_for_its_quota_says_how_to_ask_and_runs_once_it_is_granted(
    lab: Lab, compute: RunningService
) -> None:
    """By the same page from which it is run again."""
    project = lab.started()
    lab.wait_for("job_succeeded", project_id=project, kind="trial")
    with lab.store() as store:
        store.of(Workspace).change(project, lambda spent: spent.charge("job_before", 60.0))
    lab.staff(project)
    failed = lab.wait_for("job_failed", project_id=project, kind="full")
    assert failed["reason"] == (
        "le quota de calcul du projet (1\u00a0min) est épuisé : le porteur peut en demander un plus"
        " grand sur la page du projet"
    )
    seen = lab.call(compute, "GET", f"/quota-requests/{project}", *STAFF).json()
    decision = {"decision": "grant", "seconds": 600, "reason": WHY, "version": seen["version"]}
    path = f"/workspaces/{project}/quota-decision"
    assert lab.call(compute, "POST", path, *STAFF, json=decision).status == 200
    assert lab.call(compute, "POST", "/jobs", json={"project_id": project}).status == 202
    lab.wait_for("job_succeeded", project_id=project, kind="full")


def test_holder_asks_once_and_staff_decides_as_it_read(lab: Lab, compute: RunningService) -> None:
    """Each is told to the other; nobody else asks, and nobody decides on its own case."""
    project = opened(lab)

    def post(what: str, member: str, role: str, **body: Any) -> int:
        path = f"/workspaces/{project}/quota-{what}"
        return int(lab.call(compute, "POST", path, member, role, json=body).status)

    assert post("request", "mbr_other", "holder", seconds=90, reason=WHY) == 404
    assert post("request", "mbr_r", "operator", seconds=90, reason=WHY) == 403
    assert post("request", HOLDER, "holder", seconds=60, reason=WHY) == 422
    assert post("request", HOLDER, "holder", seconds=0, reason=WHY) == 422
    for _ in range(2):
        assert post("request", HOLDER, "holder", seconds=90, reason=WHY) == 200
    assert post("request", HOLDER, "holder", seconds=91, reason=WHY) == 409
    asked = lab.wait_for("quota_requested", project_id=project)
    assert (asked["seconds"], asked["quota_seconds"], asked["reason"]) == (90, 60, WHY)
    read = lab.call(compute, "GET", f"/quota-requests/{project}", *STAFF).json()
    decision = {"decision": "grant", "seconds": 80, "reason": "assez", "version": read["version"]}
    assert post("decision", HOLDER, "holder", **decision) == 403
    assert post("decision", PARTIAL, "reviewer", **decision) == 403
    assert post("decision", *STAFF, **{**decision, "version": read["version"] + 1}) == 409
    for _ in range(2):
        assert post("decision", *STAFF, **decision) == 200
    decided = lab.wait_for("quota_decided", project_id=project)
    assert (decided["quota_seconds"], decided["decided_by"]) == (80, "mbr_r")
    assert len(lab.events("quota_decided", project_id=project)) == 1
    workspace = lab.call(compute, "GET", f"/workspaces/{project}").json()
    assert (workspace["quota_seconds"], workspace["quota_request"]) == (80, None)
    assert workspace["quota_decision"]["reason"] == "assez"


def test_staff_lists_what_waits_but_its_own_and_what_is_over(
    lab: Lab, compute: RunningService
) -> None:
    """A request of a project that ended lapses; a closed project asks for nothing more."""
    project, withdrawn = opened(lab), opened(lab)
    path = f"/workspaces/{withdrawn}/quota-request"
    body = {"seconds": 90, "reason": WHY}
    with lab.rpc() as rpc:
        for asking in (project, withdrawn):
            rpc.request_quota(asking, 90, WHY)

        def listed(member: str = "mbr_r") -> set[str]:
            answer = lab.call(compute, "GET", "/quota-requests", member, "reviewer").json()
            return {item["project_id"] for item in answer["items"]} & {project, withdrawn}

        assert listed() == {project, withdrawn}
        assert listed(HOLDER) == set()
        assert lab.call(compute, "GET", "/quota-requests").status == 403
        lab.withdraw(withdrawn)
        eventually(lambda: listed() == {project}, "the request lapses")
        assert lab.call(compute, "POST", path, json=body).status == 409
        version = rpc.get_quota_request(project, "mbr_r")["version"]
        with pytest.raises(WrongStage):
            rpc.decide_quota(withdrawn, "mbr_r", "refuse", "non", version)
        rpc.decide_quota(project, "mbr_r", "refuse", "non", version)
    assert listed() == set()
