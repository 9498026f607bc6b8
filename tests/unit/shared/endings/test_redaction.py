"""What is left of an event, and of a document's part, once people's words are out of it."""

import json
from collections.abc import Iterator

import pytest

from shared.endings.redaction import is_identifying, redacted
from shared.events import Event, unwrap
from tests.unit.notify.samples import EVENTS, HOLDER, MARK, PROJECT, envelope, marked


def texts(value: object) -> Iterator[str]:
    """Every text within plain JSON."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for member in value:
            yield from texts(member)
    if isinstance(value, str):
        yield value


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_no_word_is_left_of_any_event_and_it_can_still_be_read(event: Event) -> None:
    """Fields that somebody adds later are taken out as well: only identifiers are named."""
    after = redacted(marked(event))
    assert MARK not in set(texts(after.model_dump(mode="json")))
    body = envelope(after).model_dump_json(serialize_as_any=True).encode()
    read = unwrap(body).data
    assert type(read) is type(event)
    for name in ("project_id", "holder_id"):
        assert getattr(read, name, None) == getattr(event, name, None)
    assert {PROJECT, HOLDER} & set(texts(json.loads(body)))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_nothing_that_is_kept_is_told_in_french(event: Event) -> None:
    """A field that has an identifier's name holds no sentence."""
    schema = type(event).model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, field in part.get("properties", {}).items():
            assert not (is_identifying(name) and "French" in field.get("description", ""))
