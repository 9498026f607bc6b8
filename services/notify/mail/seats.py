"""What is told to who registered for a workshop, as long as it still holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AwareDatetime

from services.notify.timeline import TimelineEntry
from shared.events import (
    Event,
    Frozen,
    MaterialAdded,
    SeatGivenUp,
    SeatLinkAsked,
    SeatTaken,
    SeatWaiting,
    WorkshopCancelled,
    WorkshopChanged,
)
from shared.language.french import day_in_paris, french_date, french_hour

_AFTERWARDS = (WorkshopCancelled, MaterialAdded)
_IN_CALENDARS = (SeatTaken, WorkshopChanged, WorkshopCancelled)


class WorkshopNow(Frozen):
    """A workshop as intake knows it at this moment."""

    title: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: str
    is_coming: bool


class Registrant(Frozen):
    """Whom to write to about a registration, at this moment.

    Its name is left out: strangers type it, with any address, and would have the lab say it there.
    """

    mail: str
    state: Literal["taken", "waiting", "given_up"]
    workshop: WorkshopNow


@dataclass(frozen=True)
class IntakeQuestions:
    """What is asked of intake; each raises NotFound when who is asked for is gone, Unavailable.

    `link` makes a new text that opens a registration; `invitation` is its workshop as iCalendar.
    `impediment` is why a person of a member, named by its account where it is about a review, may
    not decide on a project's case; empty if it may.
    """

    recipient: Callable[[str], Mapping[str, Any]]
    registrant: Callable[[str], Mapping[str, Any]]
    link: Callable[[str], str]
    invitation: Callable[[str], str]
    impediment: Callable[[str, str, str], str]


CALLS = 3
"""Questions to intake that a mail about a seat needs at most."""


@dataclass(frozen=True)
class SeatLetter:
    """Who is written about a registration, what opens it, and its workshop for a calendar."""

    registrant: Registrant
    link: str
    invitation: str


def ask(intake: IntakeQuestions, registration_id: str, event: Event) -> SeatLetter | None:
    """What a mail about an event needs; None where it is news no more. Raises NotFound."""
    registrant = Registrant.model_validate(intake.registrant(registration_id))
    if not is_news(event, registrant):
        return None
    is_invited = registrant.state == "taken" and isinstance(event, _IN_CALENDARS)
    invitation = intake.invitation(registration_id) if is_invited else ""
    return SeatLetter(registrant, intake.link(registration_id), invitation)


def is_news(event: Event, registrant: Registrant) -> bool:
    """Whether it still holds: a mail may be late, and events may come in any order."""
    if registrant.state == "given_up" or isinstance(event, SeatGivenUp):
        return registrant.state == "given_up" and isinstance(event, SeatGivenUp)
    if isinstance(event, _AFTERWARDS):
        return True
    is_late = isinstance(event, SeatWaiting) and registrant.state != "waiting"
    return registrant.workshop.is_coming and not is_late


def sentence_of(entry: TimelineEntry) -> str:
    """Return the sentence that tells a registered person what happened."""
    event = entry.event
    if isinstance(event, SeatTaken):
        freed = "Une place s'est libérée : v" if event.waited else "V"
        return f"{freed}ous avez une place à l'atelier « {event.title} »."
    if isinstance(event, SeatWaiting):
        return f"Vous êtes sur la liste d'attente de l'atelier « {event.title} »."
    if isinstance(event, SeatGivenUp):
        return f"Le Datalab a retiré votre inscription à l'atelier « {event.title} »."
    if isinstance(event, SeatLinkAsked):
        return f"Voici de nouveau le lien de votre inscription à l'atelier « {event.title} »."
    return entry.summary


def when(workshop: WorkshopNow) -> str:
    """Format a workshop's time: « le 12/03/2027, de 14 h 00 à 16 h 00 (heure de Paris) »."""
    start, end = workshop.starts_at, workshop.ends_at
    first, last = (french_date(day_in_paris(moment)) for moment in (start, end))
    if first == last:
        return f"le {first}, de {french_hour(start)} à {french_hour(end)} (heure de Paris)"
    begins, ends = f"{first} à {french_hour(start)}", f"{last} à {french_hour(end)}"
    return f"du {begins} au {ends} (heure de Paris)"
