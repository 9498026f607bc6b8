"""A holder asks for a larger quota on its project's page, and the staff decides."""

from typing import Any

from services.portal.lab import Json, Refused
from services.portal.pages.projects import projects, quotas, reviews
from tests.unit.portal.pages import html_of, led_to, page_of, plain
from tests.unit.portal.test_names import PROJECT

AT = "2026-11-20T09:30:00Z"
REQUEST = {"seconds": 7200, "reason": "Tout le département.", "asked_at": AT}
DECISION = {"decision": "refuse", "seconds": 3600, "reason": "Essayez moins.", "decided_at": AT}
SPACE: dict[str, Any] = {
    "state": "open",
    "quota_seconds": 3600,
    "used_seconds": 3540.4,
    "remaining_seconds": 59.6,
    "quota_request": None,
    "quota_decision": None,
}
CASE: dict[str, Any] = {
    **SPACE,
    "project_id": "prj_1",
    "version": 4,
    "title": "Bancs",
    "holder_id": "mbr_h",
    "quota_request": REQUEST,
}
NONE: dict[str, Any] = {"items": [], "next": None}
ASK, DECIDE = 'action="/projets/prj_1/quota"', 'href="/revue/prj_1/quota"'
MEMBERS = {"/members/mbr_h": {"name": "Ville de Caen", "is_erased": False}}
CASES = {"/quota-requests/prj_1": CASE, **MEMBERS}


def project_page(*roles: str, holder: str = "ville", **changed: Any) -> str:
    """The page of a project whose workspace is this."""
    answers = {
        "/projects/prj_1": {**PROJECT, "holder_id": holder},
        "/workspaces/prj_1": {**SPACE, **changed},
    }
    return html_of(projects.show, answers, *roles, project_id="prj_1")


def test_holder_reads_what_is_used_and_asks_for_more() -> None:
    """One request at a time, of a project that computes; its staff is led to the decision."""
    html = project_page("holder")
    assert "Utilisé : 59 min sur 1 h ; il reste 1 min." in plain(html)
    assert (ASK in html, DECIDE in html) == (True, False)
    asked = project_page("holder", quota_request=REQUEST)
    assert "Quota demandé le 20/11/2026 : 2 h. Tout le département." in plain(asked)
    closed = project_page("holder", state="closed")
    assert [ASK in page for page in (asked, closed)] == [False, False]
    by_staff = project_page("operator", holder="other")
    assert (ASK in by_staff, DECIDE in by_staff) == (False, True)
    assert DECIDE not in project_page("operator")


def test_holder_reads_what_was_decided_and_why() -> None:
    """On the page of its project."""
    text = plain(project_page("holder", quota_decision=DECISION))
    assert "Demande de quota refusée le 20/11/2026 : Essayez moins." in text
    granted = {**DECISION, "decision": "grant", "seconds": 5400}
    text = plain(project_page("holder", quota_decision=granted))
    assert "Quota fixé à 1 h 30 min le 20/11/2026" in text


def test_request_is_sent_in_seconds_and_a_refusal_told_on_the_page() -> None:
    """The form asks in minutes."""
    path, form = "/workspaces/prj_1/quota-request", {"minutes": "90", "reason": "Plus."}
    sent = dict[str, Json]()
    answers: dict[str, Any] = {"/projects/prj_1": PROJECT, path: SPACE}
    of_project = {"form": form, "project_id": "prj_1"}
    there = led_to(projects.ask_quota, answers, "holder", sent=sent, **of_project)
    assert (there, sent[path]) == ("/projets/prj_1", {"seconds": 5400, "reason": "Plus."})
    answers[path] = Refused(409, "une demande de quota attend déjà la décision du Datalab")
    assert "attend déjà" in html_of(projects.ask_quota, answers, "holder", **of_project)


def test_staff_lists_requests_and_decides_as_it_read() -> None:
    """What was asked stands in the form; the version of the page is sent."""
    answers = {"/projects": NONE, "/quota-requests": {"items": [CASE]}, "/release-requests": NONE}
    assert "Bancs : 2 h au lieu de 1 h" in page_of(reviews.page, answers, "operator")
    html = html_of(quotas.show, CASES, "operator", project_id="prj_1")
    assert 'value="120"' in html
    assert "Porteur : Ville de Caen" in plain(html)
    form = {"minutes": "100", "reason": "Assez.", "version": "4", "decision": "grant"}
    path, sent = "/workspaces/prj_1/quota-decision", dict[str, Json]()
    of_case: dict[str, Any] = {"form": form, "project_id": "prj_1", "sent": sent}
    assert led_to(quotas.decide, {**CASES, path: CASE}, "operator", **of_case) == "/revue"
    body = {"decision": "grant", "seconds": 6000, "reason": "Assez.", "version": 4}
    assert sent[path] == body


def test_nothing_is_refused_that_nobody_asked_nor_decided_of_what_is_closed() -> None:
    """The quota may be set all the same while the project computes."""
    unasked = {**CASE, "quota_request": None, "quota_decision": DECISION}
    pages = [
        html_of(
            quotas.show, {**CASES, "/quota-requests/prj_1": case}, "operator", project_id="prj_1"
        )
        for case in (unasked, {**unasked, "state": "closed"})
    ]
    buttons = ('value="grant"', 'value="refuse"')
    assert [[button in page for button in buttons] for page in pages] == [
        [True, False],
        [False, False],
    ]
