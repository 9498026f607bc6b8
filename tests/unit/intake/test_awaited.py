"""Who has to act on a project is kept with it, by whom lists are asked."""

import pytest

from services.intake.model import REVIEWERS, STAFF, Act
from shared.auth import Caller
from shared.stages import Stage
from tests.unit.intake import samples

REVIEWER = Caller(samples.REVIEWER, frozenset({"reviewer"}))


@pytest.mark.parametrize(
    ("stage", "awaited", "act"),
    [
        ("submitted", [], ""),
        ("advised", [REVIEWERS], "review"),
        ("secured", [], ""),
        ("trialled", [STAFF], "staff"),
        ("piloted", [STAFF], "staff"),
        ("staffed", [], ""),
        ("delivered", [], ""),
        ("rejected", [], ""),
    ],
)
def test_staff_acts_on_what_waits_for_it(stage: Stage, awaited: list[str], act: Act) -> None:
    """As its stage says, and on no project of its own."""
    project = samples.project_at(stage)
    assert (project.awaited, project.act_of(REVIEWER)) == (awaited, act)
    assert project.act_of(Caller(samples.HOLDER, frozenset({"holder", "reviewer"}))) == ""
    assert project.act_of(Caller("mbr_other", frozenset({"holder"}))) == ""


def test_holder_acts_before_anybody_reviews() -> None:
    """On a project without a treatment."""
    project = samples.project(treatment=None)
    assert project.awaited == [samples.HOLDER]
    assert project.act_of(Caller(samples.HOLDER, frozenset({"holder"}))) == "holder"
    assert project.act_of(REVIEWER) == ""


def test_who_is_asked_for_a_part_acts_until_it_answers() -> None:
    """It takes part from then on, and sees the project among its own."""
    project = samples.project_at("trialled")
    project.choose_pilot_site(samples.SITE, samples.REVIEWER)
    site = Caller(samples.SITE, frozenset({"owner"}))
    assert (project.awaited, project.act_of(site), project.act_of(REVIEWER)) == (
        [samples.SITE],
        "part",
        "",
    )
    project.answer_invitation(samples.SITE, "accept")
    assert (project.awaited, project.act_of(site)) == ([STAFF], "")
    assert project.participants == sorted([samples.HOLDER, samples.SITE])


def test_reviewer_who_agreed_waits_for_another() -> None:
    """Of a project that two have to agree with."""
    project = samples.project_at("advised")
    samples.review(project, "secure", needed=2)
    second = Caller("mbr_second", frozenset({"reviewer"}))
    assert (project.act_of(REVIEWER), project.act_of(second)) == ("", "review")
