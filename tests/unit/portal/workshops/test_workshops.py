"""What the staff does with a workshop on its page."""

import re
from typing import Any

from services.portal.pages import workshops
from tests.unit.portal.pages import html_of, led_to, page_of

PATH = "/workshops/wsh_1"
WORKSHOP: dict[str, Any] = {
    "id": "wsh_1",
    "title": "Lire une carte",
    "description": "",
    "theme": "cartographie",
    "starts_at": "2027-01-12T13:00:00Z",
    "ends_at": "2027-01-12T15:00:00Z",
    "place": "Caen",
    "link": "",
    "host": "",
    "seats": 9,
    "state": "announced",
    "reason": "",
    "is_coming": True,
    "is_open": True,
    "is_full": False,
    "own": [],
    "seating": {"taken": 3, "waiting": 1, "waiting_seats": 4},
    "materials": [],
    "attendance": None,
    "project_ids": [],
}


def test_workshop_is_cancelled_by_who_says_that_it_is_meant() -> None:
    """Whoever registered is told at once, and nothing brings it back; the reason typed stays."""
    answers = {PATH: WORKSHOP, f"{PATH}/cancellation": {}}
    sent: dict[str, Any] = {}
    reason = {"reason": "Grève"}
    asked: dict[str, Any] = {"workshop_id": "wsh_1", "sent": sent}
    text = page_of(workshops.cancel, answers, "operator", form=reason, **asked)
    assert "Cochez la case" in text
    assert "on ne revient pas en arrière" in text
    assert sent == {}
    meant = {**reason, "sure": "1"}
    assert led_to(workshops.cancel, answers, "operator", form=meant, **asked) == "/ateliers/wsh_1"
    assert sent == {f"{PATH}/cancellation": reason}


def test_fewer_seats_than_are_taken_throw_nobody_out_and_that_is_said() -> None:
    """The staff reads it where it changed them."""
    for seats, is_said in ((2, True), (3, False)):
        session: dict[str, Any] = {}
        answers = {PATH: {**WORKSHOP, "seats": seats}}
        asked: dict[str, Any] = {"workshop_id": "wsh_1", "session": session}
        led_to(workshops.change, answers, "operator", form={"seats": "2"}, **asked)
        assert ("personne n'est retiré" in session["said"]) == is_said


def test_projects_are_offered_by_title_and_those_that_are_tied_stay() -> None:
    """Not those that were given up, unless they are tied; one that is not told keeps its id."""
    about = {"submitted_at": "2026-11-20T09:30:00Z"}
    projects = [
        {**about, "id": f"prj_{stage}", "title": f"Froid {stage}", "stage": stage}
        for stage in ("staffed", "withdrawn", "rejected")
    ]
    tied = {**WORKSHOP, "project_ids": ["prj_rejected", "prj_gone"]}
    answers = {
        PATH: tied,
        "/members": {"items": [], "next": None},
        "/projects": {"items": projects, "next": None},
    }
    page = html_of(workshops.rewrite, answers, "operator", workshop_id="wsh_1")
    offered = re.findall(r'name="project_ids" value="(\w+)"( checked)?> ([\w ]+?) *[(<]', page)
    assert offered == [
        ("prj_rejected", " checked", "Froid rejected"),
        ("prj_staffed", "", "Froid staffed"),
        ("prj_gone", " checked", "prj_gone"),
    ]
