"""What callers send of workshops and registrations."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from services.intake.bodies import Line, Mail
from shared.catalogues.markup import plain_text
from shared.inbound import Body, Identifier, Paging

MOST_SEATS, MOST_WAITING = 300, 200


def _to_the_second(time: datetime) -> datetime:
    """The time in UTC as documents keep it (shared.aggregate.now)."""
    return time.astimezone(UTC).replace(microsecond=1000)


_Time = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2999, 1, 1, tzinfo=UTC)),
    AfterValidator(_to_the_second),
]
_Place = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(plain_text)
]
_Description = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(plain_text)
]
_URL = re.compile(r"https?://[^\s\"<>]+")


def _an_address(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("n'est pas une adresse du web : elle commence par https://")
    return text


_Address = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(_an_address)
]
_Link = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    AfterValidator(lambda text: text and _an_address(text)),
]
_Seats = Annotated[int, Field(ge=1, le=MOST_SEATS)]
_WaitingSeats = Annotated[int, Field(ge=0, le=MOST_WAITING, description="of the waiting list")]
_Projects = Annotated[
    tuple[Identifier, ...],
    Field(max_length=20, description="the projects it is tied to"),
    AfterValidator(lambda ids: tuple(dict.fromkeys(ids))),
]
_Host = Annotated[
    str, Field(pattern=r"^([A-Za-z0-9_.-]{1,64})?$", description="the member that hosts it, if any")
]


class AnnounceWorkshop(Body):
    """A workshop that is to come: at a place, online, or both."""

    title: Line
    description: _Description = ""
    theme: Line
    starts_at: _Time
    ends_at: _Time
    place: _Place = ""
    link: _Link = Field(default="", description="shown to those alone who have a seat")
    seats: _Seats
    waiting_seats: _WaitingSeats = 0
    host_id: _Host = ""
    project_ids: _Projects = ()


class ChangeWorkshop(Body):
    """What is otherwise; what is left out stays."""

    title: Line | None = None
    description: _Description | None = None
    theme: Line | None = None
    starts_at: _Time | None = None
    ends_at: _Time | None = None
    place: _Place | None = None
    link: _Link | None = None
    seats: _Seats | None = None
    waiting_seats: _WaitingSeats | None = None
    host_id: _Host | None = None
    project_ids: _Projects | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that are to change, with their values."""
        return self.model_dump(exclude_none=True)


class CancelWorkshop(Body):
    """Why it does not take place, in French: everybody reads it."""

    reason: Line


class NoteAttendance(Body):
    """How many came and, of those who registered, who."""

    attendance: int = Field(ge=0, le=1000)
    came: tuple[Identifier, ...] = Field(default=(), max_length=MOST_SEATS + MOST_WAITING)

    @field_validator("came")
    @classmethod
    def _are_counted(cls, came: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(came)) > info.data.get("attendance", len(came)):
            raise ValueError("plus de personnes cochées que de participants")
        return came


class AddMaterial(Body):
    """Something to read afterwards, elsewhere on the web."""

    title: Line
    url: _Address


class RemoveMaterial(Body):
    """What is to be read no more, by its address."""

    url: _Address


class Register(Body):
    """Who would come: personal data, seen by the staff and the host alone."""

    name: Line
    mail: Mail


class ListWorkshops(Paging):
    """Which workshops: those to come or those of before, of one theme; the newest first."""

    when: Literal["coming", "past"] | None = None
    theme: Line | None = None


class WorkshopFormat(Body):
    """In which format to show a workshop."""

    format: Literal["json", "ics"] | None = Field(
        default=None, description="wins over the header `Accept`"
    )
