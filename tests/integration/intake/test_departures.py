"""A member leaves: what it holds ends, once, and nobody counts on it any more."""

import pytest

from shared.errors import Forbidden
from shared.events import MemberLeft
from tests.integration.intake.lab import PROJECT, REVIEWER, Lab, bring
from tests.servers import eventually

OPERATOR = ("mbr_operator", "operator")


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


def test_member_who_left_submits_nothing_and_is_asked_for_nothing(lab: Lab) -> None:
    """Its token is valid until it expires; it is found by no skill and joins no team."""
    member_id = lab.member(skills=["Tissage"], territory=["27001"])
    left(lab, member_id)
    lab.refused(403, "POST", "/projects", PROJECT, who=(member_id, "holder"))
    member_pages = [
        lab.done("GET", f"/members?{by}") for by in ("skill=Tissage", "territory=27001")
    ]
    assert member_id not in {entry["id"] for page in member_pages for entry in page["items"]}
    project_id = bring(lab, lab.submit(), "trialled")
    path = f"/projects/{project_id}/pilot-site"
    refusal = lab.refused(422, "POST", path, {"site_id": member_id}, who=REVIEWER)
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


@pytest.mark.parametrize("answered", [False, True])
def test_a_member_who_left_is_waited_for_no_more(lab: Lab, *, answered: bool) -> None:
    """Its part counts as declined, also when it had accepted and others had not yet."""
    project_id, gone, other = bring(lab, lab.submit(), "piloted"), lab.member(), lab.member()
    path = f"/projects/{project_id}"
    lab.done("POST", f"{path}/team", {"team": [gone, other]}, who=REVIEWER)
    if answered:
        lab.answer(project_id, gone)
    left(lab, gone)
    lab.publish_and_wait(MemberLeft(member_id=gone, reason="Fin."))
    (fields,) = lab.events("invitation_declined", project_id=project_id)
    assert (fields["member_id"], "quitté" in fields["reason"]) == (gone, True)
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


def test_member_who_left_changes_nothing_whatever_its_roles(lab: Lab) -> None:
    """At once, though its token is valid until it expires; and others' projects it sees no more."""
    gone = lab.member()
    project_id = bring(lab, lab.submit(), "trialled")
    lab.done("POST", f"/projects/{project_id}/pilot-site", {"site_id": gone}, who=REVIEWER)
    lab.done("GET", f"/projects/{project_id}", who=(gone, "holder"))
    lab.done("POST", f"/members/{gone}/departure", {"reason": "Fin."}, who=OPERATOR)
    accept = {"answer": "accept"}
    path = f"/projects/{project_id}/invitation"
    for method, where, body in (
        ("POST", path, accept),
        ("POST", "/members", {"name": "X", "kind": "company"}),
        ("POST", "/erasures", {"member_id": gone, "reason": "Fin."}),
    ):
        refusal = lab.refused(
            403, method, where, body, who=(gone, "holder", "reviewer", "operator")
        )
        assert "a quitté le Datalab" in refusal["detail"]
    with lab.rpc() as intake, pytest.raises(Forbidden):
        intake.answer_invitation(project_id, gone, "accept", "")
    lab.refused(404, "GET", f"/projects/{project_id}", who=(gone, "holder"))
