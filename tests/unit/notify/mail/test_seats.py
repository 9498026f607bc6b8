"""What who registered for a workshop is told, and what would be told too late."""

from typing import Any

import pytest

from services.notify.mail.seats import Registrant, WorkshopNow, is_news, sentence_of, when
from services.notify.summaries import summarise
from services.notify.timeline import TimelineEntry
from shared.events import (
    Event,
    MaterialAdded,
    SeatGivenUp,
    SeatLinkAsked,
    SeatTaken,
    SeatWaiting,
    WorkshopCancelled,
    WorkshopChanged,
    WorkshopDue,
)
from tests.unit.notify.samples import envelope, instance_of


def registrant(state: str = "taken", **workshop: Any) -> Registrant:
    """Who registered for a workshop that is to come."""
    fields = {
        "title": "Lire une carte",
        "starts_at": "2027-01-12T13:00:00Z",
        "ends_at": "2027-01-12T15:30:00Z",
        "place": "Caen",
        "is_coming": True,
        **workshop,
    }
    return Registrant.model_validate({"mail": "une@a.example", "state": state, "workshop": fields})


@pytest.mark.parametrize(
    ("cls", "state", "is_coming", "expected"),
    [
        (SeatTaken, "taken", True, True),
        (SeatTaken, "taken", False, False),
        (SeatWaiting, "waiting", True, True),
        (SeatWaiting, "taken", True, False),
        (WorkshopChanged, "waiting", True, True),
        (WorkshopChanged, "taken", False, False),
        (WorkshopDue, "taken", True, True),
        (WorkshopDue, "taken", False, False),
        (WorkshopCancelled, "taken", False, True),
        (WorkshopCancelled, "waiting", False, True),
        (MaterialAdded, "taken", False, True),
        (SeatGivenUp, "given_up", True, True),
        (SeatGivenUp, "taken", True, False),
        (WorkshopDue, "given_up", True, False),
        (MaterialAdded, "given_up", False, False),
        (SeatLinkAsked, "taken", True, True),
        (SeatLinkAsked, "taken", False, False),
    ],
)
def test_what_holds_no_more_is_no_news(
    cls: type[Event], state: str, is_coming: bool, expected: bool
) -> None:
    """Nobody is reminded of what is cancelled or begun, or told to wait who has a seat by now."""
    assert is_news(instance_of(cls), registrant(state, is_coming=is_coming)) is expected


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (instance_of(SeatTaken, title="Eau"), "Vous avez une place à l'atelier « Eau »."),
        (
            instance_of(SeatTaken, title="Eau", waited=True),
            "Une place s'est libérée : vous avez une place à l'atelier « Eau ».",
        ),
        (
            instance_of(SeatWaiting, title="Eau"),
            "Vous êtes sur la liste d'attente de l'atelier « Eau ».",
        ),
        (
            instance_of(WorkshopCancelled, title="Eau", reason="Grève."),
            "L'atelier « Eau » est annulé : Grève.",
        ),
        (
            instance_of(SeatGivenUp, title="Eau", by_staff=True),
            "Le Datalab a retiré votre inscription à l'atelier « Eau ».",
        ),
        (
            instance_of(SeatLinkAsked, title="Eau"),
            "Voici de nouveau le lien de votre inscription à l'atelier « Eau ».",
        ),
        (instance_of(WorkshopDue, title="{secret}"), "L'atelier « {secret} » a lieu bientôt."),
    ],
)
def test_who_registered_is_told_what_became_of_its_seat(event: Event, sentence: str) -> None:
    """In a sentence for it, not of somebody; braces of a title are text."""
    assert sentence_of(TimelineEntry.of(envelope(event), summarise(event), "")) == sentence


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "expected"),
    [
        (
            "2027-01-12T13:00:00Z",
            "2027-01-12T15:30:00Z",
            "le 12/01/2027, de 14 h 00 à 16 h 30 (heure de Paris)",
        ),
        (
            "2027-07-12T22:30:00Z",
            "2027-07-13T21:30:00Z",
            "le 13/07/2027, de 0 h 30 à 23 h 30 (heure de Paris)",
        ),
        (
            "2027-03-27T08:00:00Z",
            "2027-03-28T08:00:00Z",
            "du 27/03/2027 à 9 h 00 au 28/03/2027 à 10 h 00 (heure de Paris)",
        ),
    ],
)
def test_time_is_that_of_the_clock_in_paris(starts_at: str, ends_at: str, expected: str) -> None:
    """In winter, in summer, and over the night when clocks change."""
    workshop: WorkshopNow = registrant(starts_at=starts_at, ends_at=ends_at).workshop
    assert when(workshop).replace("\u00a0", " ") == expected
