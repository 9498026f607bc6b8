"""The envelope on the wire: what is written, what is read, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.errors import Rejected
from shared.events import (
    REGISTRY,
    Event,
    FileRef,
    JobSucceeded,
    Match,
    ProjectEquipped,
    ProjectStaffed,
    ProjectWithdrawn,
    Step,
    Treatment,
    unwrap,
    wrap,
)

TIME = datetime(2026, 3, 1, 12, 30, 15, 123000, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "c0nfidential"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CLASSES = sorted(REGISTRY.values(), key=lambda cls: cls.topic)


def instances(cls: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Instances of a pydantic class, within the bounds that its fields state."""
    return st.builds(cls, **{name: values(field) for name, field in cls.model_fields.items()})


def values(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Values that fit one field."""
    patterns = [rule.pattern for rule in field.metadata if getattr(rule, "pattern", None)]
    if patterns:
        return st.from_regex(patterns[0], fullmatch=True)
    if field.annotation is float:
        return st.floats(min_value=0, allow_infinity=False)
    if field.annotation == dict[str, Any]:
        return st.dictionaries(st.text(), JSON, max_size=3)
    bounds = [rule for rule in field.metadata if not hasattr(rule, "pattern")]
    annotation: Any = Annotated[(field.annotation, *bounds)] if bounds else field.annotation
    return st.from_type(annotation)


for value_class in (FileRef, Step, Treatment, Match):
    st.register_type_strategy(value_class, instances(value_class))


def wrapped(event: Event | None = None, **changes: Any) -> dict[str, Any]:
    """An envelope on its way, with attributes changed; the project's team unless told."""
    event = event or ProjectStaffed(project_id="prj_1", holder_id="mbr_1", team=("mbr_2",))
    envelope = wrap(event, subject="prj_1", sequence=7, number=0, time=TIME, traceparent=TRACE)
    return {**envelope, **changes}


def wire(envelope: dict[str, Any]) -> bytes:
    """The bytes of a message."""
    return json.dumps(envelope).encode()


def without(name: str) -> dict[str, Any]:
    """An envelope that lacks an attribute."""
    return {key: value for key, value in wrapped().items() if key != name}


def test_envelope_is_the_cloudevents_object_that_partners_read() -> None:
    """Written by hand after CloudEvents 1.0.2, JSON format: a change here breaks partners."""
    assert wrapped() == {
        "specversion": "1.0",
        "id": "project_staffed-prj_1-7-0",
        "source": "intake",
        "type": "project_staffed",
        "subject": "prj_1",
        "time": "2026-03-01T12:30:15.123000Z",
        "datacontenttype": "application/json",
        "sequence": 7,
        "correlationid": "prj_1",
        "traceparent": TRACE,
        "data": {"project_id": "prj_1", "holder_id": "mbr_1", "team": ["mbr_2"]},
    }


def test_event_without_a_project_correlates_with_its_subject() -> None:
    """Whatever belongs to no project is followed by its own id."""
    ingest = JobSucceeded(
        job_id="job_1", kind="ingest", result=FileRef(sha256="0" * 64, size=1), seconds=1.5
    )
    assert wrapped(ingest)["correlationid"] == "prj_1"
    assert wrapped(ingest.model_copy(update={"project_id": "prj_9"}))["correlationid"] == "prj_9"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.topic)
def test_every_event_round_trips(cls: type[Event]) -> None:
    """What a service published is what another one reads, for any content."""

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(instances(cls))
    def check(event: Event) -> None:
        read = unwrap(wire(wrapped(event)), cls)
        assert (read.data, type(read.data), read.type) == (event, cls, cls.topic)

    check()


def test_unknown_fields_are_ignored_at_every_level() -> None:
    """A later version may add fields; today's listeners read on."""
    envelope = wrapped(tenant="new")
    envelope["data"]["colour"] = "blue"
    assert unwrap(wire(envelope)) == unwrap(wire(wrapped()))


def test_optional_attributes_may_be_missing() -> None:
    """Some CloudEvents libraries write no datacontenttype, and an untraced event no trace."""
    envelope = wrapped()
    del envelope["traceparent"], envelope["datacontenttype"]
    assert unwrap(wire(envelope)).traceparent is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (wire(wrapped(type=SECRET)), "type"),
        (wire(wrapped(source=SECRET)), "source"),
        (wire(wrapped(source="catalog")), "source"),
        (wire(wrapped(specversion="0.3")), "specversion"),
        (wire(wrapped(id="")), "id"),
        (wire(wrapped(subject="")), "subject"),
        (wire(wrapped(time="2026-03-01T12:30:15")), "time"),
        (wire(wrapped(time=SECRET)), "time"),
        (wire(wrapped(sequence=-1)), "sequence"),
        (wire(wrapped(sequence=SECRET)), "sequence"),
        (wire(wrapped(datacontenttype=SECRET)), "datacontenttype"),
        (wire(wrapped(data=SECRET)), "data"),
        (wire(wrapped(data={"project_id": 7, "holder_id": "m", "team": []})), "data.project_id"),
        (wire(wrapped(data={"project_id": "p", "holder_id": "m", "team": SECRET})), "data.team"),
        (wire(without("specversion")), "specversion"),
        (wire(without("id")), "id"),
        (wire(without("type")), "type"),
        (wire(without("data")), "data"),
        (wire(wrapped())[:-1], "body"),
        (b'"' + SECRET.encode() + b'"', "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        (b"", "body"),
    ],
)
def test_what_is_no_event_is_refused_naming_the_field(body: bytes, field: str) -> None:
    """The reason lands in logs and parked queues: it says where, and never what stood there."""
    with pytest.raises(Rejected) as caught:
        unwrap(body)
    assert str(caught.value).startswith(f"{field}: ")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("place", ["sequence", "colour"])
@pytest.mark.parametrize("expected", [None, ProjectStaffed])
def test_number_that_json_lacks_is_no_json(
    number: str, place: str, expected: type[Event] | None
) -> None:
    """Also where nobody looks: a stricter reader than ours would lose the whole event."""
    body = wire({**wrapped(), place: float(number)})
    with pytest.raises(Rejected, match="body: Invalid JSON: "):
        unwrap(body, expected)
    assert unwrap(wire(wrapped(colour=number)), expected).sequence == 7


def test_parameters_hold_no_infinity() -> None:
    """Nor a number that would be read as one."""
    step = Step(application="cross", inputs={}, parameters={"a": [1.5]}, output="o")
    treatment = Treatment(inputs={"a": "dts_1"}, steps=(step,))
    event = ProjectEquipped(project_id="prj_1", holder_id="mbr_1", treatment=treatment)
    with pytest.raises(Rejected, match=r"data.treatment.steps.0.parameters: .*finis"):
        unwrap(wire(wrapped(event)).replace(b"1.5", b"1e999"), ProjectEquipped)


def test_event_of_another_type_is_refused() -> None:
    """A listener gets the class it asked for, or nothing."""
    with pytest.raises(Rejected, match="type: project_staffed is not expected here"):
        unwrap(wire(wrapped()), ProjectWithdrawn)
