"""Operators see what is wrong with an account, choose whose it is, and see everybody's keys."""

import re
from typing import Any

from services.portal.lab import Away, Refused
from services.portal.pages import persons
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
