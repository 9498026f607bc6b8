"""Who has to act on a project is kept with it, by whom lists are asked."""

import pytest

from services.intake.model import REVIEWERS, STAFF, Act
from shared.auth import Caller
from shared.stages import Stage
from tests.unit.intake import made

REVIEWER = Caller(made.REVIEWER, frozenset({"reviewer"}))


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
    it = made.project_at(stage)
    assert (it.awaited, it.act_of(REVIEWER)) == (awaited, act)
    assert it.act_of(Caller(made.HOLDER, frozenset({"holder", "reviewer"}))) == ""
    assert it.act_of(Caller("mbr_other", frozenset({"holder"}))) == ""


def test_holder_acts_before_anybody_reviews() -> None:
    """On a project without a treatment."""
    it = made.project(treatment=None)
    assert it.awaited == [made.HOLDER]
    assert it.act_of(Caller(made.HOLDER, frozenset({"holder"}))) == "holder"
    assert it.act_of(REVIEWER) == ""


def test_who_is_asked_for_a_part_acts_until_it_answers() -> None:
    """It takes part from then on, and sees the project among its own."""
    it = made.project_at("trialled")
    it.choose_pilot_site(made.SITE, made.REVIEWER)
    site = Caller(made.SITE, frozenset({"owner"}))
    assert (it.awaited, it.act_of(site), it.act_of(REVIEWER)) == ([made.SITE], "part", "")
    it.answer_invitation(made.SITE, "accept")
    assert (it.awaited, it.act_of(site)) == ([STAFF], "")
    assert it.participants == sorted([made.HOLDER, made.SITE])


def test_reviewer_who_agreed_waits_for_another() -> None:
    """Of a project that two have to agree with."""
    it = made.project_at("advised")
    made.review(it, "secure", needed=2)
    second = Caller("mbr_second", frozenset({"reviewer"}))
    assert (it.act_of(REVIEWER), it.act_of(second)) == ("", "review")
