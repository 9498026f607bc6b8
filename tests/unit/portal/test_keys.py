"""Operators see whose keys there are, who made them, and end any of them."""

from typing import Any

from services.portal.pages import keys
from tests.unit.portal.pages import html_of, led_to, page_of

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
ANSWERS: dict[str, Any] = {
    "/keys?whose=all": {"items": LISTED, "next": None},
    "/members/ville": {"id": "ville", "name": "Ville", "is_erased": False},
    "/accounts/acc_zoe": {"id": "acc_zoe", "name": "Zoé"},
}


def test_each_key_is_shown_with_maker_member_roles_use_and_end() -> None:
    """A maker is a person, another key, the lab itself, or an account that is gone."""
    text = page_of(keys.show, ANSWERS, "operator")
    assert "key_import Ville Zoé" in text
    assert "key_2 Ville la clé key_import" in text
    assert "key_3 Ville le Datalab lui-même" in text
    assert "key_4 Ville un compte effacé" in text
    assert "02/01/2027 20/11/2026 à 10 h 30" in text
    assert "révoquée le 21/11/2026" in text


def test_key_that_goes_on_can_be_revoked() -> None:
    """One that was revoked has no button; the list is shown again."""
    page = html_of(keys.show, ANSWERS, "operator")
    assert page.count('action="/personnes/cles/key_') == 3
    assert 'action="/personnes/cles/key_3/revocation"' not in page
    sent: dict[str, Any] = {}
    answers = {**ANSWERS, "/keys/key_2/revocation": {}}
    assert led_to(keys.revoke, answers, "operator", key_id="key_2", sent=sent) == "/personnes/cles"
    assert list(sent) == ["/keys/key_2/revocation"]
