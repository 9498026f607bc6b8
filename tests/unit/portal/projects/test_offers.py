"""A project's page offers what intake says that its reader may do, and nothing else."""

from typing import Any, get_args

import pytest

from services.intake.permissions import Action
from services.intake.views import ProjectView
from services.portal.pages.projects import projects, reviews
from tests.unit.intake import samples
from tests.unit.portal.drafts.test_dossier import REVIEW, SEEN
from tests.unit.portal.pages import html_of

OFFERS: dict[str, str] = {
    "answer": 'action="/projets/prj_1/reponse"',
    "choose_site": 'action="/projets/prj_1/site-pilote"',
    "complete": 'action="/projets/prj_1/complement"',
    "deliver": 'action="/projets/prj_1/livraison"',
    "form_team": 'action="/projets/prj_1/equipe"',
    "narrow": 'action="/projets/prj_1/sans-colonnes"',
    "treat": 'href="/projets/prj_1/traitement"',
    "withdraw": 'action="/projets/prj_1/retrait"',
}
DECISIONS = {"ask": "complete", "reject": "reject", "secure": "secure"}


def shown(**about: Any) -> str:
    """The page of a project of which everything is asked at once, for a reviewer."""
    it = samples.project_at("advised")
    samples.review(it, "complete")
    access = {"dataset_id": "dts_a", "title": "A", "state": "refused", "reason": ""}
    invitation = {"part": "team", "member_id": "ville", "state": "invited", "reason": ""}
    more = {"purpose": "", "until": None, "conditions": [], "refused_columns": ["nom"]}
    project = {
        **ProjectView.of(it).model_dump(mode="json"),
        "accesses": [access | more],
        "invitations": [invitation | {"at": "2026-11-20T09:30:00Z", "answer_by": None}],
        **about,
    }
    answers = {"/projects/prj_1": project, "/members": {"items": [], "next": None}}
    return html_of(projects.show, answers, "reviewer", project_id="prj_1")


def test_each_action_is_offered_somewhere() -> None:
    """A new one has a place on a page."""
    assert {*OFFERS, *DECISIONS} == set(get_args(Action))


@pytest.mark.parametrize("action", OFFERS)
def test_page_offers_what_intake_says_and_nothing_else(action: str) -> None:
    """To whom and when is intake's to know."""
    html = shown(may=[action])
    assert [name for name, mark in OFFERS.items() if mark in html] == [action]


def test_page_leads_to_a_review_that_one_may_do() -> None:
    """Not where the project may only be turned down."""
    link = 'href="/revue/prj_1"'
    assert [link in shown(may=[action]) for action in DECISIONS] == [True, False, True]


def test_answer_that_was_given_is_not_asked_for_again() -> None:
    """Though one may still change one's mind."""
    assert OFFERS["answer"] not in shown(may=["answer"], invitations=[])


@pytest.mark.parametrize("action", DECISIONS)
def test_review_has_the_decisions_that_one_may_take(action: str) -> None:
    """Each by itself."""
    project = {**SEEN, "id": "prj_1", "stage": "advised", "version": 7, "may": [action]}
    answers: dict[str, Any] = {
        "/projects/prj_1": project,
        "/projects/prj_1/review": {**REVIEW, "needed": 2},
        "/treatments/preview": {},
    }
    html = html_of(reviews.show, answers, "reviewer", project_id="prj_1")
    offered = [name for name, value in DECISIONS.items() if f'value="{value}"' in html]
    assert offered == [action]
