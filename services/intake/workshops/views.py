"""What callers are shown of workshops: who registered only where that is theirs to see.

Calendars read them as iCalendar, RFC 5545.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self

from icalendar import Calendar, Event
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from services.intake.workshops.model import Material, Workshop, WorkshopAction
from services.intake.workshops.seat_registration import Registration, SeatState
from shared.aggregate import View, ViewPage
from shared.auth import Caller

MEDIA_TYPE = "text/calendar"
_PRODUCT, _UID = "-//datalab//ateliers//FR", "ateliers@datalab"

_Second = Annotated[AwareDatetime, AfterValidator(lambda time: time.replace(microsecond=0))]


class WorkshopView(View):
    """A workshop as everybody sees it."""

    id: str
    title: str
    description: str
    theme: str
    starts_at: _Second
    ends_at: _Second
    place: str = Field(description="empty where it is online only")
    seats: int
    host_id: str = Field(description="the member that hosts it; empty where none does")
    state: Literal["announced", "cancelled"]
    reason: str = Field(description="why it was cancelled, in French")
    is_coming: bool = Field(description="whether it is yet to begin")
    is_open: bool = Field(description="whether one may register, if only to wait for a seat")
    is_full: bool = Field(description="whether who registers waits")
    materials: tuple[Material, ...]
    attendance: int | None = Field(description="how many came; null if nobody noted it")
    revision: int = Field(description="grows with what was announced otherwise")


class WorkshopPage(ViewPage[WorkshopView]):
    """Workshops, the newest announced first, and the cursor of the next page."""


class SeatView(View):
    """A registration as its person sees it."""

    id: str
    state: SeatState
    at: AwareDatetime


class SeatingView(BaseModel):
    """How the seats are taken."""

    taken: int
    waiting: int
    waiting_seats: int


class ShownWorkshop(WorkshopView):
    """A workshop with what is the caller's to see of it."""

    host: str = Field(description="what the host is called; empty where there is none")
    link: str = Field(description="for who has a seat, and the staff; empty for others")
    project_ids: tuple[str, ...] = Field(description="for the staff; empty for others")
    own: tuple[SeatView, ...] = Field(description="the caller's registrations")
    may: tuple[WorkshopAction, ...] = Field(description="what the caller may do with it now")
    seating: SeatingView | None = Field(description="for the staff and the host; null for others")

    @classmethod
    def shown_to(cls, workshop: Workshop, caller: Caller, host: str) -> Self:
        """Return the view of a workshop for any caller."""
        own = [
            registration
            for registration in workshop.registrations.standing
            if registration.person.is_of(caller)
        ]
        may_join = caller.is_staff or any(registration.state == "taken" for registration in own)
        return cls(
            **dict(WorkshopView.of(workshop)),
            host=host,
            link=workshop.link_in_use if may_join else "",
            project_ids=workshop.project_ids if caller.is_staff else (),
            may=workshop.actions_of(caller),
            own=tuple(map(SeatView.model_validate, own)),
            seating=_seating(workshop) if workshop.shows_who_registered_to(caller) else None,
        )


class RegistrationView(SeatView):
    """A registration as who shows its secret sees it, with the workshop."""

    link: str = Field(description="where to follow the workshop from elsewhere; for a seat alone")
    by_staff: bool = Field(description="whether the staff took it back")
    workshop: WorkshopView

    @classmethod
    def of_seat(cls, workshop: Workshop, registration: Registration) -> Self:
        """Return the view of a registration for a workshop."""
        return cls(
            **dict(SeatView.model_validate(registration)),
            link=workshop.link_in_use if registration.state == "taken" else "",
            by_staff=registration.by_staff,
            workshop=WorkshopView.of(workshop),
        )


class MadeRegistration(RegistrationView):
    """A new registration with the text that opens it, which is told this once."""

    text: str = Field(description="to be shown as bearer token")

    @classmethod
    def of_made(cls, workshop: Workshop, registration: Registration, text: str) -> Self:
        """Return the view of a new registration, with the text that opens it."""
        return cls(**dict(RegistrationView.of_seat(workshop, registration)), text=text)


class RegistrantView(View):
    """Who registered, for the staff and the host."""

    id: str
    name: str
    mail: str
    member_id: str = Field(description="empty for who did not sign in")
    state: SeatState
    at: AwareDatetime
    came: bool

    @classmethod
    def of_seat(cls, registration: Registration) -> Self:
        """Return the view of a registration for staff and host."""
        person = registration.person
        named = {"name": person.name, "mail": person.mail, "member_id": person.member_id}
        return cls(
            id=registration.id,
            state=registration.state,
            at=registration.at,
            came=registration.came,
            **named,
        )


class RegistrantList(BaseModel):
    """All who have, or await, a seat, in the order in which they registered."""

    items: list[RegistrantView]


class RegistrationContact(RegistrantView):
    """Whom to write to about a registration, and about which workshop."""

    workshop: WorkshopView

    @classmethod
    def of_person(cls, workshop: Workshop, registration: Registration) -> Self:
        """Return the view of a registration, with its workshop."""
        return cls(**dict(RegistrantView.of_seat(registration)), workshop=WorkshopView.of(workshop))


def _seating(workshop: Workshop) -> SeatingView:
    taken, waiting = len(workshop.registrations.seated), len(workshop.registrations.waiting)
    return SeatingView(taken=taken, waiting=waiting, waiting_seats=workshop.waiting_seats)


def calendar_of(workshops: Iterable[Workshop], name: str, link: str = "") -> bytes:
    """A calendar of these workshops, in UTC, under the lab's name; with the link of who has a seat.

    The same workshop has the same UID for ever, and a SEQUENCE that grows with its changes, so
    that a calendar which has it already moves or strikes it out.
    """
    calendar = Calendar.new(prodid=_PRODUCT, name=name, uid=_UID)
    for workshop in workshops:
        calendar.add_component(_event(workshop, link))
    return bytes(calendar.to_ical())


def _event(workshop: Workshop, link: str) -> Event:
    event = Event()
    event.add("uid", f"{workshop.id}@datalab")
    event.add("sequence", workshop.revision)
    event.add("dtstamp", _second(workshop.changed_at))
    event.add("dtstart", _second(workshop.starts_at))
    event.add("dtend", _second(workshop.ends_at))
    event.add("summary", workshop.title)
    event.add("location", workshop.place or "En ligne")
    event.add("categories", [workshop.theme])
    event.add("status", "CANCELLED" if workshop.state == "cancelled" else "CONFIRMED")
    off = f"Annulé : {workshop.reason}" if workshop.state == "cancelled" else ""
    if description := "\n\n".join(filter(None, (off, workshop.description))):
        event.add("description", description)
    if link:
        event.add("url", link)
    return event


def _second(time: datetime) -> datetime:
    return time.replace(microsecond=0)
