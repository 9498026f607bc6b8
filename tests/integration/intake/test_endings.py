"""A member leaves, or is erased, and texts are kept for a time only: what ends, once, and how."""

from typing import Any

import pytest

from services.intake.departures.erasing import measure
from services.intake.departures.erasure import Erasure
from services.intake.model import Project
from services.intake.retention import policies
from shared import events
from shared.aggregate import NEVER
from shared.errors import Forbidden
from shared.events import MemberLeft
from shared.events.event import Event, InputNote
from shared.metrics import REGISTRY
from shared.settings import load_settings
from tests.integration.intake.conftest import SPEC
from tests.integration.intake.lab import HOLDER, PROJECT, REVIEWER, Lab, bring, matched
from tests.servers import eventually, running

OPERATOR = ("mbr_operator", "operator")
MARK = "Zénobie"
WAITING = "datalab_erasure_oldest_waiting_seconds"
REASON = {"reason": "Demande du 3 mars."}


@pytest.fixture
def member_id(lab: Lab) -> str:
    """A member with a marked name."""
    return lab.member(name=f"{MARK} & Cie", skills=[MARK], territory=["14"])


def left(lab: Lab, member_id: str) -> None:
    """Let a member leave, and wait until intake has heard of it."""
    due = lab.handled(MemberLeft) + 1
    lab.done("POST", f"/members/{member_id}/departure", {"reason": "Fin."}, who=OPERATOR)
    eventually(lambda: lab.handled(MemberLeft) >= due, what="the departure is handled")


def test_projects_of_a_member_who_left_are_withdrawn_and_their_team_is_told(lab: Lab) -> None:
    """Leaving twice, and hearing of it again, withdraws nothing twice."""
    holder = lab.member()
    project_id = str(lab.done("POST", "/projects", PROJECT, who=(holder, "holder"))["id"])
    bring(lab, project_id, "staffed")
    team = lab.done("GET", f"/projects/{project_id}", who=REVIEWER)["team"]
    for who in ((holder, "holder"), OPERATOR):
        lab.done("POST", f"/members/{holder}/departure", {}, who=who)
    lab.wait_for_stage(project_id, "withdrawn")
    lab.publish_and_wait(MemberLeft(member_id=holder, reason="Fin."), times=2)
    assert len(lab.events("member_left", member_id=holder, reason="À la demande du membre.")) == 1
    (fields,) = lab.events("project_withdrawn", project_id=project_id)
    assert "a quitté le Datalab" in fields["reason"]
    assert set(team) <= set(fields["member_ids"])
    assert lab.done("GET", f"/members/{holder}", who=REVIEWER)["left_at"] is not None


def test_member_who_left_does_nothing_and_is_asked_for_nothing(lab: Lab) -> None:
    """At once, though its token is valid until it expires; it is found by no skill.

    Others' projects it sees no more, and it joins no other team.
    """
    gone = lab.member(skills=["Tissage"], territory=["27001"])
    project_id, other_id = (bring(lab, lab.submit(), "trialled") for _ in range(2))
    path = f"/projects/{project_id}"
    lab.done("POST", f"{path}/pilot-site", {"site_id": gone}, who=REVIEWER)
    lab.done("GET", path, who=(gone, "holder"))
    left(lab, gone)
    for where, body in (
        ("/projects", PROJECT),
        (f"{path}/invitation", {"answer": "accept"}),
        ("/members", {"name": "X", "kind": "company"}),
        ("/erasures", {"member_id": gone, "reason": "Fin."}),
    ):
        who = (gone, "holder", "reviewer", "operator")
        assert "a quitté le Datalab" in lab.refused(403, "POST", where, body, who=who)["detail"]
    with lab.rpc() as intake, pytest.raises(Forbidden):
        intake.answer_invitation(project_id, gone, "accept", "")
    lab.refused(404, "GET", path, who=(gone, "holder"))
    for by in ("skill=Tissage", "territory=27001"):
        members = lab.done("GET", f"/members?{by}")["items"]
        assert gone not in {member["id"] for member in members}
    site = f"/projects/{other_id}/pilot-site"
    refusal = lab.refused(422, "POST", site, {"site_id": gone}, who=REVIEWER)
    assert "a quitté le Datalab" in str(refusal)


def test_project_says_once_that_a_member_of_its_team_left(lab: Lab) -> None:
    """The project goes on; its history tells whoever reads it."""
    project_id = bring(lab, lab.submit(), "staffed")
    project = lab.done("GET", f"/projects/{project_id}", who=REVIEWER)
    for member_id in (project["site_id"], *project["team"]):
        left(lab, member_id)
        lab.publish_and_wait(MemberLeft(member_id=member_id, reason="Fin."))
    project = lab.done("GET", f"/projects/{project_id}", who=REVIEWER)
    history_lines = [
        entry["why"] for entry in project["history"] if "a quitté le Datalab" in entry["why"]
    ]
    assert (project["stage"], len(history_lines)) == ("staffed", 1 + len(project["team"]))


def test_members_who_left_are_waited_for_no_more(lab: Lab) -> None:
    """Their parts count as declined, also of who had accepted when others had not yet."""
    project_id = bring(lab, lab.submit(), "piloted")
    accepted, silent, other = (lab.member() for _ in range(3))
    path = f"/projects/{project_id}"
    lab.done("POST", f"{path}/team", {"team": [accepted, silent, other]}, who=REVIEWER)
    lab.answer(project_id, accepted)
    for gone in (accepted, silent):
        left(lab, gone)
        lab.publish_and_wait(MemberLeft(member_id=gone, reason="Fin."))
        (fields,) = lab.events("invitation_declined", project_id=project_id, member_id=gone)
        assert "quitté" in fields["reason"]
    lab.done("POST", f"{path}/team", {"team": [other]}, who=REVIEWER)
    lab.answer(project_id, other)
    assert lab.stage(project_id) == "staffed"


def test_only_the_member_itself_and_operators_end_a_membership(lab: Lab) -> None:
    """Nobody is thrown out by another member, and nobody unknown leaves."""
    member_id = lab.member()
    for who in (("mbr_other", "holder"), REVIEWER):
        lab.refused(403, "POST", f"/members/{member_id}/departure", {}, who=who)
    lab.refused(404, "POST", "/members/mbr_nobody/departure", {}, who=OPERATOR)
    lab.done("POST", "/members/mbr_keeper/departure", {"unregistered": True}, who=OPERATOR)
    asked = {"member_id": "mbr_keeper", "reason": "À sa demande."}
    assert lab.call("POST", "/erasures", asked, who=OPERATOR).status == 202
    assert lab.done("GET", f"/members/{member_id}")["left_at"] is None


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
    """It names those that have not, which is measured; what comes twice counts once."""
    erasure_id = erased(lab, member_id)
    with lab.store() as store:
        measure("test", store)
        assert REGISTRY.get_sample_value(WAITING, {"service": "test"})
    assert receipt(lab, erasure_id)["waits_for"] == ["catalog", "compute", "notify"]
    for cls in (events.CatalogErased, events.ComputeErased, events.NotifyErased):
        assert not receipt(lab, erasure_id)["is_complete"]
        lab.publish_and_wait(answer_of(cls, erasure_id, member_id), times=2)
    erasure_receipt = receipt(lab, erasure_id)
    assert (erasure_receipt["is_complete"], erasure_receipt["waits_for"]) == (True, [])
    assert parts(lab, erasure_id)["compute"]["counts"] == [{"kind": "choses", "count": 3}]
    assert all(part["kept"] for part in erasure_receipt["parts"])
    with lab.store() as store:
        assert store.of(Erasure).get(erasure_id).waits_since == NEVER
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


def test_titles_of_an_erased_member_s_data_leave_the_projects_of_others(
    lab: Lab, member_id: str
) -> None:
    """The catalogue says which; the end of an access that comes after it brings none back."""
    project_id, dataset_id = lab.submit(), f"dts_{MARK}"
    lab.publish(matched(project_id, MARK, "epci"))
    lab.wait_for_stage(project_id, "advised")
    note = InputNote(dataset_id=dataset_id, title=MARK, said=MARK)
    checked = events.InputsChecked(project_id=project_id, proposal=1, owners=(), persons=(note,))
    lab.publish_and_wait(checked)
    about = {"project_id": project_id, "dataset_id": dataset_id, "owner_id": member_id}
    asked = events.AccessRequested(**about, holder_id="mbr_holder", title=MARK)
    ended = events.AccessRevoked(**about, title=MARK, reason=MARK)
    lab.publish_and_wait(asked, sequence=1)
    assert f"« {MARK} »" in words_of(lab)
    assert lab.read(project_id)["checks"][0]["persons"]
    erasure_id = erased(lab, member_id)
    answer = answer_of(events.CatalogErased, erasure_id, member_id)
    lab.publish_and_wait(answer.model_copy(update={"dataset_ids": (dataset_id,)}))
    lab.publish_and_wait(ended, sequence=2)
    project = lab.read(project_id)
    assert [dataset["title"] for dataset in project["guidance"]["datasets"]] == ["[effacé]", "epci"]
    assert [person["said"] for person in project["checks"][0]["persons"]] == ["[effacé]"]
    (access,) = project["accesses"]
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


def test_ended_project_keeps_its_stages_and_dates(lab: Lab) -> None:
    """One that goes on is not looked at."""
    ended, open_id = lab.submit(), lab.submit()
    lab.done("POST", f"/projects/{ended}/withdraw", {"reason": "Plus de budget."})
    with lab.store() as store:
        (policy,) = policies(store, load_settings({**lab.environ, "DATALAB_HTTP_PORT": "1"}))
        things = {thing.thing_id: thing for thing in policy.things()}
        assert open_id not in things
        since = store.of(Project).get(ended).history[-1].at
        assert things[ended].since == since
        assert policy.erase(open_id, since, "").erased == {}
        assert policy.erase(ended, since, "").erased == {"projets": 1}
        assert policy.erase(ended, since, "").erased == {}
    project = lab.done("GET", f"/projects/{ended}", who=REVIEWER)
    assert (project["title"], project["problem"]) == ("[effacé]", "[effacé]")
    assert [entry["stage"] for entry in project["history"]] == ["submitted", "withdrawn"]


def test_holder_is_told_before_the_texts_of_its_project_go(lab: Lab) -> None:
    """A process with a rule announces and erases; the others serve as before."""
    ended = lab.submit()
    lab.done("POST", f"/projects/{ended}/withdraw", {"reason": "Plus de budget."})
    rule = {
        "DATALAB_RETENTION_PROJECTS_DAYS": "0.00001",
        "DATALAB_RETENTION_NOTICE_DAYS": "0.00001",
    }
    with running(SPEC, {**lab.environ, **rule}):
        event = lab.wait_for("intake_retention_announced", project_id=ended)
        assert event["member_id"] == HOLDER[0]
        assert "GET /projects/" in event["text"]
        applied = lab.wait_for("intake_retention_applied", project_id=ended)
    assert applied["counts"] == [{"kind": "projets", "count": 1}]
    assert lab.done("GET", f"/projects/{ended}", who=REVIEWER)["title"] == "[effacé]"
    assert len(lab.events("intake_retention_announced", project_id=ended)) == 1
