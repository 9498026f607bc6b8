"""The CloudEvents envelope that every event travels in: what is written, read and refused."""

from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field, ValidationError
from pydantic_core import from_json

from shared.errors import Rejected, explain
from shared.events.event import REGISTRY, Event, Frozen

E_co = TypeVar("E_co", bound=Event, covariant=True)


class Envelope(Frozen, Generic[E_co]):
    """A CloudEvents 1.0 structured-mode object around one event (cloudevents.io, spec 1.0.2).

    `sequence` is the version of the subject that the event was saved with; `correlationid` is the
    project it belongs to, or the subject itself; `traceparent` is the W3C Trace Context header.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1)
    source: str
    type: str
    subject: str = Field(min_length=1)
    time: AwareDatetime
    sequence: int = Field(ge=0)
    correlationid: str
    traceparent: str | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    data: E_co


def wrap(
    event: Event, *, subject: str, sequence: int, number: int, time: datetime, traceparent: str
) -> dict[str, Any]:
    """Put `event` into its envelope, as the plain JSON object that goes on the wire.

    The id is made of the topic, the subject, its version and the event's number within that
    version: the same save can never publish two different events under one id, nor can two
    services whose documents share an id (a project here, its workspace there).
    """
    correlation = getattr(event, "project_id", None) or subject
    return Envelope[Event](
        id=f"{event.topic}-{subject}-{sequence}-{number}",
        source=event.source,
        type=event.topic,
        subject=subject,
        time=time,
        sequence=sequence,
        correlationid=correlation,
        traceparent=traceparent,
        data=event,
    ).model_dump(mode="json", serialize_as_any=True)


def unwrap(body: bytes, expected: type[Event] | None = None) -> Envelope[Event]:
    """Read an envelope from the wire and check it whole.

    Raises Rejected with the first fault: not JSON, not CloudEvents 1.0, an unknown type, another
    type than `expected`, another source than the type's, or data that does not fit its class.
    """
    _check_numbers(body)
    if expected is not None:
        # What does not fit is read again below: another type says more than a missing field.
        with suppress(ValidationError):
            envelope = _typed(expected).model_validate_json(body)
            _class_of(envelope, expected)
            return envelope
    try:
        cls = _class_of(Envelope[Any].model_validate_json(body), expected)
        return _typed(cls).model_validate_json(body)
    except ValidationError as error:
        raise Rejected(explain(error)) from error


def _check_numbers(body: bytes) -> None:
    # JSON has neither of these words, pydantic reads both as numbers.
    if b"NaN" in body or b"Infinity" in body:
        try:
            from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise Rejected(f"body: Invalid JSON: {error}") from error


@cache
def _typed(cls: type[Event]) -> type[Envelope[Event]]:
    return Envelope[cls]  # type: ignore[valid-type]


def _class_of(bare: Envelope[Any], expected: type[Event] | None) -> type[Event]:
    cls = REGISTRY.get(bare.type)
    if "specversion" not in bare.model_fields_set:
        raise Rejected("specversion: is missing")
    if cls is None:
        raise Rejected("type: names no event of the lab")
    if expected is not None and cls is not expected:
        raise Rejected(f"type: {cls.topic} is not expected here")
    if bare.source != cls.source:
        raise Rejected(f"source: {cls.topic} comes from {cls.source} only")
    return cls
