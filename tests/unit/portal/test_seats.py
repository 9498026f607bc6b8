"""The page of a registration for a workshop, for who has its link."""

from typing import Any

from services.portal.app import templates_of
from tests.unit.portal.pages import plain


def shown(workshop: dict[str, Any], **seat: Any) -> str:
    """The text of the page of a registration."""
    about = {"title": "Lire une carte", "starts_at": "2027-01-12T13:00:00Z", "is_coming": True}
    told = {"state": "taken", "link": "https://visio.example/salle", "by_staff": False, **seat}
    page = templates_of().get_template("workshops/registration.html")
    visit = {"csrf": "", "menu": ()}
    return plain(page.render(seat={**told, "workshop": {**about, **workshop}}, visit=visit))


def test_seat_of_a_cancelled_workshop_says_so() -> None:
    """With the reason, and nothing to follow or to take back."""
    text = shown({"state": "cancelled", "is_coming": False, "reason": "salle fermée"})
    assert "Cet atelier est annulé. Salle fermée" in text
    assert "visio" not in text
    assert "Retirer" not in text
    assert "annulé" not in shown({"state": "announced"})


def test_who_was_taken_out_reads_by_whom_and_what_is_kept() -> None:
    """It did not give the seat up itself."""
    text = shown({"state": "announced"}, state="given_up", by_staff=True)
    assert "Le Datalab a retiré cette inscription." in text
    assert "adresse sont effacés" not in text
    own = shown({"state": "announced"}, state="given_up")
    assert "Votre nom et votre adresse sont effacés." in own
