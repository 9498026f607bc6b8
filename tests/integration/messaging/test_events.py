"""Each way an event can end: done, retried, parked - and never lost, never done twice."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import NotFound
from shared.messaging import declared_queues
from shared.messaging.on import ATTEMPT, REASON
from shared.messaging.on import QUEUE as HOME
from shared.messaging.parked import drop, parked, replay, show
from shared.settings import Settings
from tests.integration.messaging.conftest import Lab, joined, sample
from tests.integration.messaging.samples import Note
from tests.servers import eventually

QUEUE = "recorder.on.member_joined"


def test_saved_event_reaches_its_listener_and_leaves_the_outbox(lab: Lab, member: str) -> None:
    """What one service saves, the other handles, and the outbox is empty afterwards."""
    with lab.rpc("intake") as intake:
        intake.announce(member, "Ville")
    assert len(lab.handles(member)) == 1
    eventually(lambda: not lab.note(member, "intake")["has_outbox"])


def test_redelivered_event_is_handled_once(lab: Lab, member: str) -> None:
    """The same event twice changes the document once."""
    for _ in range(2):
        lab.send(joined(member))
    eventually(lambda: lab.note(member).get("seen") and lab.is_quiet())
    assert len(lab.note(member)["seen"]) == 1


def test_handler_that_fails_twice_succeeds_at_the_third_attempt(lab: Lab, member: str) -> None:
    """A transient failure costs retries, nothing else."""
    lab.send(joined(member, "fails twice"))
    lab.handles(member)
    assert len(lab.note(f"{member}-tries")["seen"]) == 3
    assert parked(lab.amqp_uri) == []


def test_handler_that_fails_for_ever_parks_the_event_with_its_reason(lab: Lab, member: str) -> None:
    """After the last attempt the event waits for an operator, with the reason."""
    lab.send(joined(member, "fails for ever"))
    (event,) = lab.parked_events()
    assert (event.queue, event.reason) == (QUEUE, "Unavailable: not now")
    assert len(lab.note(f"{member}-tries")["seen"]) == 3
    eventually(lab.is_quiet)


def test_events_that_all_wait_keep_no_request_waiting(lab: Lab, member: str) -> None:
    """Calls and HTTP are answered while events of one kind have every worker that events have."""
    numbers = range(Settings.model_fields["max_workers"].default + 2)
    for number in numbers:
        lab.send(joined(f"{member}-{number}", "waits"))
    eventually(lambda: lab.recorder.log().count("an event waits") == numbers[-2])
    with lab.rpc() as recorder:
        assert recorder.echo("called") == "called"
    url = f"{lab.recorder.url}/notes/{member}"
    assert lab.request("GET", url, lab.token("city", "holder")).status == 404
    with lab.store() as store:
        store.of(Note).save(Note(id="released"))
    eventually(lambda: all(lab.note(f"{member}-{number}") for number in numbers))


def test_permanent_failure_is_parked_without_a_retry(lab: Lab, member: str) -> None:
    """Rejected means that trying again is pointless."""
    lab.send(joined(member, "impossible"))
    assert lab.parked_events()[0].reason == "Rejected: never"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{not json", "Invalid JSON"),
        (b"\xff\xfe\x00", "Invalid JSON"),
        (b"[]", "body"),
        (b'{"specversion": "1.0"}', "id"),
        (joined("m", specversion="2.0"), "specversion"),
        (joined("m", type="project_submitted"), "project_submitted"),
        (joined("m", data={"member_id": 7}), "data"),
        (joined("m", sequence="later"), "sequence"),
        (b"[" * 100_000, "Invalid JSON"),
    ],
)
def test_message_that_is_no_such_event_is_parked(lab: Lab, body: bytes, reason: str) -> None:
    """Broken JSON, a wrong schema or version: the message is kept and the fault named."""
    lab.send(body)
    (event,) = lab.parked_events()
    assert reason in event.reason
    assert event.body == body.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b'{"a": "\\ud800"}', {"content_encoding": "raw_unicode_escape"}),
        (b"7/8-", {"content_encoding": "utf-7"}),
        (b"{}", {"correlation_id": b"\xff\xfe", "message_id": b"\xff" * 255}),
        (b"", {"message_id": b"\xff"}),
        (b"{}", {"application_headers": {"compression": "application/x-gzip"}}),
        (b"{}", {"application_headers": {ATTEMPT: {"a": [b"\xff"]}, b"\xff": b"\xff"}}),
    ],
)
def test_message_of_strange_bytes_is_parked_as_it_came(
    lab: Lab, member: str, body: bytes, properties: dict[str, Any]
) -> None:
    """No encoding and no property harms the process, which goes on with other events."""
    pid = lab.recorder.pid
    lab.send(body, **properties)
    lab.send(joined(member))
    assert lab.parked_body() == body
    lab.handles(member)
    assert (lab.recorder.pid, lab.recorder.alive) == (pid, True)
    assert "the consumer lost the broker" not in lab.recorder.log()


def test_attempts_that_are_no_number_do_not_go_on(lab: Lab) -> None:
    """Python reads deeper tables than it writes: a copy of this header would be impossible."""
    deep: list[Any] = []
    for _ in range(800):
        deep = [deep]
    pid, limit = lab.recorder.pid, sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        lab.send(b"{}", application_headers={ATTEMPT: deep})
    finally:
        sys.setrecursionlimit(limit)
    assert lab.parked_body() == b"{}"
    assert (lab.recorder.pid, lab.recorder.alive) == (pid, True)


def test_event_with_a_strange_property_is_handled(lab: Lab, member: str) -> None:
    """Its body is whole: who sent it needs no second try."""
    lab.send(joined(member), app_id=b"\xe9")
    lab.handles(member)
    assert parked(lab.amqp_uri) == []


def test_unknown_fields_of_a_later_version_are_ignored(lab: Lab, member: str) -> None:
    """An additive change of the contract does not stop an older listener."""
    envelope = json.loads(joined(member, extension="new"))
    envelope["data"]["colour"] = "blue"
    lab.send(json.dumps(envelope).encode())
    lab.handles(member)
    assert parked(lab.amqp_uri) == []


def test_parked_event_is_replayed_into_its_queue(lab: Lab, member: str) -> None:
    """Replay gives the event all its attempts again and takes it off the parked queue."""
    lab.send(joined(member, "fails for ever"))
    lab.send(joined(f"{member}-other", "impossible"))
    lab.parked_events(2)
    tries = len(lab.note(f"{member}-tries")["seen"])
    assert replay(lab.amqp_uri, event_id=json.loads(joined(member))["id"]) == 1
    eventually(lambda: len(lab.note(f"{member}-tries")["seen"]) == 2 * tries)
    lab.parked_events(2)


def test_replay_takes_each_event_once_even_when_it_is_parked_again_at_once(lab: Lab) -> None:
    """What comes back into the parked queue during a replay waits for the next one."""
    for number in range(30):
        lab.send(f"nonsense {number}".encode())
    lab.parked_events(30)
    assert replay(lab.amqp_uri) == 30
    lab.parked_events(30)


def test_dropped_event_is_gone_and_no_other_with_it(lab: Lab, member: str) -> None:
    """What cannot be mended need not come back with every replay."""
    lab.send(joined(member, "impossible"))
    lab.send(joined(f"{member}-other", "impossible"))
    kept, dropped = sorted(event.id for event in lab.parked_events(2))
    assert drop(lab.amqp_uri, dropped) == 1
    assert [event.id for event in lab.parked_events(1)] == [kept]


def test_events_without_an_id_get_one_each_and_keep_it(lab: Lab) -> None:
    """Dropping one leaves the other, also when it was replayed."""
    for number in range(2):
        lab.send(f"nonsense {number}".encode())
        lab.send(f"by hand {number}".encode(), QUEUE, declared_queues.PARKED)
    ids = {event.body: event.id for event in lab.parked_events(4)}
    assert len(set(ids.values())) == 4
    assert drop(lab.amqp_uri, ids.pop("nonsense 0")) == 1
    assert replay(lab.amqp_uri) == 3
    assert {event.body: event.id for event in lab.parked_events(3)} == ids


@pytest.mark.parametrize(
    ("body", "routing_key", "properties"),
    [
        (b'{"id": "a\\ud800\x7f", "type": ["\\udfff"]}', QUEUE, {}),
        (b'"\\ud800"', QUEUE, {"content_encoding": "raw_unicode_escape"}),
        (b"\xff\xfe", QUEUE, {"message_id": b"\xff" * 255, "content_encoding": "utf-8"}),
        (b"", QUEUE, {"correlation_id": b"\xff"}),
        (b'{"id": "%s"}' % (b"long" * 100), QUEUE, {"app_id": "\ud800"}),
        (b"{}", b"\xff", {"application_headers": {"x-datalab-queue": QUEUE, "x-death": [7]}}),
        (b"{}", QUEUE, {"application_headers": {"x-death": "\ud800", REASON: "\ud800"}}),
        (b"{}", QUEUE, {"application_headers": {"compression": "application/x-gzip"}}),
    ],
)
def test_strange_parked_message_can_be_shown_replayed_and_dropped(
    lab: Lab, body: bytes, routing_key: str | bytes, properties: dict[str, Any]
) -> None:
    """Whatever is in the parked queue, the tools work; its body stays as it is."""
    lab.send(body, routing_key, declared_queues.PARKED, **properties)
    (event,) = lab.parked_events()
    assert show(lab.amqp_uri, event.id) == event
    assert event.queue == QUEUE
    assert event.model_dump_json().encode()
    assert replay(lab.amqp_uri, event.id) == 1
    assert lab.parked_events()[0].id == event.id
    assert lab.parked_body() == body
    lab.send(body, routing_key, declared_queues.PARKED, **properties)
    lab.parked_events()
    assert drop(lab.amqp_uri, event.id) == 1
    assert parked(lab.amqp_uri) == []


@pytest.mark.parametrize("queue", ["nowhere", "q" * 300])
def test_event_of_a_queue_that_is_gone_stays_parked_and_holds_no_other(
    lab: Lab, queue: str
) -> None:
    """What can be replayed is, and the operator hears of the rest."""
    lab.send(b"1", QUEUE, declared_queues.PARKED, application_headers={HOME: queue})
    lab.send(b"2", "recorder.on.project_withdrawn", declared_queues.PARKED)
    lab.send(b"3", "intake.on.project_withdrawn", declared_queues.PARKED)
    lab.parked_events(3)
    text = rf"^1 events are back in their queues, 2 stay parked: no queue is called {queue[:255]}$"
    with pytest.raises(NotFound, match=text):
        replay(lab.amqp_uri)
    reasons = {event.body: event.reason for event in lab.parked_events(3)}
    assert [reasons["1"], reasons["2"]] == ["unknown"] * 2
    assert "Invalid JSON" in reasons["3"] or "body" in reasons["3"]


@pytest.mark.parametrize("settle", [drop, replay])
def test_unknown_parked_event_is_neither_dropped_nor_replayed(
    lab: Lab, member: str, settle: Callable[..., int]
) -> None:
    """A misspelt id is told, also when the event waits for another queue."""
    lab.send(joined(member, "impossible"))
    (event,) = lab.parked_events()
    with pytest.raises(NotFound, match="no parked event has the id nothing"):
        settle(lab.amqp_uri, "nothing")
    with pytest.raises(NotFound, match=f"no parked event of elsewhere has the id {event.id}"):
        settle(lab.amqp_uri, event.id, queue="elsewhere")
    assert lab.parked_events() == [event]


def test_showing_an_unknown_parked_event_says_so(lab: Lab) -> None:
    """An id that is not parked is an error with that id."""
    with pytest.raises(NotFound, match="evt-404"):
        show(lab.amqp_uri, "evt-404")


def test_two_workers_share_the_events_and_none_is_done_twice(lab: Lab, member: str) -> None:
    """A second process of the same service takes its part of the same queue."""
    with sample("Recorder", lab.environ):
        for number in range(60):
            lab.send(joined(f"{member}-{number}"))
            lab.send(joined(f"{member}-{number}"))
        eventually(lab.is_quiet)
        seen = [lab.note(f"{member}-{number}").get("seen", []) for number in range(60)]
    assert [len(deliveries) for deliveries in seen] == [1] * 60
