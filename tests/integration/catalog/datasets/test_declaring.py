"""An owner says that held columns are no personal data: by HTTP, RPC, and to whom it is told."""

from typing import Any
from uuid import uuid4

from shared.events import JobSucceeded
from tests.integration.catalog.lab import Lab, problem_of, reading, submitted
from tests.integration.catalog.test_leaving import erase, words_of

SHIPS = "ce sont des noms de navires"


def naming(lab: Lab, dataset_id: str, kind: str, confidence: float) -> JobSucceeded:
    """The end of an ingest job that found this in the column `nom`."""
    fields = {"column": "nom", "kind": kind, "role": "direct", "rows": 1, "confidence": confidence}
    privacy = {"verdict": "direct", "subject": "persons", "findings": [fields]}
    return lab.reporting(lab.ingested(dataset_id, 1, "commune"), privacy=privacy)


def held(
    lab: Lab,
    kind: str = "full_name",
    confidence: float = 0.8,
    content: bytes | None = None,
    **about: Any,
) -> str:
    """The id of a new dataset of mbr_o that is held for its column `nom`."""
    dataset_id = lab.upload(about.pop("owner_id", "mbr_o"), content or uuid4().bytes, **about)
    lab.publish(naming(lab, dataset_id, kind, confidence))
    lab.wait_for("dataset_held", dataset_id=dataset_id)
    return dataset_id


def declaration_answer(lab: Lab, dataset_id: str, member_id: str = "mbr_o", **body: Any) -> Any:
    """The answer to a declaration."""
    token = lab.token(member_id, "owner")
    body = {"columns": ["nom"], "reason": SHIPS, **body}
    return lab.call("POST", f"/datasets/{dataset_id}/not-personal", token, json=body)


def answered(lab: Lab, dataset_id: str, member_id: str, role: Any, **body: Any) -> Any:
    """What becomes of what somebody answers to a declaration."""
    path = f"/datasets/{dataset_id}/not-personal/answer"
    return lab.call("POST", path, lab.token(member_id, role), json=body)


def test_only_its_owner_says_it_and_why(lab: Lab) -> None:
    """Each refusal in French, with its field; programs say and answer the same.

    What values prove waits for the staff.
    """
    dataset_id = held(lab, "email", 1.0)
    problem_of(declaration_answer(lab, dataset_id, "mbr_z"), 404)
    problem_of(declaration_answer(lab, "dts_unknown"), 404)
    assert '"reason"' in problem_of(declaration_answer(lab, dataset_id, reason=" "), 422)
    wrong = declaration_answer(lab, dataset_id, columns=["port"])
    assert "rien n'a été repéré" in problem_of(wrong, 422)
    path, body = f"/datasets/{dataset_id}/not-personal", {"columns": ["nom"], "reason": SHIPS}
    problem_of(lab.call("POST", path, lab.token("mbr_o", "reviewer"), json=body), 403)
    with lab.rpc() as catalog:
        waiting = catalog.declare_no_personal_data(dataset_id, "mbr_o", ["nom"], SHIPS)
        assert waiting["state"] == "held"
        confirmed = catalog.answer_no_personal_data(dataset_id, "mbr_r", "confirm")
    assert confirmed["state"] == "published"
    assert lab.wait_for("not_personal_answered", dataset_id=dataset_id)["answered_by"] == "mbr_r"


def test_doubtful_finding_is_lifted_and_told(lab: Lab) -> None:
    """Published, and everybody reads what is declared of it; the staff may still refuse it.

    So do those who review a project that would read it, and who is asked for it: told anew.
    """
    dataset_id = held(lab, access="restricted")
    answer = declaration_answer(lab, dataset_id)
    assert (answer.status, answer.json()["state"]) == (200, "published"), answer.data
    (version,) = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_z", "holder"))["versions"]
    assert version["not_personal"][0]["reason"] == SHIPS
    assert version["profile"]["privacy"]["verdict"] == "direct"
    event = lab.wait_for("not_personal_declared", dataset_id=dataset_id)
    assert (event["columns"], event["declared_by"]) == (["nom"], "mbr_o")
    judged = lab.get(f"/crossing?dataset_id={dataset_id}", lab.token("mbr_r", "reviewer"))
    assert SHIPS in judged["privacy"][0]["said"]
    project = submitted(treatment=reading(a=dataset_id))
    lab.publish(project)
    event = lab.wait_for("inputs_checked", project_id=project.project_id)
    assert SHIPS in event["persons"][0]["said"]
    lab.ask_for(dataset_id, project_id=project.project_id)
    for member, role, word in (
        ("mbr_z", "owner", "confirm"),
        ("mbr_o", "reviewer", "confirm"),
        ("mbr_z", "owner", "withdraw"),
    ):
        problem_of(answered(lab, dataset_id, member, role, answer=word), 403)
    staff = ("mbr_r", "reviewer")
    assert answered(lab, dataset_id, *staff, answer="confirm", reason="exact").status == 200
    lab.settled()
    told = lab.events("inputs_checked", project_id=project.project_id)[-1]
    assert "« exact »" in told["persons"][0]["said"]
    assert '"reason"' in problem_of(answered(lab, dataset_id, *staff, answer="refuse"), 422)
    refused = answered(lab, dataset_id, *staff, answer="refuse", reason="des patrons pêcheurs")
    assert refused.json()["state"] == "held"
    again = answered(lab, dataset_id, *staff, answer="confirm")
    assert "rien n'est déclaré" in problem_of(again, 409)


def test_refused_data_waits_for_the_staff_as_another_dataset_too(lab: Lab) -> None:
    """Also when the first is deleted since; another's word on the same bytes is another's."""
    content = uuid4().bytes

    def again(owner_id: str) -> str:
        dataset_id = held(lab, content=content, owner_id=owner_id)
        return str(declaration_answer(lab, dataset_id, owner_id).json()["state"])

    first = held(lab, content=content, owner_id="mbr_q", access="restricted")
    assert declaration_answer(lab, first, "mbr_q").json()["state"] == "published"
    assert (again("mbr_q"), again("mbr_s")) == ("published", "published")
    before = [event["dataset_id"] for event in lab.events("dataset_published", owner_id="mbr_q")]
    answered(lab, first, "mbr_r", "reviewer", answer="refuse", reason="des patrons pêcheurs")
    owner = lab.token("mbr_q", "owner")
    assert {lab.get(f"/datasets/{dataset_id}", owner)["state"] for dataset_id in before} == {"held"}
    assert again("mbr_q") == "held"
    lab.call("DELETE", f"/datasets/{first}", owner, json={"reason": "fini"})
    lab.wait_for("dataset_deleted", dataset_id=first)
    assert again("mbr_q") == "held"
    assert again("mbr_s") == "published"


def test_no_word_of_it_is_left_of_an_erased_owner(lab: Lab) -> None:
    """Neither with the data nor with the projects that would have read it."""
    owner, mark = f"mbr_{uuid4().hex}", f"motif {uuid4().hex}"
    dataset_id = held(lab, access="restricted", owner_id=owner)
    declaration_answer(lab, dataset_id, owner, reason=mark)
    lab.publish(submitted(treatment=reading(a=dataset_id)))
    lab.settled()
    assert mark in words_of(lab)
    erase(lab, owner)
    assert mark not in words_of(lab)
