"""The contract: what every event class says, and which values it refuses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.topology import SERVICE_CLASSES
from shared import events
from shared.events import REGISTRY, Event, FileRef, JobSucceeded, Step

CLASSES = sorted(REGISTRY.values(), key=lambda cls: cls.topic)


def parts_of(schema: object) -> Iterator[dict[str, Any]]:
    """Every object within a JSON schema."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from parts_of(part)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.topic)
def test_fields_of_every_event_are_plain_json(cls: type[Event]) -> None:
    """No dates, bytes or decimals: any language reads the data as they stand."""
    plain = {"string", "integer", "number", "boolean", "array", "object", "null"}
    for part in parts_of(cls.model_json_schema()):
        assert "format" not in part
        assert not isinstance(part.get("type"), str) or part["type"] in plain


def test_every_event_class_is_registered_under_its_topic() -> None:
    """A second class of the same topic would silently take the first one's place."""
    defined = [
        value
        for value in vars(events).values()
        if isinstance(value, type) and issubclass(value, Event) and value is not Event
    ]
    assert {cls.topic: cls for cls in defined}.items() <= REGISTRY.items()
    assert len({cls.topic for cls in defined}) == len(defined)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.topic)
def test_every_event_says_what_happened_and_where(cls: type[Event]) -> None:
    """A name in the past tense, a known source, one sentence of documentation."""
    assert cls.source in {service.name for service in SERVICE_CLASSES}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", cls.topic)
    assert cls.__doc__


@pytest.mark.parametrize("seconds", [float("inf"), float("-inf"), float("nan")])
def test_number_that_json_lacks_is_refused_where_the_event_is_made(seconds: float) -> None:
    """Infinity would travel as null and be parked by everybody who listens."""
    with pytest.raises(ValueError, match="finite"):
        JobSucceeded(
            job_id="j", kind="full", result=FileRef(sha256="0" * 64, size=1), seconds=seconds
        )
    with pytest.raises(ValueError, match="finis"):
        Step(application="cross", inputs={}, parameters={"a": [seconds]}, output="o")


@pytest.mark.parametrize("digest", ["0" * 63, "0" * 65, "G" * 64, "A" * 64, "../" * 21 + "a", ""])
def test_reference_is_a_sha256_and_nothing_else(digest: str) -> None:
    """A reference becomes a path in the store: nothing else may pass."""
    with pytest.raises(ValueError, match="sha256"):
        FileRef(sha256=digest, size=1)


def test_event_of_a_held_result_tells_partners_no_seconds() -> None:
    """How long it ran may tell of the data that it was made of."""
    file = FileRef(sha256="a" * 64, size=1)
    about = {"job_id": "j", "kind": "full", "result": file, "is_held": True}
    short, long = (JobSucceeded(**about, seconds=seconds) for seconds in (1.0, 90.0))
    assert short != long
    assert short.public == long.public
