"""Datasets that name persons are nobody's but their owner's until the legal basis is confirmed."""

from typing import Any
from uuid import uuid4

import pytest

from shared.aggregate import new_id
from shared.engine.tables.privacy import Finding, Privacy
from shared.events import JobSucceeded
from tests.integration.catalog.lab import Lab, problem_of, submitted
from tests.servers import eventually

FOUND = Privacy(
    verdict="direct",
    subject="persons",
    findings=(Finding(column="mail", kind="email", role="direct", rows=1, confidence=1),),
)


def naming(lab: Lab, dataset_id: str) -> JobSucceeded:
    """The end of an ingest job, whose profile says that the table names persons."""
    event = lab.ingested(dataset_id, 1, "commune")
    return lab.reporting(event, privacy=FOUND.model_dump(mode="json"))


def held(lab: Lab, owner_id: str, **metadata: Any) -> str:
    """The id of a new dataset that is held."""
    dataset_id = lab.upload(owner_id, uuid4().bytes, **metadata)
    lab.publish(naming(lab, dataset_id))
    lab.wait_for("dataset_held", dataset_id=dataset_id)
    return dataset_id


def confirm(lab: Lab, dataset_id: str, member_id: str, **body: Any) -> Any:
    """The answer to a confirmation."""
    fields = {"basis": "public_task", "purpose": "Annuaire des élus", **body}
    token = lab.token(member_id, "owner")
    return lab.call("POST", f"/datasets/{dataset_id}/legal-basis", token, json=fields)


def test_held_dataset_waits_for_who_has_to_speak(lab: Lab) -> None:
    """Its owner; the staff once that declares what it has to confirm; nobody else is told."""
    owner, staff = f"mbr_{uuid4().hex[:8]}", f"mbr_{uuid4().hex[:8]}"
    dataset_id = held(lab, owner, access="restricted", title="Élus")

    def waits(member_id: str, role: str) -> list[tuple[str, bool]]:
        waiting = lab.get("/held-datasets?limit=100", lab.token(member_id, role))["items"]
        return [
            (dataset["title"], dataset["is_for_staff"])
            for dataset in waiting
            if dataset["dataset_id"] == dataset_id
        ]

    def seen() -> list[list[tuple[str, bool]]]:
        return [waits(owner, "owner"), waits(staff, "reviewer"), waits("mbr_other", "owner")]

    assert seen() == [[("Élus", False)], [], []]
    fields = {"columns": ["mail"], "reason": "adresses de services"}
    path, token = f"/datasets/{dataset_id}/not-personal", lab.token(owner, "owner")
    assert lab.call("POST", path, token, json=fields).status == 200
    assert seen() == [[], [("Élus", True)], []]
    assert confirm(lab, dataset_id, owner).status == 200
    assert seen() == [[], [], []]


def test_held_dataset_is_its_owner_s_alone(lab: Lab) -> None:
    """It is not found, not matched and not read by a project; its owner lists it."""
    theme = f"thème {uuid4().hex}"
    dataset_id = held(lab, "mbr_held", theme=theme, access="restricted")
    other, owner = lab.token("mbr_z", "holder"), lab.token("mbr_held", "owner")
    assert lab.get(f"/datasets?theme={theme}", other)["items"] == []
    listed = lab.get("/datasets?state=held&owner_id=mbr_held", owner)["items"]
    assert [item["id"] for item in listed] == [dataset_id]
    version = lab.get(f"/datasets/{dataset_id}", owner)["versions"][0]
    assert version["profile"]["privacy"]["findings"][0]["column"] == "mail"
    project = submitted(holder_id="h", title="?", problem="?", theme=theme, territory=())
    lab.publish(project)
    assert lab.wait_for("datasets_matched", project_id=project.project_id)["matches"] == []
    project_id = lab.secure(dataset_id, holder_id="mbr_held")
    lab.wait_for("access_granted", project_id=project_id)
    with lab.rpc() as catalog, pytest.raises(Exception, match="désigne des personnes"):
        catalog.open_dataset(project_id, dataset_id)


def test_project_that_asked_for_held_data_reads_it_once_it_is_confirmed(lab: Lab) -> None:
    """To others it is unknown till then; its confirmation opens what is open by itself."""
    dataset_id = held(lab, "mbr_1", access="open")
    project_id, own = lab.secure(dataset_id), lab.secure(dataset_id, holder_id="mbr_1")
    refused = lab.wait_for("access_refused", project_id=project_id)
    assert (refused["owner_id"], "inconnu" in refused["reason"]) == ("", True)
    waiting = lab.get("/access-requests?waiting=true&limit=100", lab.token("mbr_1", "owner"))
    assert project_id not in {request["project_id"] for request in waiting["items"]}
    lab.wait_for("access_granted", project_id=own)
    lab.settled()
    for project in (project_id, own):
        assert lab.events("data_access_opened", project_id=project) == []
    assert confirm(lab, dataset_id, "mbr_1", basis="legal_obligation").status == 200
    for project in (project_id, own):
        lab.wait_for("data_access_opened", project_id=project)
    with lab.rpc() as catalog:
        assert catalog.open_dataset(project_id, dataset_id)["version"] == 1


def test_project_secured_while_its_data_is_published_is_not_forgotten(lab: Lab) -> None:
    """Whichever of the two comes first."""
    pairs = [(lab.upload("mbr_1", uuid4().bytes), new_id("prj")) for _ in range(6)]
    for number, (dataset_id, project_id) in enumerate(pairs):
        if number % 2:
            lab.secure(dataset_id, project_id=project_id)
        lab.publish(lab.ingested(dataset_id, 1))
        if not number % 2:
            lab.secure(dataset_id, project_id=project_id)
    for _, project_id in pairs:
        lab.wait_for("data_access_opened", project_id=project_id)


def test_confirmation_of_the_owner_publishes(lab: Lab) -> None:
    """With who, on which basis and what for; the second one comes too late.

    Others know nothing of a held dataset. Open data is confirmed by law or restricted: the answer
    says in French what to do, and RPC does it.
    """
    dataset_id = held(lab, "mbr_1", access="restricted")
    path, reviewer = f"/datasets/{dataset_id}/legal-basis", lab.token("mbr_1", "reviewer")
    problem_of(confirm(lab, dataset_id, "mbr_2"), 404)
    problem_of(confirm(lab, "dts_unknown", "mbr_1"), 404)
    problem_of(lab.call("POST", path, reviewer, json={"basis": "consent", "purpose": "x"}), 403)
    for field, wrong in (("basis", "because"), ("purpose", " "), ("version", 0)):
        assert field in problem_of(confirm(lab, dataset_id, "mbr_1", **{field: wrong}), 422)
    answer = confirm(lab, dataset_id, "mbr_1", note="avis du DPO")
    assert answer.status == 200, answer.data
    lab.wait_for("dataset_published", dataset_id=dataset_id)
    dataset = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_z", "holder"))
    basis = dataset["versions"][0]["legal_basis"]
    assert (dataset["state"], basis["basis"], basis["note"]) == ("published", "public_task", "")
    assert (basis["confirmed_by"], basis["purpose"]) == ("mbr_1", "Annuaire des élus")
    problem_of(confirm(lab, dataset_id, "mbr_1"), 409)
    problem_of(confirm(lab, dataset_id, "mbr_2"), 403)
    opened = held(lab, "mbr_1", access="open")
    assert "L312-1-2" in problem_of(confirm(lab, opened, "mbr_1"), 422)
    with lab.rpc() as catalog:
        view = catalog.confirm_legal_basis(
            opened, "mbr_1", "public_task", "Annuaire", restrict=True
        )
    assert (view["state"], view["access"]) == ("published", "restricted")
    problem_of(lab.call("GET", f"/datasets/{opened}/table", lab.token("mbr_z", "holder")), 403)


def test_published_data_is_screened_anew_and_held(lab: Lab) -> None:
    """By its owner or an operator; projects read it no more, and nobody finds it."""
    dataset_id = lab.published("mbr_s", access="restricted")
    path, stranger = f"/datasets/{dataset_id}/screening", lab.token("mbr_z", "owner")
    problem_of(lab.call("POST", path, stranger), 403)
    problem_of(lab.call("POST", path, lab.token("mbr_z", "reviewer")), 403)
    problem_of(lab.call("POST", "/datasets/dts_unknown/screening", stranger), 404)
    answer = lab.call("POST", path, lab.token("mbr_s", "owner"))
    assert (answer.status, answer.json()["versions"][0]["again"]) == (202, True)
    assert lab.wait_for("dataset_registered", dataset_id=dataset_id, again=True)["version"] == 1
    with lab.rpc() as catalog:
        assert catalog.screen_dataset(dataset_id)["state"] == "published"
    lab.publish(naming(lab, dataset_id))
    lab.wait_for("dataset_held", dataset_id=dataset_id)
    problem_of(lab.call("GET", f"/datasets/{dataset_id}", stranger), 404)

    def is_counted() -> bool:
        lines = lab.call("GET", "/metrics", "").data.decode().splitlines()
        verdicts = 'datalab_versions_screened_total{service="catalog",verdict="direct"}'
        assert any(line.startswith(verdicts) for line in lines)
        gauge = 'datalab_datasets_held{service="catalog"}'
        return any(float(line.split()[-1]) >= 1 for line in lines if line.startswith(gauge))

    eventually(is_counted, "operators see what is held")
