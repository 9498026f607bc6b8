"""Operators see what is wrong with an account, choose whose it is, and see everybody's keys."""

import re
from typing import Any

from services.portal.lab import Away, Json, Refused
from services.portal.pages import members, persons
from tests.unit.portal.pages import html_of, led_to, page_of

MEMBERS = [{"id": "ville", "name": "Ville", "is_erased": False}]
ACCOUNTS = [
    {
        "id": f"acc_{name}",
        "member_id": "ville",
        "name": name.title(),
        "mail": f"{name}@ville.example",
        "roles": ["holder"],
        "signed_in_at": None,
    }
    for name in ("zoé", "ali")
]
REFUSED_AT = {"account_id": "acc_ali", "refused_at": "2026-11-20T09:30:00Z"}
ANSWERS: dict[str, Any] = {
    "/accounts?after=": {"items": ACCOUNTS, "next": None},
    "/members": {"items": MEMBERS, "next": None},
    "/members/ville": MEMBERS[0],
    "/mail-refusals": {"items": [REFUSED_AT]},
}

KEY: dict[str, Any] = {
    "id": "key_import",
    "name": "Import du lundi",
    "member_id": "ville",
    "maker_id": "acc_zoe",
    "roles": ["owner"],
    "ends_at": "2027-01-02T09:00:00Z",
    "used_at": "2026-11-20T09:30:00Z",
    "ended_at": None,
}
LISTED = [
    KEY,
    {**KEY, "id": "key_2", "maker_id": "key_import", "used_at": None},
    {**KEY, "id": "key_3", "maker_id": "", "ended_at": "2026-11-21T09:30:00Z"},
    {**KEY, "id": "key_4", "maker_id": "acc_gone"},
]
KEYS: dict[str, Any] = {
    "/keys?whose=all": {"items": LISTED, "next": None},
    "/members/ville": {"id": "ville", "name": "Ville", "is_erased": False},
    "/accounts/acc_zoe": {"id": "acc_zoe", "name": "Zoé"},
}


def test_address_that_refuses_mails_is_marked_as_such() -> None:
    """At its account, with the day; those that take mails are not."""
    text = page_of(persons.show, ANSWERS, "operator")
    assert "ali@ville.example a refusé notre courriel du 20/11/2026" in text
    assert text.count("a refusé notre courriel") == 1


def test_accounts_are_shown_where_nobody_says_which_addresses_refuse() -> None:
    """As a part that is away; without accounts nothing is asked."""
    away = {**ANSWERS, "/mail-refusals": Away("notify")}
    text = page_of(persons.show, away, "operator")
    assert "Le Datalab ne répond pas" in text
    assert "zoé@ville.example" in text
    empty = {**away, "/accounts?after=": {"items": [], "next": None}}
    assert "ne répond pas" not in page_of(persons.show, empty, "operator")


def test_nobody_s_account_is_the_first_member_s_by_chance() -> None:
    """A member is chosen, or the form says so; what was typed and ticked stays."""
    field = re.search(
        r"<select id=.member_id.*?</select>", html_of(persons.show, ANSWERS), re.DOTALL
    )
    assert field
    assert re.search(r'required>\s*<option value="" selected>', field[0])
    refused = Refused(422, "l'identifiant d'un membre a de 1 à 64 caractères", "member_id")
    form = {"name": "Zoé", "mail": "zoe@ville.example", "roles": "owner"}
    answers = {**ANSWERS, "/accounts": refused}
    page = html_of(persons.open_account, answers, "operator", form=form)
    assert re.search(r'id="member_id-fault" class="fault">Choisissez un membre<', page)
    opened = page.partition('action="/personnes"')[2]
    assert re.findall(r'name="roles" value="(\w+)" checked', opened) == ["owner"]
    assert 'value="zoe@ville.example"' in opened


def test_each_key_is_shown_with_maker_member_roles_use_and_end() -> None:
    """A maker is a person, another key, the lab itself, or an account that is gone."""
    text = page_of(persons.show_keys, KEYS, "operator")
    assert "key_import Ville Zoé" in text
    assert "key_2 Ville la clé key_import" in text
    assert "key_3 Ville le Datalab lui-même" in text
    assert "key_4 Ville un compte effacé" in text
    assert "02/01/2027 20/11/2026 à 10 h 30" in text
    assert "révoquée le 21/11/2026" in text


def test_key_that_goes_on_can_be_revoked() -> None:
    """One that was revoked has no button; the list is shown again."""
    page = html_of(persons.show_keys, KEYS, "operator")
    assert page.count('action="/personnes/cles/key_') == 3
    assert 'action="/personnes/cles/key_3/revocation"' not in page
    sent: dict[str, Any] = {}
    answers = {**KEYS, "/keys/key_2/revocation": {}}
    assert (
        led_to(persons.revoke_key, answers, "operator", key_id="key_2", sent=sent)
        == "/personnes/cles"
    )
    assert list(sent) == ["/keys/key_2/revocation"]


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
    fields = {"items": [CAEN, {**CAEN, "id": "mbr_x", "left_at": "2026-11-02"}], "next": "mbr_caen"}
    answers = {"/members": NOTHING, "/members?q=caen": fields}
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
