"""Workshops, and the people who register for them, that these tests are about."""

from datetime import timedelta
from typing import Any

from services.intake.workshops.model import Workshop
from services.intake.workshops.seat_registration import Attendee, Registration
from shared.aggregate import now
from shared.events import Event

MARK = "Zénobie"


def new_workshop(**fields: Any) -> Workshop:
    """An announced workshop of two seats, in a week, whose events are not yet saved."""
    starts_at = now() + timedelta(days=7)
    defaults: dict[str, Any] = {
        "id": "wsh_1",
        "title": "Lire une carte",
        "theme": "culture des données",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "place": "Caen",
        "seats": 2,
        "waiting_seats": 2,
        "changed_at": now(),
    }
    return Workshop(**{**defaults, **fields}).announce()


def saved(workshop: Workshop, **changed: Any) -> Workshop:
    """The workshop as it is loaded after a save, some of it otherwise."""
    return Workshop.model_validate({**workshop.model_dump(), **changed})


def begun(workshop: Workshop) -> Workshop:
    """The same workshop once it has begun."""
    return saved(workshop, starts_at=now() - timedelta(minutes=1))


def person(number: int, **fields: Any) -> Attendee:
    """One of many people who did not sign in."""
    return Attendee(**{"name": MARK, "mail": f"p{number}@ville.example", **fields})


def register(workshop: Workshop, *numbers: int) -> list[Registration]:
    """The registrations of these people, one after the other."""
    return [workshop.register(person(number), f"proof {number}") for number in numbers]


def states(workshop: Workshop) -> list[str]:
    """What became of each registration, in order."""
    return [registration.state for registration in workshop.registrations.all]


def events_of(workshop: Workshop, cls: type[Event]) -> list[Any]:
    """The events of that class that wait to be saved."""
    return [event for event in workshop.recorded() if isinstance(event, cls)]
