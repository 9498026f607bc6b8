"""What a reviewer may decide is offered as intake says it."""

from typing import Any

from services.portal.pages.projects import reviews
from tests.unit.portal.drafts.test_dossier import REVIEW, SEEN
from tests.unit.portal.pages import html_of, page_of

PROJECT: dict[str, Any] = {
    **SEEN,
    "id": "prj_1",
    "stage": "advised",
    "version": 7,
    "may": ["ask", "reject", "secure"],
}
NONE: dict[str, Any] = {"items": [], "next": None}
UNASKED = {"/quota-requests": NONE}
SECURE, REJECT = 'value="secure"', 'value="reject"'


def answers(**review: Any) -> dict[str, Any]:
    """What the services say of a project that waits for a review."""
    fields = {**REVIEW, "needed": 2, **review}
    return {"/projects/prj_1": PROJECT, "/projects/prj_1/review": fields, "/treatments/preview": {}}


def test_treatment_that_cannot_be_secured_says_why() -> None:
    """In place of a button that would be refused; to turn the project down stays possible."""
    reason = "le traitement ne peut pas aboutir"
    project = {**PROJECT, "may": ["ask", "reject"], "treatment": {"inputs": {}, "steps": []}}
    fields = {**answers(obstacle=reason), "/projects/prj_1": project}
    html = html_of(reviews.show, fields, "reviewer", project_id="prj_1")
    assert [SECURE in html, REJECT in html, reason[1:] in html] == [False, True, True]


def test_list_says_what_one_agreed_to() -> None:
    """So that nobody opens a project again to find that it waits for another reviewer."""
    about = {"title": "Bancs", "submitted_at": "2026-11-20T09:30:00Z", "holder_due": ""}
    listed = [{**about, "id": "prj_1", "holder_id": "asso", "has_agreed": True}]
    answers = {"/projects": {"items": listed}, "/projects?for_staff=True": NONE, **UNASKED}
    text = page_of(reviews.page, answers, "operator")
    assert "vous y êtes favorable, un autre relecteur décide" in text


def test_list_has_what_waits_for_the_staff_after_a_review() -> None:
    """With what there is to do, and where one does it."""
    project = {"id": "prj_1", "holder_id": "asso", "title": "Bancs", "stage": "equipped"}
    due = {**project, "staff_due": "changer le traitement : l'essai n'a pas abouti"}
    waiting = {"items": [due], "next": None}
    answers = {"/projects": NONE, "/projects?for_staff=True": waiting, **UNASKED}
    assert 'href="/projets/prj_1"' in html_of(reviews.page, answers, "operator")
    expected_text = "Bancs : changer le traitement : l'essai n'a pas abouti"
    assert expected_text in page_of(reviews.page, answers, "operator")


def test_changed_treatment_is_decided_on_at_whatever_stage() -> None:
    """Where the project itself may be turned down no more, the treatment is not agreed to."""
    check: dict[str, Any] = {"faults": [], "waits": [], "persons": [], "changes": []}
    may = ["ask", "secure"]
    project = {**PROJECT, "stage": "piloted", "needs_review": True, "checks": [check], "may": may}
    fields = {**answers(), "/projects/prj_1": {**project, "treatment": {"inputs": {}, "steps": []}}}
    html = html_of(reviews.show, fields, "reviewer", project_id="prj_1")
    assert (SECURE in html, REJECT in html, 'value="complete"' in html) == (True, False, True)
    assert "Accepter le nouveau traitement" in html
