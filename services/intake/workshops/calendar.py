"""Workshops as calendars read them: iCalendar, RFC 5545."""

from collections.abc import Iterable
from datetime import datetime

from icalendar import Calendar, Event

from services.intake.workshops.model import Workshop

MEDIA_TYPE = "text/calendar"
_PRODUCT, _UID = "-//datalab//ateliers//FR", "ateliers@datalab"


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
