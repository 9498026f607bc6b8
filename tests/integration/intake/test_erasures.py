"""A member is erased: nothing of its words is left here, and the receipt says what is."""

from typing import Any

import pytest

from services.intake.departures.erasing import measure
from services.intake.departures.erasure import Erasure
from shared import events
from shared.aggregate import NEVER
from shared.events.event import Event, InputNote
from shared.metrics import REGISTRY
from tests.integration.intake.lab import PROJECT, REVIEWER, Lab, bring, matched
from tests.servers import eventually

OPERATOR = ("mbr_operator", "operator")
MARK = "Zénobie"
WAITING = "datalab_erasure_oldest_waiting_seconds"
REASON = {"reason": "Demande du 3 mars."}


@pytest.fixture
def member_id(lab: Lab) -> str:
    """A member with a marked name."""
    return lab.member(name=f"{MARK} & Cie", skills=[MARK], territory=["14"])


def words_of(lab: Lab) -> str:
    """All that intake's database holds, as one text."""
    with lab.database() as database:
        names = database.list_collection_names()
        return "\n".join(repr(document) for name in names for document in database[name].find())


def erased(lab: Lab, member_id: str) -> str:
    """Let the member leave and erase it; the erasure's id, once intake has done its part."""
    lab.done("POST", f"/members/{member_id}/departure", {"reason": MARK}, who=OPERATOR)
    answer = lab.call("POST", "/erasures", {"member_id": member_id, **REASON}, who=OPERATOR)
    assert answer.status == 202, answer.data
    erasure_id = str(answer.json()["id"])
    eventually(lambda: parts(lab, erasure_id).get("intake"), what="intake has answered")
    return erasure_id


def receipt(lab: Lab, erasure_id: str) -> Any:
    """What the receipt says."""
    return lab.done("GET", f"/erasures/{erasure_id}", who=OPERATOR)


def parts(lab: Lab, erasure_id: str) -> dict[str, Any]:
    """The answers so far, by service."""
    return {part["service"]: part for part in receipt(lab, erasure_id)["parts"]}


def answer_of(cls: type[Event], erasure_id: str, member_id: str) -> Event:
    """Another service's answer."""
    counts = (events.ErasedCount(kind="choses", count=3),)
    about = {"erasure_id": erasure_id, "member_id": member_id, "kept": ("Empreintes.",)}
    return cls.model_validate({**about, "counts": counts})


def test_receipt_is_complete_once_every_service_has_answered(lab: Lab, member_id: str) -> None:
    """It names those that have not; what comes twice counts once."""
    erasure_id = erased(lab, member_id)
    assert receipt(lab, erasure_id)["waits_for"] == ["catalog", "compute", "notify"]
    for cls in (events.CatalogErased, events.ComputeErased, events.NotifyErased):
        assert not receipt(lab, erasure_id)["is_complete"]
        lab.publish_and_wait(answer_of(cls, erasure_id, member_id), times=2)
    erasure_receipt = receipt(lab, erasure_id)
    assert (erasure_receipt["is_complete"], erasure_receipt["waits_for"]) == (True, [])
    assert parts(lab, erasure_id)["compute"]["counts"] == [{"kind": "choses", "count": 3}]
    assert all(part["kept"] for part in erasure_receipt["parts"])
    lab.wait_for("erasure_completed", erasure_id=erasure_id)
    again = lab.call("POST", "/erasures", {"member_id": member_id, **REASON}, who=OPERATOR)
    assert again.json()["id"] == erasure_id
    assert len(lab.events("erasure_requested", member_id=member_id)) == 1


def test_no_word_of_an_erased_member_is_left_here(lab: Lab, member_id: str) -> None:
    """Its own projects keep stages and dates; those of others forget that it was there."""
    steps = [{**step, "output": "zenobie"} for step in PROJECT["treatment"]["steps"]]
    fields = {
        "title": MARK,
        "problem": f"{MARK} demande",
        "theme": MARK,
        "keywords": [MARK],
        "skills": [MARK],
        "treatment": {**PROJECT["treatment"], "steps": steps},
    }
    sent = {"who": (member_id, "holder"), "headers": {"Idempotency-Key": member_id}}
    own = str(lab.done("POST", "/projects", {**PROJECT, **fields}, **sent)["id"])
    others = lab.submit(skills=[MARK.lower()])
    for project_id in (own, others):
        bring(lab, project_id, "advised")
    assert MARK in str(lab.done("GET", f"/projects/{others}", who=REVIEWER)["guidance"])
    erasure_id = erased(lab, member_id)
    left = words_of(lab)
    assert MARK not in left
    assert "zenobie" not in left
    counts = {count["kind"]: count["count"] for count in parts(lab, erasure_id)["intake"]["counts"]}
    assert counts == {
        "fiches de membre": 1,
        "projets": 1,
        "projets d'autres membres": 1,
        "clés de dépôt": 1,
        "ateliers où étaient inscrites de ses personnes": 0,
        "liens, sessions et clés d'accès": 0,
    }
    project = lab.done("GET", f"/projects/{own}", who=REVIEWER)
    assert [entry["stage"] for entry in project["history"]] == ["submitted", "advised", "withdrawn"]


def test_erasure_that_a_service_does_not_answer_is_measured(lab: Lab, member_id: str) -> None:
    """Not any more once it is complete."""
    erasure_id = erased(lab, member_id)

    with lab.store() as store:
        measure("test", store)
        assert REGISTRY.get_sample_value(WAITING, {"service": "test"})
    for cls in (events.CatalogErased, events.ComputeErased, events.NotifyErased):
        lab.publish_and_wait(answer_of(cls, erasure_id, member_id))
    with lab.store() as store:
        assert store.of(Erasure).get(erasure_id).waits_since == NEVER


def test_titles_of_an_erased_member_s_data_leave_the_advice_to_others(
    lab: Lab, member_id: str
) -> None:
    """The catalogue says which datasets those are."""
    project_id = lab.submit()
    lab.publish(matched(project_id, MARK, "epci"))
    lab.wait_for_stage(project_id, "advised")
    note = InputNote(dataset_id=f"dts_{MARK}", title=MARK, said=MARK)
    checked = events.InputsChecked(project_id=project_id, proposal=1, owners=(), persons=(note,))
    lab.publish_and_wait(checked)
    assert lab.done("GET", f"/projects/{project_id}", who=REVIEWER)["checks"][0]["persons"]
    erasure_id = erased(lab, member_id)
    answer = answer_of(events.CatalogErased, erasure_id, member_id)
    lab.publish_and_wait(answer.model_copy(update={"dataset_ids": (f"dts_{MARK}",)}))
    project = lab.done("GET", f"/projects/{project_id}", who=REVIEWER)
    assert [dataset["title"] for dataset in project["guidance"]["datasets"]] == ["[effacé]", "epci"]
    assert [person["said"] for person in project["checks"][0]["persons"]] == ["[effacé]"]


def test_titles_of_an_erased_member_s_data_leave_what_others_may_read(
    lab: Lab, member_id: str
) -> None:
    """Also when the end of the access comes after the erasure."""
    project_id, dataset_id = lab.submit(), f"dts_{MARK}"
    about = {"project_id": project_id, "dataset_id": dataset_id, "owner_id": member_id}
    asked = events.AccessRequested(**about, holder_id="mbr_holder", title=MARK)
    ended = events.AccessRevoked(**about, title=MARK, reason=MARK)
    lab.publish_and_wait(asked, sequence=1)
    assert f"« {MARK} »" in words_of(lab)
    erasure_id = erased(lab, member_id)
    answer = answer_of(events.CatalogErased, erasure_id, member_id)
    lab.publish_and_wait(answer.model_copy(update={"dataset_ids": (dataset_id,)}))
    lab.publish_and_wait(ended, sequence=2)
    (access,) = lab.done("GET", f"/projects/{project_id}", who=REVIEWER)["accesses"]
    assert (access["state"], access["reason"]) == ("revoked", "[effacé]")
    assert MARK not in words_of(lab).replace(dataset_id, "")


def test_title_of_deleted_data_leaves_every_project_that_was_told_of_it(lab: Lab) -> None:
    """Its owner did not let it stay; the advice and the requests call it as it is called now."""
    advised, asks, dataset_id = lab.submit(), lab.submit(), f"dts_{MARK}"
    lab.publish(matched(advised, MARK, "epci"))
    lab.wait_for_stage(advised, "advised")
    about = {"dataset_id": dataset_id, "owner_id": "mbr_owner"}
    asked = events.AccessRequested(**about, project_id=asks, holder_id="mbr_holder", title=MARK)
    lab.publish_and_wait(asked, sequence=1)
    deleted = {**about, "title": "Supprimé", "deleted_by": "mbr_owner", "reason": "Fin."}
    lab.publish_and_wait(events.DatasetDeleted(**deleted), times=2)
    advice = lab.done("GET", f"/projects/{advised}", who=REVIEWER)["guidance"]["datasets"]
    assert [suggestion["title"] for suggestion in advice] == ["Supprimé", "epci"]
    project = lab.done("GET", f"/projects/{asks}", who=REVIEWER)
    assert project["accesses"][0]["title"] == "Supprimé"
    assert "« Supprimé »" in project["history"][-1]["why"]
    assert f"« {MARK} »" not in str((advice, project))


def test_only_who_left_is_erased_and_only_by_an_operator(lab: Lab, member_id: str) -> None:
    """409 before, 404 for nobody, 403 for all others; redelivered requests change nothing."""
    body = {"member_id": member_id, **REASON}
    refusal = lab.refused(409, "POST", "/erasures", body, who=OPERATOR)
    assert "n'a pas quitté le Datalab" in refusal["detail"]
    lab.refused(404, "POST", "/erasures", {**body, "member_id": "mbr_none"}, who=OPERATOR)
    lab.refused(403, "POST", "/erasures", body, who=(member_id, "holder"))
    lab.refused(404, "GET", "/erasures/ers_none", who=OPERATOR)
    erasure_id = erased(lab, member_id)
    before = parts(lab, erasure_id)
    lab.publish_and_wait(
        events.ErasureRequested(erasure_id=erasure_id, member_id=member_id), times=2
    )
    assert parts(lab, erasure_id) == before
