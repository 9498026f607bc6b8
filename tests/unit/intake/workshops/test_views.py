"""Workshops in calendars: what was written is what another program reads."""

from datetime import timedelta
from typing import Any

from icalendar import Calendar

from services.intake.workshops.model import Workshop
from services.intake.workshops.views import calendar_of
from tests.unit.intake.workshops.samples import MARK, new_workshop, register

HOSTILE = "Cartes ; virgules, \\ et « été »\r\nBEGIN:VEVENT\r\nSUMMARY:autre"


def read(*workshops: Workshop, link: str = "") -> list[Any]:
    """The events of their calendar, as icalendar reads it again."""
    text = calendar_of(workshops, "Datalab", link)
    assert max(map(len, text.split(b"\r\n"))) <= 75
    return list(Calendar.from_ical(text).walk("VEVENT"))


def test_calendar_is_read_again_as_it_was_written() -> None:
    """Times are in UTC to the second, whatever zone it was announced in; words are words."""
    workshop = new_workshop(title="Lire une carte", description=HOSTILE, theme="cartes, plans")
    (event,) = read(workshop)
    assert event["summary"] == "Lire une carte"
    assert event["description"].replace("\r\n", "\n") == HOSTILE.replace("\r\n", "\n")
    assert event["location"] == "Caen"
    assert event["dtstart"].dt == workshop.starts_at.replace(microsecond=0)
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=2)
    assert event["dtstart"].to_ical().endswith(b"Z")
    assert (event["status"], event["sequence"]) == ("CONFIRMED", 0)
    assert "url" not in event


def test_change_and_cancellation_keep_the_uid_and_raise_the_sequence() -> None:
    """A calendar that has it already moves it, and strikes it out."""
    workshop = new_workshop(description="Avec vos données.")
    (before,) = read(workshop)
    workshop.change({"place": "", "link": "https://visio.example/a"})
    (moved,) = read(workshop)
    workshop.cancel("Grève.")
    (struck,) = read(workshop)
    assert len({event["uid"] for event in (before, moved, struck)}) == 1
    assert [event["sequence"] for event in (before, moved, struck)] == [0, 1, 2]
    assert (moved["location"], struck["status"]) == ("En ligne", "CANCELLED")
    assert (before["description"], struck["description"]) == (
        "Avec vos données.",
        "Annulé : Grève.\n\nAvec vos données.",
    )
    assert moved["dtstamp"].dt >= before["dtstamp"].dt


def test_link_is_for_whom_it_is_given() -> None:
    """Everybody's calendar has neither the link nor who registered."""
    workshop = new_workshop(link="https://visio.example/a")
    register(workshop, 1)
    assert b"visio" not in calendar_of([workshop], "Datalab")
    assert MARK.encode() not in calendar_of([workshop], "Datalab")
    assert read(workshop, link=workshop.link)[0]["url"] == "https://visio.example/a"
