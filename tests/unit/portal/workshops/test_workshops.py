"""What the staff does with a workshop on its page."""

import re
from typing import Any

from services.portal.app import templates_of
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
    "may": ["cancel", "change", "take_out"],
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


def test_stranger_s_registration_has_a_page_that_can_be_loaded_again() -> None:
    """The form leads to it: nothing is sent a second time, and the link stays in sight."""
    fields = {"state": "taken", "text": "reg_1.s e", "link": "", "by_staff": False}
    answers = {f"{PATH}/registrations": fields}
    sent = {"name": "Zoé", "mail": "zoe@ville.example"}
    there = led_to(workshops.register, answers, form=sent, workshop_id="wsh_1")
    assert there == "/ateliers/inscription?code=reg_1.s%20e"
    page = templates_of().get_template("workshops/registration.html")
    visit = {"csrf": "", "menu": (), "settings": {"reached_at": "https://lab.example"}}
    html = page.render(seat={**fields, "workshop": WORKSHOP}, visit=visit, code="reg_1.s e")
    assert 'value="https://lab.example/ateliers/inscription?code=reg_1.s%20e"' in html


def test_workshop_without_a_seat_says_so() -> None:
    """To whoever reads it, also where there is no list to wait on."""
    full = {**WORKSHOP, "is_full": True, "is_open": False, "seating": None}
    text = page_of(workshops.show, {PATH: full}, "holder", workshop_id="wsh_1")
    assert "Places 9, toutes prises" in text
    assert "il n'y a plus de place, même en attente" in text
    free = page_of(workshops.show, {PATH: {**full, "is_full": False}}, workshop_id="wsh_1")
    assert "toutes prises" not in free


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
