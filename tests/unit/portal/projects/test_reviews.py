"""What a reviewer may decide is offered as intake says it."""

from typing import Any

from services.portal.pages.projects import reviews
from tests.unit.portal.drafts.test_dossier import REVIEW, SEEN
from tests.unit.portal.pages import html_of, page_of

PROJECT: dict[str, Any] = {**SEEN, "id": "prj_1", "stage": "advised", "version": 7}
SECURE, REJECT = 'value="secure"', 'value="reject"'


def answers(**review: Any) -> dict[str, Any]:
    """What the services say of a project that waits for a review."""
    told = {**REVIEW, "needed": 2, **review}
    return {"/projects/prj_1": PROJECT, "/projects/prj_1/review": told, "/treatments/preview": {}}


def test_who_agreed_is_not_asked_again() -> None:
    """Intake would refuse it; to turn the project down stays possible."""
    agreed, new = (
        html_of(reviews.show, answers(has_agreed=one), "reviewer", project_id="prj_1")
        for one in (True, False)
    )
    assert [SECURE in agreed, REJECT in agreed] == [False, True]
    assert [SECURE in new, REJECT in new] == [True, True]


def test_list_says_what_one_agreed_to() -> None:
    """So that nobody opens a project again to find that it waits for another reviewer."""
    about = {"title": "Bancs", "submitted_at": "2026-11-20T09:30:00Z", "holder_due": ""}
    listed = [{**about, "id": "prj_1", "holder_id": "asso", "has_agreed": True}]
    text = page_of(reviews.page, {"/projects": {"items": listed}}, "operator")
    assert "vous y êtes favorable, un autre relecteur décide" in text
