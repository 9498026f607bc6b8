"""The page of a registration for a workshop, for who has its link."""

from typing import Any

from services.portal.app import templates_of
from tests.unit.portal.pages import plain


def seat_text(workshop: dict[str, Any], **seat: Any) -> str:
    """The text of the page of a registration."""
    about = {
        "title": "Lire une carte",
        "starts_at": "2027-01-12T13:00:00Z",
        "ends_at": "2027-01-12T15:30:00Z",
        "is_coming": True,
    }
    fields = {"state": "taken", "link": "https://visio.example/salle", "by_staff": False, **seat}
    page = templates_of().get_template("workshops/registration.html")
    visit = {"csrf": "", "menu": (), "settings": {"reached_at": "https://lab.example"}}
    return plain(page.render(seat={**fields, "workshop": {**about, **workshop}}, visit=visit))


def test_seat_of_a_cancelled_workshop_says_so() -> None:
    """With the reason, and nothing to follow or to take back."""
    text = seat_text({"state": "cancelled", "is_coming": False, "reason": "salle fermée"})
    assert "Cet atelier est annulé. Salle fermée" in text
    assert "visio" not in text
    assert "Retirer" not in text
    coming = seat_text({"state": "announced"})
    assert "annulé" not in coming
    assert "Fin 12/01/2027 à 16 h 30" in coming


def test_who_was_taken_out_reads_by_whom_and_what_is_kept() -> None:
    """It did not give the seat up itself."""
    text = seat_text({"state": "announced"}, state="given_up", by_staff=True)
    assert "Le Datalab a retiré cette inscription." in text
    assert "adresse sont effacés" not in text
    assert "Effacer mon adresse" in text
    own = seat_text({"state": "announced"}, state="given_up")
    assert "Votre nom et votre adresse sont effacés." in own


def test_name_and_address_are_erased_before_the_four_weeks_by_who_asks_for_it() -> None:
    """After the workshop, and after one that did not take place; before, the seat is given up."""
    for workshop in ({"state": "announced"}, {"state": "cancelled"}):
        text = seat_text({**workshop, "is_coming": False, "reason": "grève"})
        assert "Effacer mon nom et mon adresse" in text
        assert "Retirer" not in text
    assert "Effacer" not in seat_text({"state": "announced"})


def test_registrants_faults_are_told_in_french() -> None:
    """A field of the form is not called as programs call it."""
    page = templates_of().get_template("workshops/registrants.html")
    nothing = {"value": None, "missing": ""}
    faults = {"message": "plus de personnes cochées que de participants", "at": "came"}
    visit = {"csrf": "", "menu": ()}
    text = plain(page.render(workshop=nothing, registrants=nothing, faults=faults, visit=visit))
    assert "Personnes venues : plus de personnes cochées" in text
    assert "came" not in text
