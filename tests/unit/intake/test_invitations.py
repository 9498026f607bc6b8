"""Pilot site and team are asked; each takes its part, or says why not."""

from datetime import timedelta
from typing import Literal

import pytest

from services.intake.invitations import Answer
from services.intake.model import Project
from services.intake.views import ParticipantView, ProjectView
from shared import events
from shared.aggregate import NEVER, now
from shared.errors import NotFound, WrongStage
from tests.events import topics
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER, REVIEWER, SITE

WHO = {"project_id": "prj_1", "holder_id": HOLDER}


def asked(*team: str) -> Project:
    """A piloted project whose team was asked, with nothing left to publish."""
    project = samples.project_at("piloted")
    project.form_team(team or ("mbr_1", "mbr_2"), REVIEWER)
    return samples.saved(project)


def states(project: Project, part: Literal["pilot_site", "team"] = "team") -> dict[str, str]:
    """What became of the invitations to a part."""
    return {
        invitation.member_id: invitation.state
        for invitation in project.invitations
        if invitation.part == part
    }


def test_a_project_is_piloted_once_the_site_that_was_asked_accepts() -> None:
    """Asking alone settles nothing; the site is told what it is asked for."""
    project = samples.project_at("trialled")
    project.choose_pilot_site(SITE, REVIEWER)
    [invited] = project.recorded()
    assert isinstance(invited, events.MemberInvited)
    assert (invited.member_id, invited.part, invited.title) == (
        SITE,
        "pilot_site",
        "Logements vacants",
    )
    assert invited.answer_by
    assert (project.stage, project.site_id, project.named) == ("trialled", None, [SITE])
    assert project.history[-1].why == "Site pilote sollicité : mbr_site."
    project = samples.saved(project)
    project.answer_invitation(SITE, "accept")
    assert project.recorded() == [
        events.InvitationAccepted(**WHO, member_id=SITE, part="pilot_site"),
        events.ProjectPiloted(**WHO, site_id=SITE),
    ]
    assert (project.stage, project.site_id) == ("piloted", SITE)
    history_lines = [(entry.by, entry.why) for entry in project.history[-2:]]
    assert history_lines == [
        (SITE, "Site pilote : mbr_site accepte."),
        (SITE, "Site pilote trouvé."),
    ]


def test_who_declines_says_why_and_holds_the_project_until_others_are_named() -> None:
    """The reason is kept; those who accepted and are named again are not asked again."""
    project = asked()
    project.answer_invitation("mbr_1", "accept")
    project.answer_invitation("mbr_2", "decline", "Plus de temps.")
    assert project.recorded()[-1] == events.InvitationDeclined(
        **WHO, member_id="mbr_2", part="team", reason="Plus de temps."
    )
    assert project.history[-1].why == "Équipe projet : mbr_2 décline : Plus de temps."
    assert (project.stage, project.named) == ("piloted", ["mbr_1", SITE])
    project = samples.saved(project)
    project.form_team(("mbr_1", "mbr_3"), REVIEWER)
    assert topics(project) == ["member_invited"]
    assert states(project) == {"mbr_1": "accepted", "mbr_2": "declined", "mbr_3": "invited"}
    project.answer_invitation("mbr_3", "accept")
    assert (project.stage, project.team) == ("staffed", ("mbr_1", "mbr_3"))


def test_naming_only_those_who_accepted_staffs_the_project_at_once() -> None:
    """Whoever never answered is not waited for any longer, and sees the project no more."""
    project = asked()
    project.answer_invitation("mbr_1", "accept")
    project.form_team(("mbr_1",), REVIEWER)
    assert (project.stage, project.team) == ("staffed", ("mbr_1",))
    assert states(project)["mbr_2"] == "withdrawn"
    history_lines = [entry.why for entry in project.history]
    assert "Équipe projet sollicitée : mbr_1. Invitation retirée : mbr_2." in history_lines
    assert "mbr_2" not in project.named
    with pytest.raises(NotFound):
        project.answer_invitation("mbr_2", "accept")


def test_another_site_may_be_named_as_long_as_none_accepted() -> None:
    """Also one that had declined before; the same again asks nobody."""
    project = samples.project_at("trialled")
    project.choose_pilot_site(SITE, REVIEWER)
    project.answer_invitation(SITE, "decline", "Travaux.")
    project.choose_pilot_site("mbr_other", REVIEWER)
    assert project.named == ["mbr_other"]
    project.choose_pilot_site(SITE, REVIEWER)
    project = samples.saved(project)
    project.choose_pilot_site(SITE, REVIEWER)
    assert (project.recorded(), project.named) == ([], [SITE])
    project.answer_invitation(SITE, "accept")
    assert project.stage == "piloted"
    with pytest.raises(WrongStage, match="site pilote trouvé"):
        project.choose_pilot_site("mbr_other", REVIEWER)


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_the_same_answer_again_changes_nothing(answer: Answer) -> None:
    """A call that is made again finds what it did; another reason is none."""
    project = asked()
    project.answer_invitation("mbr_1", answer, "Non.")
    project = samples.saved(project)
    before = project.model_dump()
    project.answer_invitation("mbr_1", answer, "Toujours non.")
    assert (project.model_dump(), project.recorded()) == (before, [])


def test_an_answer_may_be_taken_back_until_the_stage_is_reached() -> None:
    """Whoever declined is asked again by the lab alone."""
    project = asked()
    project.answer_invitation("mbr_1", "accept")
    project.answer_invitation("mbr_1", "decline", "Finalement non.")
    with pytest.raises(WrongStage, match="de nouveau"):
        project.answer_invitation("mbr_1", "accept")
    project = samples.project_at("staffed")
    with pytest.raises(WrongStage, match="équipe formée"):
        project.answer_invitation("mbr_1", "decline", "Trop tard.")


def test_nobody_answers_for_another_or_for_a_part_it_is_not_asked_for() -> None:
    """Answered as a project that does not exist."""
    project = asked()
    for member_id in (HOLDER, REVIEWER, "mbr_stranger"):
        with pytest.raises(NotFound, match="prj_1"):
            project.answer_invitation(member_id, "accept")
    with pytest.raises(NotFound):
        project.answer_invitation("mbr_1", "accept", part="pilot_site")


def test_a_site_that_is_in_the_team_too_answers_for_each_part() -> None:
    """What it says now is about what it is asked now."""
    project = asked(SITE, "mbr_1")
    project.answer_invitation(SITE, "accept", part="pilot_site")
    assert states(project)[SITE] == "invited"
    project.answer_invitation(SITE, "decline", "Piloter suffit.")
    project.answer_invitation(SITE, "decline", "Piloter suffit.")
    assert (states(project)[SITE], states(project, "pilot_site")[SITE]) == ("declined", "accepted")
    assert SITE in project.named


def test_a_part_that_was_taken_before_members_were_asked_is_accepted() -> None:
    """A document from before invitations: its site and team see the project."""
    saved = samples.project_at("staffed").model_dump()
    del saved["parts"], saved["named"]
    project = Project.model_validate(saved)
    assert project.named == ["mbr_1", "mbr_2", SITE]
    assert {invitation.state for invitation in project.invitations} == {"accepted"}
    (taken,) = {invitation.at for invitation in project.invitations if invitation.part == "team"}
    assert taken == next(entry.at for entry in project.history if entry.stage == "staffed")
    before = project.model_dump()
    project.answer_invitation("mbr_1", "accept")
    assert project.model_dump() == before


def test_a_member_is_shown_what_its_part_needs_and_no_more() -> None:
    """Problem, treatment, conditions and results; no advice, checks, history or refusals."""
    project = asked()
    project.answer_invitation("mbr_2", "decline", "Secret médical.")
    project.note_result(
        samples.succeeded("full", "job_full").model_copy(update={"warning": "Noms."})
    )
    fields = ParticipantView.shown_to(project, "mbr_1", ("answer",)).model_dump()
    hidden = {"guidance", "checks", "accesses", "history", "trials", "waits_for", "version"}
    assert hidden <= set(ProjectView.model_fields) - set(fields)
    treatment = samples.treatment().model_dump()
    assert (fields["problem"], fields["treatment"]) == (project.problem, treatment)
    assert [result["warning"] for result in fields["results"]] == ["Noms."]
    assert fields["invitation"]["state"] == "invited"
    assert {invitation["member_id"] for invitation in fields["invitations"]} == {"mbr_1", SITE}
    assert "Secret" not in str(fields)


def test_who_does_not_answer_is_reminded_once_and_then_asked_no_longer() -> None:
    """It sees the project no more, and its answer comes too late."""
    project = asked("mbr_1")
    week, fortnight = now() + timedelta(days=7, hours=1), now() + timedelta(days=14, hours=1)
    project.follow_up(now())
    assert topics(project) == []
    project.follow_up(week)
    project.follow_up(week)
    assert topics(project) == ["invitation_reminded"]
    project.follow_up(fortnight)
    assert topics(project) == ["invitation_reminded", "invitation_expired"]
    assert (states(project), project.named, project.is_asking) == (
        {"mbr_1": "expired"},
        [SITE],
        False,
    )
    with pytest.raises(WrongStage, match="délai"):
        project.answer_invitation("mbr_1", "accept")
    project.form_team(("mbr_1",), REVIEWER)
    assert states(project) == {"mbr_1": "invited"}


def test_next_one_is_asked_in_place_of_who_declines_or_is_silent() -> None:
    """In the order that the lab gave, once each, and nobody who left; then the lab is asked."""
    project = samples.project_at("trialled")
    then = ("mbr_b", "mbr_gone", SITE, "mbr_c")
    project.choose_pilot_site(SITE, REVIEWER, then)
    project.answer_invitation(SITE, "decline", "Travaux.")
    assert project.named == ["mbr_b"]
    assert project.history[-1].why == "Site pilote sollicité à la place de mbr_site : mbr_b."
    project.follow_up(now() + timedelta(days=15), lambda member_id: member_id == "mbr_gone")
    assert project.named == ["mbr_c"]
    project.answer_invitation("mbr_c", "decline", "Non plus.")
    assert (project.named, project.stage, project.is_asking) == ([], "trialled", False)


def test_one_of_a_team_is_replaced_in_its_place() -> None:
    """The others keep their part; with the one who replaces it the team is complete."""
    project = samples.project_at("piloted")
    project.form_team(("mbr_1", "mbr_2"), REVIEWER, ("mbr_3",))
    project.answer_invitation("mbr_2", "accept")
    project.answer_invitation("mbr_1", "decline", "Non.")
    project.answer_invitation("mbr_3", "accept")
    assert (project.stage, project.team) == ("staffed", ("mbr_3", "mbr_2"))
    assert project.recorded()[-1] == events.ProjectStaffed(**WHO, team=("mbr_3", "mbr_2"))


def test_what_is_over_is_not_followed_up() -> None:
    """Neither an invitation from before there were deadlines, nor one of a project that ended."""
    project = asked("mbr_1")
    old = project.parts.all[-1].model_copy(update={"remind_at": NEVER, "ends_at": NEVER})
    project.parts = project.parts.model_copy(update={"all": (old,)})
    project.follow_up(now() + timedelta(days=900))
    assert topics(project) == []
    ended = asked("mbr_1")
    ended.withdraw("Fini.", HOLDER)
    ended = samples.saved(ended)
    ended.follow_up(now() + timedelta(days=15))
    assert (topics(ended), ended.is_asking) == ([], False)
