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
from tests.unit.intake import made
from tests.unit.intake.made import HOLDER, REVIEWER, SITE

WHO = {"project_id": "prj_1", "holder_id": HOLDER}


def asked(*team: str) -> Project:
    """A piloted project whose team was asked, with nothing left to publish."""
    it = made.project_at("piloted")
    it.form_team(team or ("mbr_1", "mbr_2"), REVIEWER)
    return made.saved(it)


def states(it: Project, part: Literal["pilot_site", "team"] = "team") -> dict[str, str]:
    """What became of the invitations to a part."""
    return {one.member_id: one.state for one in it.invitations if one.part == part}


def test_a_project_is_piloted_once_the_site_that_was_asked_accepts() -> None:
    """Asking alone settles nothing; the site is told what it is asked for."""
    it = made.project_at("trialled")
    it.choose_pilot_site(SITE, REVIEWER)
    [invited] = it.recorded()
    assert isinstance(invited, events.MemberInvited)
    assert (invited.member_id, invited.part, invited.title) == (
        SITE,
        "pilot_site",
        "Logements vacants",
    )
    assert invited.answer_by
    assert (it.stage, it.site_id, it.named) == ("trialled", None, [SITE])
    assert it.history[-1].why == "Site pilote sollicité : mbr_site."
    it = made.saved(it)
    it.answer_invitation(SITE, "accept")
    assert it.recorded() == [
        events.InvitationAccepted(**WHO, member_id=SITE, part="pilot_site"),
        events.ProjectPiloted(**WHO, site_id=SITE),
    ]
    assert (it.stage, it.site_id) == ("piloted", SITE)
    told = [(entry.by, entry.why) for entry in it.history[-2:]]
    assert told == [(SITE, "Site pilote : mbr_site accepte."), (SITE, "Site pilote trouvé.")]


def test_a_project_is_staffed_once_all_of_its_team_accepted() -> None:
    """In the order in which the lab named them, not that of their answers."""
    it = asked()
    it.answer_invitation("mbr_2", "accept")
    assert (it.stage, it.team) == ("piloted", ())
    it.answer_invitation("mbr_1", "accept")
    assert (it.stage, it.team) == ("staffed", ("mbr_1", "mbr_2"))
    assert it.recorded()[-1] == events.ProjectStaffed(**WHO, team=("mbr_1", "mbr_2"))


def test_who_declines_says_why_and_holds_the_project_until_others_are_named() -> None:
    """The reason is kept; those who accepted and are named again are not asked again."""
    it = asked()
    it.answer_invitation("mbr_1", "accept")
    it.answer_invitation("mbr_2", "decline", "Plus de temps.")
    assert it.recorded()[-1] == events.InvitationDeclined(
        **WHO, member_id="mbr_2", part="team", reason="Plus de temps."
    )
    assert it.history[-1].why == "Équipe projet : mbr_2 décline : Plus de temps."
    assert (it.stage, it.named) == ("piloted", ["mbr_1", SITE])
    it = made.saved(it)
    it.form_team(("mbr_1", "mbr_3"), REVIEWER)
    assert topics(it) == ["member_invited"]
    assert states(it) == {"mbr_1": "accepted", "mbr_2": "declined", "mbr_3": "invited"}
    it.answer_invitation("mbr_3", "accept")
    assert (it.stage, it.team) == ("staffed", ("mbr_1", "mbr_3"))


def test_naming_only_those_who_accepted_staffs_the_project_at_once() -> None:
    """Whoever never answered is not waited for any longer, and sees the project no more."""
    it = asked()
    it.answer_invitation("mbr_1", "accept")
    it.form_team(("mbr_1",), REVIEWER)
    assert (it.stage, it.team) == ("staffed", ("mbr_1",))
    assert states(it)["mbr_2"] == "withdrawn"
    told = [entry.why for entry in it.history]
    assert "Équipe projet sollicitée : mbr_1. Invitation retirée : mbr_2." in told
    assert "mbr_2" not in it.named
    with pytest.raises(NotFound):
        it.answer_invitation("mbr_2", "accept")


def test_another_site_may_be_named_as_long_as_none_accepted() -> None:
    """Also one that had declined before; the same again asks nobody."""
    it = made.project_at("trialled")
    it.choose_pilot_site(SITE, REVIEWER)
    it.answer_invitation(SITE, "decline", "Travaux.")
    it.choose_pilot_site("mbr_other", REVIEWER)
    assert it.named == ["mbr_other"]
    it.choose_pilot_site(SITE, REVIEWER)
    it = made.saved(it)
    it.choose_pilot_site(SITE, REVIEWER)
    assert (it.recorded(), it.named) == ([], [SITE])
    it.answer_invitation(SITE, "accept")
    assert it.stage == "piloted"
    with pytest.raises(WrongStage, match="site pilote trouvé"):
        it.choose_pilot_site("mbr_other", REVIEWER)


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_the_same_answer_again_changes_nothing(answer: Answer) -> None:
    """A call that is made again finds what it did; another reason is none."""
    it = asked()
    it.answer_invitation("mbr_1", answer, "Non.")
    it = made.saved(it)
    before = it.model_dump()
    it.answer_invitation("mbr_1", answer, "Toujours non.")
    assert (it.model_dump(), it.recorded()) == (before, [])


def test_an_answer_may_be_taken_back_until_the_stage_is_reached() -> None:
    """Whoever declined is asked again by the lab alone."""
    it = asked()
    it.answer_invitation("mbr_1", "accept")
    it.answer_invitation("mbr_1", "decline", "Finalement non.")
    with pytest.raises(WrongStage, match="de nouveau"):
        it.answer_invitation("mbr_1", "accept")
    it = made.project_at("staffed")
    with pytest.raises(WrongStage, match="équipe formée"):
        it.answer_invitation("mbr_1", "decline", "Trop tard.")


def test_nobody_answers_for_another_or_for_a_part_it_is_not_asked_for() -> None:
    """Answered as a project that does not exist."""
    it = asked()
    for member_id in (HOLDER, REVIEWER, "mbr_stranger"):
        with pytest.raises(NotFound, match="prj_1"):
            it.answer_invitation(member_id, "accept")
    with pytest.raises(NotFound):
        it.answer_invitation("mbr_1", "accept", part="pilot_site")


def test_a_site_that_is_in_the_team_too_answers_for_each_part() -> None:
    """What it says now is about what it is asked now."""
    it = asked(SITE, "mbr_1")
    it.answer_invitation(SITE, "accept", part="pilot_site")
    assert states(it)[SITE] == "invited"
    it.answer_invitation(SITE, "decline", "Piloter suffit.")
    it.answer_invitation(SITE, "decline", "Piloter suffit.")
    assert (states(it)[SITE], states(it, "pilot_site")[SITE]) == ("declined", "accepted")
    assert SITE in it.named


def test_a_part_that_was_taken_before_members_were_asked_is_accepted() -> None:
    """A document from before invitations: its site and team see the project."""
    saved = made.project_at("staffed").model_dump()
    del saved["parts"], saved["named"]
    it = Project.model_validate(saved)
    assert it.named == ["mbr_1", "mbr_2", SITE]
    assert {one.state for one in it.invitations} == {"accepted"}
    (taken,) = {one.at for one in it.invitations if one.part == "team"}
    assert taken == next(entry.at for entry in it.history if entry.stage == "staffed")
    before = it.model_dump()
    it.answer_invitation("mbr_1", "accept")
    assert it.model_dump() == before


def test_a_member_is_shown_what_its_part_needs_and_no_more() -> None:
    """Problem, treatment, conditions and results; no advice, checks, history or refusals."""
    it = asked()
    it.answer_invitation("mbr_2", "decline", "Secret médical.")
    it.note_result(made.succeeded("full", "job_full").model_copy(update={"warning": "Noms."}))
    shown = ParticipantView.shown_to(it, "mbr_1", ("answer",)).model_dump()
    hidden = {"guidance", "checks", "accesses", "history", "trials", "waits_for", "version"}
    assert hidden <= set(ProjectView.model_fields) - set(shown)
    treatment = made.treatment().model_dump()
    assert (shown["problem"], shown["treatment"]) == (it.problem, treatment)
    assert [result["warning"] for result in shown["results"]] == ["Noms."]
    assert shown["invitation"]["state"] == "invited"
    assert {one["member_id"] for one in shown["invitations"]} == {"mbr_1", SITE}
    assert "Secret" not in str(shown)


def test_who_does_not_answer_is_reminded_once_and_then_asked_no_longer() -> None:
    """It sees the project no more, and its answer comes too late."""
    it = asked("mbr_1")
    week, fortnight = now() + timedelta(days=7, hours=1), now() + timedelta(days=14, hours=1)
    it.follow_up(now())
    assert topics(it) == []
    it.follow_up(week)
    it.follow_up(week)
    assert topics(it) == ["invitation_reminded"]
    it.follow_up(fortnight)
    assert topics(it) == ["invitation_reminded", "invitation_expired"]
    assert (states(it), it.named, it.is_asking) == ({"mbr_1": "expired"}, [SITE], False)
    with pytest.raises(WrongStage, match="délai"):
        it.answer_invitation("mbr_1", "accept")
    it.form_team(("mbr_1",), REVIEWER)
    assert states(it) == {"mbr_1": "invited"}


def test_next_one_is_asked_in_place_of_who_declines_or_is_silent() -> None:
    """In the order that the lab gave, once each, and nobody who left; then the lab is asked."""
    it = made.project_at("trialled")
    then = ("mbr_b", "mbr_gone", SITE, "mbr_c")
    it.choose_pilot_site(SITE, REVIEWER, then)
    it.answer_invitation(SITE, "decline", "Travaux.")
    assert it.named == ["mbr_b"]
    assert it.history[-1].why == "Site pilote sollicité à la place de mbr_site : mbr_b."
    it.follow_up(now() + timedelta(days=15), lambda one: one == "mbr_gone")
    assert it.named == ["mbr_c"]
    it.answer_invitation("mbr_c", "decline", "Non plus.")
    assert (it.named, it.stage, it.is_asking) == ([], "trialled", False)


def test_one_of_a_team_is_replaced_in_its_place() -> None:
    """The others keep their part; with the one who replaces it the team is complete."""
    it = made.project_at("piloted")
    it.form_team(("mbr_1", "mbr_2"), REVIEWER, ("mbr_3",))
    it.answer_invitation("mbr_2", "accept")
    it.answer_invitation("mbr_1", "decline", "Non.")
    it.answer_invitation("mbr_3", "accept")
    assert (it.stage, it.team) == ("staffed", ("mbr_3", "mbr_2"))


def test_what_is_over_is_not_followed_up() -> None:
    """Neither an invitation from before there were deadlines, nor one of a project that ended."""
    it = asked("mbr_1")
    old = it.parts.all[-1].model_copy(update={"remind_at": NEVER, "ends_at": NEVER})
    it.parts = it.parts.model_copy(update={"all": (old,)})
    it.follow_up(now() + timedelta(days=900))
    assert topics(it) == []
    ended = asked("mbr_1")
    ended.withdraw("Fini.", HOLDER)
    ended = made.saved(ended)
    ended.follow_up(now() + timedelta(days=15))
    assert (topics(ended), ended.is_asking) == ([], False)
