"""Access to data: asked for, decided by owners, used through one door, revoked."""

from collections.abc import Callable

import pytest

from shared.aggregate import new_id
from shared.errors import Forbidden, Invalid, Unavailable, WrongStage
from shared.events import Event, ProjectRejected, ProjectWithdrawn
from tests.integration.catalog.lab import Lab, delivered, failed, problem_of


def decide(lab: Lab, request_id: str, member: str, decision: str, reason: str = "") -> int:
    """The status of a decision."""
    body = {"decision": decision, "reason": reason}
    token = lab.token(member, "owner")
    return lab.call("POST", f"/access-requests/{request_id}/decision", token, json=body).status


def test_open_and_own_data_opens_at_once(lab: Lab) -> None:
    """Nobody is asked; one event for each grant and one opening, also when delivered twice."""
    own = lab.published("mbr_h", access="restricted")
    open_id = lab.published("mbr_o")
    project_id = lab.secure(own, open_id)
    opened = lab.wait_for("data_access_opened", project_id=project_id)
    assert set(opened["dataset_ids"]) == {own, open_id}
    assert len(lab.events("access_granted", project_id=project_id)) == 2
    assert lab.events("access_requested", project_id=project_id) == []


def test_restricted_data_opens_when_its_owner_grants(lab: Lab) -> None:
    """The owner sees the request, decides once, and its yes opens access.

    The project's holder and the staff read it, too; for anybody else there is none.
    """
    owner = new_id("mbr")
    restricted = lab.published(owner, access="restricted", title="Loyers")
    project_id = lab.secure(restricted, lab.published("mbr_o"))
    asked = lab.wait_for("access_requested", project_id=project_id)
    assert (asked["owner_id"], asked["holder_id"]) == (owner, "mbr_h")
    assert lab.events("data_access_opened", project_id=project_id) == []
    [request] = lab.get("/access-requests?waiting=true", lab.token(owner, "owner"))["items"]
    assert (request["dataset_title"], request["state"]) == ("Loyers", "requested")
    path = f"/access-requests/{request['id']}"
    readers = ((owner, "owner"), ("mbr_h", "holder"), ("mbr_r", "reviewer"), ("mbr_x", "owner"))
    seen = [lab.call("GET", path, lab.token(member, role)).status for member, role in readers]
    assert seen == [200, 200, 200, 404]
    with lab.rpc() as catalog:
        assert catalog.get_access_request(request["id"])["state"] == "requested"
    assert decide(lab, request["id"], "mbr_h", "grant") == 404
    assert decide(lab, request["id"], "mbr_op", "grant") == 404
    assert decide(lab, request["id"], owner, "grant") == 200
    assert decide(lab, request["id"], owner, "grant") == 200
    assert decide(lab, request["id"], owner, "refuse", "trop tard") == 409
    lab.wait_for("data_access_opened", project_id=project_id)
    assert len(lab.events("access_granted", project_id=project_id, dataset_id=restricted)) == 1
    assert lab.get("/access-requests?waiting=true", lab.token(owner, "owner"))["items"] == []


def test_result_of_restricted_data_is_granted_by_all_whose_data_it_holds(lab: Lab) -> None:
    """Whose data went into a result is asked for it as its owner is, and may refuse."""
    source, owner = new_id("mbr"), new_id("mbr")
    event = delivered(lab, lab.published(source, access="restricted"), holder_id=owner)
    result = lab.result_of(event)
    project_id = lab.secure(result)
    request_id = f"{project_id}.{result}"
    lab.wait_for("access_requested", project_id=project_id, owner_id=owner, member_id=source)
    lab.wait_for("access_requested", project_id=project_id, owner_id=owner, member_id=None)
    assert decide(lab, request_id, owner, "grant") == 200
    waiting = "/access-requests?waiting=true"
    assert lab.get(waiting, lab.token(owner, "owner"))["items"] == []
    [request] = lab.get(waiting, lab.token(source, "owner"))["items"]
    assert (request["id"], request["consents"]) == (request_id, [owner])
    with lab.rpc() as catalog, pytest.raises(Forbidden):
        catalog.open_dataset(project_id, result)
    assert decide(lab, request_id, source, "refuse", "non") == 200
    assert decide(lab, request_id, source, "grant") == 200
    lab.wait_for("data_access_opened", project_id=project_id)
    assert len(lab.events("access_granted", project_id=project_id)) == 1


def test_refusal_says_why_and_closes_the_door(lab: Lab) -> None:
    """A refusal without a reason is none; with one the project cannot read."""
    restricted = lab.published("mbr_o", access="restricted")
    project_id = lab.ask_for(restricted)
    request_id = f"{project_id}.{restricted}"
    assert decide(lab, request_id, "mbr_o", "refuse") == 422
    assert decide(lab, request_id, "mbr_o", "perhaps") == 422
    assert decide(lab, request_id, "mbr_o", "refuse", "données personnelles") == 200
    refused = lab.wait_for("access_refused", project_id=project_id)
    assert (refused["decided_by"], refused["reason"]) == ("mbr_o", "données personnelles")
    with lab.rpc() as catalog, pytest.raises(Forbidden):
        catalog.open_dataset(project_id, restricted)


def test_what_nobody_knows_is_not_decided(lab: Lab) -> None:
    """The owner knows requests, not how the catalogue keeps them; a project is told so."""
    for request_id in ("none", "prj_none.", "%2F"):
        assert decide(lab, request_id, "mbr_o", "grant") == 404
    path = "/access-requests/prj_none.dts_none/decision"
    answer = lab.call("POST", path, lab.token("mbr_o", "owner"), json={"decision": "grant"})
    assert "rien n'a ici l'identifiant prj_none.dts_none" in problem_of(answer, 404)
    refused = lab.wait_for("access_refused", project_id=lab.secure("dts_none"))
    assert (refused["dataset_id"], refused["decided_by"]) == ("dts_none", "catalog")
    assert "inconnu" in refused["reason"]


def test_open_dataset_is_the_only_door(lab: Lab) -> None:
    """With a grant it names version, licence and files, and counts; without one it is closed."""
    dataset_id = lab.published("mbr_o", access="restricted", title="EPCI")
    project_id = lab.ask_for(dataset_id)
    with lab.rpc() as catalog:
        for ids in ((project_id, dataset_id), (project_id, "x"), ("x", dataset_id)):
            with pytest.raises(Forbidden):
                catalog.open_dataset(*ids)
        catalog.decide_access(f"{project_id}.{dataset_id}", "mbr_o", "grant")
        opened = [catalog.open_dataset(project_id, dataset_id) for _ in range(2)][-1]
        asked = catalog.list_access_requests("mbr_o")["items"]
        [request] = [request for request in asked if request["project_id"] == project_id]
    version = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_o", "owner"))["versions"][0]
    assert [column["name"] for column in opened.pop("described")] == opened["table_columns"]
    assert [opened.pop(field) for field in ("unit", "unit_type", "policy")] == ["", "", None]
    assert [opened.pop(field) for field in ("is_published", "on_cluster")] == [False, False]
    assert opened.pop("grant_id") == f"{project_id}.{dataset_id}"
    assert opened.pop("attribution").startswith("Sources : « EPCI », producteur non précisé")
    assert opened == {
        "dataset_id": dataset_id,
        "title": "EPCI",
        "version": 1,
        "licence": "lov2",
        "upload": "",
        "sha256": version["file"]["sha256"],
        "file": version["table"],
        "purpose": "",
        "table_columns": [column["name"] for column in version["profile"]["columns"]],
        "total_rows": [],
        "likely_total_rows": 0,
        "is_protected": True,
        "personal": "none",
        "releases": [],
        "ledger_length": 0,
        "conditions": [],
        "granted_by": ["mbr_o"],
        **dict.fromkeys(("until", "columns", "minimum_units", "answers_for", "invention")),
    }
    assert (request["uses"], request["last_used"] is not None) == (2, True)


def test_project_may_be_secured_before_its_data_is_read(lab: Lab) -> None:
    """The grant counts at once; access opens when all of its data has a version to be read."""
    waiting, unreadable = lab.upload("mbr_h"), lab.upload("mbr_h")
    lab.publish(failed(unreadable, "bruit binaire"))
    lab.wait_for("dataset_rejected", dataset_id=unreadable)
    project_id = lab.secure(waiting, unreadable)
    for dataset_id in (waiting, unreadable):
        lab.wait_for("access_granted", project_id=project_id, dataset_id=dataset_id)
    with lab.rpc() as catalog:
        with pytest.raises(Unavailable):
            catalog.open_dataset(project_id, waiting)
        with pytest.raises(WrongStage, match="bruit binaire"):
            catalog.open_dataset(project_id, unreadable)
        lab.ingest(waiting, 1)
        assert catalog.open_dataset(project_id, waiting)["version"] == 1
    lab.settled()
    assert lab.events("data_access_opened", project_id=project_id) == []
    version = lab.post_file(
        f"/datasets/{unreadable}/versions", lab.token("mbr_h", "owner"), {}, b"a;b\n1;2\n"
    )
    assert version.status == 202
    lab.publish(lab.ingested(unreadable, 2))
    lab.wait_for("data_access_opened", project_id=project_id)


@pytest.mark.parametrize("end", [ProjectWithdrawn, ProjectRejected])
def test_end_of_a_project_revokes_everything(lab: Lab, end: Callable[..., Event]) -> None:
    """Neither what was granted nor what was asked outlives the project."""
    open_id, asked = lab.published("mbr_o"), lab.published("mbr_o", access="restricted")
    project_id = lab.ask_for(open_id, asked)
    with lab.rpc() as catalog:
        catalog.open_dataset(project_id, open_id)
        lab.publish(end(project_id=project_id, holder_id="mbr_h", decided_by="x", reason="-"))
        lab.settled()
        with pytest.raises(Forbidden):
            catalog.open_dataset(project_id, open_id)
    assert decide(lab, f"{project_id}.{asked}", "mbr_o", "grant") == 409
    items = lab.get("/access-requests", lab.token("mbr_op", "operator"))["items"]
    assert [i["state"] for i in items if i["project_id"] == project_id] == ["revoked"]


def test_delivery_ends_access_and_says_why(lab: Lab) -> None:
    """The owner reads that its data was used for a project that is over now."""
    asked = lab.published("mbr_o", access="restricted")
    event = delivered(lab, asked)
    lab.ask_for(asked, project_id=event.project_id)
    request_id = f"{event.project_id}.{asked}"
    assert decide(lab, request_id, "mbr_o", "grant", "pour cette étude") == 200
    with lab.rpc() as catalog:
        catalog.open_dataset(event.project_id, asked)
        lab.publish(event, times=2)
        lab.wait_for("dataset_registered", project_id=event.project_id)
        lab.settled()
        with pytest.raises(Forbidden):
            catalog.open_dataset(event.project_id, asked)
    items = lab.get("/access-requests", lab.token("mbr_op", "operator"))["items"]
    [ended] = [item for item in items if item["id"] == request_id]
    assert (ended["state"], ended["reason"]) == ("revoked", "pour cette étude")
    assert (ended["end_reason"], ended["uses"]) == ("Projet livré.", 1)


def test_requests_come_page_by_page_to_those_concerned(lab: Lab) -> None:
    """An owner sees its own, staff all, others none; every request comes once."""
    owner = new_id("mbr")
    datasets = [lab.published(owner, access="restricted") for _ in range(3)]
    foreign = lab.published("mbr_o", access="restricted")
    projects = [lab.ask_for(*asked) for asked in ([*datasets, foreign], datasets[:1], datasets)]
    pages = lab.pages("/access-requests?limit=2", lab.token(owner, "owner"))
    request_ids = [item["id"] for page in pages for item in page]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert (len(set(request_ids)), request_ids) == (7, sorted(request_ids))
    staff = lab.get("/access-requests?limit=100", lab.token("mbr_r", "reviewer"))["items"]
    assert {*request_ids, f"{projects[0]}.{foreign}"} <= {item["id"] for item in staff}
    stranger = lab.get("/access-requests", lab.token(new_id("mbr"), "owner"))
    assert stranger == {"items": [], "next": None}


@pytest.mark.parametrize("wrong", [{"$ne": ""}, None, "*"])
def test_arguments_that_are_no_identifiers_are_refused(lab: Lab, wrong: object) -> None:
    """An RPC argument is never taken for a query."""
    with lab.rpc() as catalog:
        for ask in (
            catalog.get_dataset,
            lambda value: catalog.open_dataset("prj_x", value),
            lambda value: catalog.decide_access("prj_x.dts_x", value, "grant"),
            lambda value: catalog.judge_crossing([value]),
        ):
            with pytest.raises(Invalid):
                ask(wrong)
