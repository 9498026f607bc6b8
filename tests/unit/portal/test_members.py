"""Members are searched, taken in and described; who may do that, intake says."""

from typing import Any

from services.portal.lab import Json, Refused
from services.portal.pages import members, persons
from tests.unit.portal.pages import html_of, led_to, page_of

CAEN: dict[str, Any] = {
    "id": "mbr_caen",
    "name": "Ville de Caen",
    "kind": "local_authority",
    "siren": "211401187",
    "skills": ["Cartographie"],
    "territory": ["14118"],
    "joined_at": "2026-11-01T10:00:00Z",
    "left_at": None,
    "is_erased": False,
}
NOTHING: dict[str, Any] = {"items": [], "next": None}
ACCOUNT = {
    "id": "acc_1",
    "member_id": "mbr_caen",
    "name": "Zoé",
    "mail": "zoe@caen.example",
    "roles": ["holder"],
    "signed_in_at": None,
}


def test_search_keeps_what_was_asked_and_goes_on() -> None:
    """From page to page."""
    found = {"items": [CAEN, {**CAEN, "id": "mbr_x", "left_at": "2026-11-02"}], "next": "mbr_caen"}
    answers = {"/members": NOTHING, "/members?q=caen": found}
    html = html_of(members.page, answers, "operator", query=b"q=caen&competence=cartographie")
    assert '<a href="/membres/mbr_caen">Ville de Caen</a>' in html
    assert "mbr_x" not in html
    assert "q=caen&amp;competence=cartographie&amp;suite=mbr_caen" in html
    text = page_of(members.page, answers, "holder", query=b"q=rouen")
    assert "Aucun membre ne répond à cette recherche." in text
    assert "Ajouter un membre" not in text


def test_member_is_taken_in() -> None:
    """What is wrong stands at its field, and what was typed stays."""
    form = {"name": "Port", "kind": "company", "skills": "Fret, Climat", "territory": "Cherbourg"}
    sent: dict[str, Json] = {}
    asked: dict[str, Any] = {"form": form, "sent": sent}
    there = led_to(members.register, {"/members": CAEN}, "operator", **asked)
    assert there == "/membres/mbr_caen"
    assert sent["/members"]["skills"] == ["Fret", "Climat"]

    def refuse(_body: Json) -> Json:
        raise Refused(422, "n'est pas un SIREN", "siren")

    answers = {"/members": refuse, "/members?limit=50": NOTHING}
    html = html_of(members.register, answers, "operator", form={**form, "siren": "1"})
    assert 'id="siren-fault"' in html
    assert 'value="Fret, Climat"' in html


def test_member_s_page_leads_to_its_accounts() -> None:
    """An operator changes what it can do, and opens accounts for it; others read."""
    answers = {
        "/members/mbr_caen": CAEN,
        "/accounts": NOTHING,
        "/accounts?member_id=mbr_caen": {"items": [ACCOUNT], "next": None},
        "/members": {"items": [CAEN], "next": None},
        "/mail-refusals": NOTHING,
    }
    html = html_of(members.show, answers, "operator", member="mbr_caen")
    assert "Zoé" in html
    assert '<a href="/personnes?membre=mbr_caen">' in html
    assert 'name="territory" value="Caen' in html
    html = html_of(persons.show, answers, "operator", query=b"membre=mbr_caen")
    assert "zoe@caen.example" in html
    assert '<option value="mbr_caen" selected>' in html
    sent: dict[str, Json] = {}
    form = {"skills": "Fret", "territory": "Caen", "siren": ""}
    asked: dict[str, Any] = {"form": form, "sent": sent, "member": "mbr_caen"}
    assert led_to(members.change, answers, "operator", **asked) == "/membres/mbr_caen"
    assert sent["/members/mbr_caen"] == {"siren": "", "skills": ["Fret"], "territory": ["Caen"]}
