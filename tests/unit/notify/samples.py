"""One example of every event, made from its fields, and envelopes around them."""

from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from shared.endings.redaction import is_identifying
from shared.events import (
    LAB_EVENTS,
    Envelope,
    Event,
    JobSucceeded,
    Joined,
    JoinsDiscovered,
    MaterialAdded,
    ProjectAdvised,
    ProjectStaffed,
    SeatGivenUp,
    SeatLinkAsked,
    SeatTaken,
    SeatWaiting,
    WorkshopAnnounced,
    WorkshopCancelled,
    WorkshopChanged,
    WorkshopDue,
    WorkshopHeld,
)
from tests.events import enveloped

PROJECT, HOLDER, DATASET, OWNER, JOB = "prj_1", "mem_holder", "dts_1", "mem_owner", "job_1"
TIME = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

TEXTS = {
    "project_id": PROJECT,
    "holder_id": HOLDER,
    "member_id": HOLDER,
    "dataset_id": DATASET,
    "owner_id": OWNER,
    "member_ids": "mem_source",
    "job_id": JOB,
    "endpoint_id": "end_1",
    "name": "Ville",
    "title": "Communes",
    "starts_at": "2027-03-12T13:00:00Z",
    "since": "2027-03-12T13:00:00Z",
    "filename": "c.csv",
    "sha256": "0" * 64,
}
"""The text of a field by its name; that of any other is its name."""


def instance_of(cls: type[BaseModel], **overrides: Any) -> Any:
    """An instance of a model: `overrides`, and a value for each other field that must have one."""
    fields = cls.model_fields.items()
    missing = {
        name: field for name, field in fields if field.is_required() and name not in overrides
    }
    return cls(**overrides, **{name: value(name, f.annotation) for name, f in missing.items()})


def value(name: str, annotation: Any) -> Any:
    """A value of that type."""
    first = next(iter(get_args(annotation)), None)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return instance_of(annotation)
    if get_origin(annotation) is Literal:
        return first
    if get_origin(annotation) is tuple:
        return (value(name, first),)
    if get_origin(annotation) is dict:
        return {name: value(name, get_args(annotation)[1])}
    return TEXTS.get(name, name) if annotation is str else annotation(1)


SEATS: tuple[type[Event], ...] = (
    MaterialAdded,
    SeatGivenUp,
    SeatLinkAsked,
    SeatTaken,
    SeatWaiting,
    WorkshopCancelled,
    WorkshopChanged,
    WorkshopDue,
)
"""What is told of somebody's seat."""

GIVEN: dict[type[Event], dict[str, Any]] = {
    ProjectAdvised: {"datasets": 2, "experts": 0},
    ProjectStaffed: {"team": ("mem_a", "mem_b")},
    JoinsDiscovered: {
        "dataset_id": DATASET,
        "owner_id": OWNER,
        "member_ids": ("mem_other",),
        "joins": (instance_of(Joined, title="EPCI", owner_id="mem_other"),),
    },
    JobSucceeded: {"dataset_id": DATASET, "seconds": 1.25},
    WorkshopAnnounced: {"project_ids": (PROJECT, "prj_2")},
    WorkshopHeld: {"member_ids": ("mem_host",)},
    **{cls: {"member_id": HOLDER} for cls in SEATS},
}
"""What tests of notify say of an example."""


def example(cls: type[Event]) -> Event:
    """The example of that event; one that need not say whose it is is about a project."""
    whose = {"holder_id", "owner_id", "member_id", "endpoint_id"} & cls.model_fields.keys()
    project = {} if whose or cls in GIVEN else {"project_id": PROJECT}
    event: Event = instance_of(cls, **GIVEN.get(cls, project))
    return event


EVENTS = tuple(example(cls) for cls in sorted(LAB_EVENTS, key=lambda cls: cls.topic))


def envelope(
    event: Event, *, subject: str = PROJECT, sequence: int = 1, time: datetime | None = None
) -> Envelope[Event]:
    """An envelope as the relay sends it."""
    return enveloped(event, subject, sequence, time)


MARK = "Jeanne Dupont"


def marked(value: Any, name: str = "") -> Any:
    """The value with MARK in every text that is no identifier or code."""
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return value.model_copy(
            update={name: marked(field, name) for name, field in fields.items()}
        )
    if isinstance(value, tuple):
        return tuple(marked(member, name) for member in value)
    if isinstance(value, dict):
        return dict.fromkeys([MARK], "dts_1")
    is_text = isinstance(value, str) and value == TEXTS.get(name, name)
    return MARK if is_text and not (is_identifying(name) or name == "sha256") else value
