"""The first page has what waits for who signed in, and nothing that does not."""

from typing import Any

from services.portal.pages import home
from tests.unit.portal.pages import html_of, page_of

NOTHING: dict[str, Any] = {"items": [], "next": None}
PARTS = dict.fromkeys(("/projects", "/access-requests", "/openings", "/news", "/datasets"), NOTHING)
TAKEN = {"items": [{"id": "prj_1", "title": "Froid", "stage": "delivered"}]}


def test_invitation_that_waits_for_an_answer_is_to_do() -> None:
    """It leads to the project, where one answers."""
    text = page_of(
        home.show,
        {**PARTS, "/projects?invited=True": TAKEN, "/projects?named=True": TAKEN},
        "holder",
    )
    assert "vous y participez" not in text
    assert "Voir le projet « Froid », où votre participation est demandée" in text


def test_part_that_was_taken_is_not_to_do() -> None:
    """The project stands among one's own then, also once it is delivered."""
    text = page_of(home.show, {**PARTS, "/projects?named=True": TAKEN}, "holder")
    assert "Rien ne vous attend." in text
    assert "livré, vous y participez" in text


def test_project_that_one_agreed_to_is_another_reviewer_s() -> None:
    """Where two have to agree; whether one did, intake says."""
    asked = {
        "title": "Froid",
        "holder_id": "mbr_h",
        "holder_due": "",
        "submitted_at": "2026-11-01T10:00:00Z",
    }

    def shown(*, has_agreed: bool) -> bool:
        waiting = {"items": [{**asked, "id": "prj_1", "has_agreed": has_agreed}]}
        answers = {**PARTS, "/projects?stage=advised": waiting, "/release-requests": NOTHING}
        return "Relire le projet" in page_of(home.show, answers, "reviewer")

    assert [shown(has_agreed=True), shown(has_agreed=False)] == [False, True]


def test_project_that_waits_for_the_staff_is_to_do() -> None:
    """It leads to where one invites; one's own is somebody else's to go on with."""
    project = {"title": "Froid", "stage": "trialled", "staff_due": "inviter un site pilote"}
    waiting = [{**project, "id": f"prj_{it}", "holder_id": it} for it in ("mairie", "ville")]
    answers = {
        **PARTS,
        "/projects?for_staff=True": {"items": waiting, "next": None},
        "/release-requests": NOTHING,
    }
    html = html_of(home.show, answers, "reviewer")
    assert '<a href="/projets/prj_mairie#inviter">Inviter un site pilote' in html
    assert "prj_ville" not in html
    assert "prj_mairie" not in html_of(home.show, answers, "holder")
