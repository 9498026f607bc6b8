"""Pilot site and team by HTTP: they are asked, see the project, and take their part or not."""

from concurrent.futures import ThreadPoolExecutor

from services.intake.commands import follow_up
from services.intake.invitations import Patience
from services.intake.model import Project
from shared.aggregate import now
from shared.endings.departures import Departure
from shared.store import Store
from tests.integration.intake import lab as at
from tests.integration.intake.lab import OWNER, REVIEWER, Lab, bring
from tests.servers import eventually
from tests.unit.intake import samples


def test_a_named_member_sees_the_project_answers_and_a_stranger_does_not(lab: Lab) -> None:
    """From the invitation on, in the list too, until it declines; nobody else learns of it."""
    project_id, site = bring(lab, lab.submit(), "trialled"), lab.member()
    path, who = f"/projects/{project_id}", (site, "owner")
    lab.refused(404, "GET", path, who=who)
    lab.done("POST", f"{path}/pilot-site", {"site_id": site}, who=REVIEWER)
    project = lab.done("GET", path, who=who)
    assert (project["title"], project["stage"]) == (at.PROJECT["title"], "trialled")
    assert project["invitation"]["state"] == "invited"
    assert not {"history", "guidance", "checks", "accesses"} & set(project)
    lab.refused(404, "GET", path, who=OWNER)
    listed = lab.done("GET", "/projects?named=true", who=who)["items"]
    assert [project["id"] for project in listed] == [project_id]
    assert lab.done("GET", "/projects", who=who)["items"] == []
    assert lab.done("GET", "/projects?named=true&stage=piloted", who=who)["items"] == []
    assert lab.done("GET", "/projects?invited=true", who=who)["items"] == listed
    for _ in range(2):
        answer = lab.answer(project_id, site, "decline", reason="Travaux.")
        assert (answer["state"], answer["reason"]) == ("declined", "Travaux.")
    lab.refused(404, "GET", path, who=who)
    assert lab.done("GET", "/projects?named=true", who=who)["items"] == []
    held = lab.done("GET", path)
    assert (held["stage"], held["invitations"][0]["reason"]) == ("trialled", "Travaux.")
    assert held["history"][-1]["why"] == f"Site pilote : {site} décline : Travaux."
    eventually(lambda: len(lab.events("invitation_declined", project_id=project_id)) == 1)


def test_who_was_asked_reads_what_became_of_it_and_nobody_else_reads_or_answers(lab: Lab) -> None:
    """The link of a letter leads there, though the project is not shown any more."""
    project_id = bring(lab, lab.submit(), "piloted")
    path = f"/projects/{project_id}"
    declining, replaced, other = (lab.member() for _ in range(3))
    lab.done("POST", f"{path}/team", {"team": [declining, replaced]}, who=REVIEWER)
    lab.answer(project_id, declining, "decline", reason="Travaux.")
    lab.done("POST", f"{path}/team", {"team": [other]}, who=REVIEWER)
    for member, state, reason in ((declining, "declined", "Travaux."), (replaced, "withdrawn", "")):
        lab.refused(404, "GET", path, who=(member, "owner"))
        invitation = lab.done("GET", f"{path}/invitation", who=(member, "owner"))
        assert (invitation["part"], invitation["state"], invitation["reason"]) == (
            "team",
            state,
            reason,
        )
        assert invitation["title"] == at.PROJECT["title"]
    asked = lab.done("GET", f"{path}/invitation", who=(other, "owner"))
    assert (asked["state"], bool(asked["answer_by"])) == ("invited", True)
    for who in (at.HOLDER, REVIEWER, OWNER):
        for method, body in (("GET", None), ("POST", {"answer": "accept"})):
            invitation = lab.refused(404, method, f"{path}/invitation", body, who=who)
            unknown = lab.refused(404, method, "/projects/prj_unknown/invitation", body, who=who)
            assert invitation["detail"].replace(project_id, "prj_unknown") == unknown["detail"]


def test_two_processes_remind_and_replace_once(store: Store) -> None:
    """What falls due is done by whichever looks first; who left meanwhile is passed over."""
    trialled = samples.project_at("trialled")
    trialled.choose_pilot_site(
        "mbr_a", "mbr_r", ("mbr_gone", "mbr_b"), Patience(remind_seconds=0, wait_seconds=60)
    )
    trialled.version = 0  # nothing of it was saved here
    trialled = store.of(Project).save(trialled)
    store.of(Departure).add(Departure(id="mbr_gone", left_at=now(), reason="Parti."))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: follow_up(store), range(8)))
    project = store.of(Project).get(trialled.id)
    assert [envelope["type"] for envelope in project.outbox].count("invitation_reminded") == 1
    project.parts = project.parts.model_copy(
        update={
            "all": tuple(
                invitation.model_copy(update={"ends_at": now()}) for invitation in project.parts.all
            )
        }
    )
    store.of(Project).save(project)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: follow_up(store), range(8)))
    assert [
        invitation.member_id for invitation in store.of(Project).get(trialled.id).parts.open
    ] == ["mbr_b"]
