"""Each way an event can end: done, retried, parked - and never lost, never done twice."""

import json
import sys
from typing import Any

import pytest

from deploy.parked import drop, parked, replay, show
from shared.errors import NotFound
from shared.messaging import declared_queues
from shared.messaging.on import ATTEMPT, REASON
from shared.messaging.on import QUEUE as HOME
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


def test_handler_that_fails_twice_succeeds_at_the_third_attempt(lab: Lab, member: str) -> None:
    """A transient failure costs retries, nothing else."""
    lab.send(joined(member, "fails twice"))
    lab.handles(member)
    assert len(lab.note(f"{member}-tries")["seen"]) == 3
    assert parked(lab.amqp_uri) == []


def test_handler_that_fails_for_ever_parks_the_event_with_its_reason(lab: Lab, member: str) -> None:
    """After the last attempt the event waits for an operator, with the reason.

    Rejected means that trying again is pointless: that one is parked at once.
    """
    lab.send(joined(member, "fails for ever"))
    lab.send(joined(f"{member}-other", "impossible"))
    reasons = {event.reason: event.queue for event in lab.parked_events(2)}
    assert reasons == {"Unavailable: not now": QUEUE, "Rejected: never": QUEUE}
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


def test_message_that_is_no_such_event_is_parked(lab: Lab) -> None:
    """Broken JSON, a wrong schema or version: the message is kept and the fault named."""
    reasons = {
        b"{not json": "Invalid JSON",
        b"\xff\xfe\x00": "Invalid JSON",
        b"[]": "body",
        b'{"specversion": "1.0"}': "id",
        joined("m", specversion="2.0"): "specversion",
        joined("m", type="project_submitted"): "project_submitted",
        joined("m", data={"member_id": 7}): "data",
        b"[" * 100_000: "Invalid JSON",
    }
    for body in reasons:
        lab.send(body)
    found = {event.body: event.reason for event in lab.parked_events(len(reasons))}
    for body, reason in reasons.items():
        assert reason in found[body.decode("utf-8", "replace")]


def test_message_of_strange_bytes_is_parked_as_it_came(lab: Lab, member: str) -> None:
    """No encoding and no property harms the process, which goes on with other events.

    An event with such a property, whose body is whole, is handled.
    """
    pid, limit, deep = lab.recorder.pid, sys.getrecursionlimit(), list[Any]()
    for _ in range(800):
        deep = [deep]
    strange: list[tuple[bytes, dict[str, Any]]] = [
        (b'{"a": "\\ud800"}', {"content_encoding": "raw_unicode_escape"}),
        (b"7/8-", {"content_encoding": "utf-7"}),
        (b"{1", {"correlation_id": b"\xff\xfe", "message_id": b"\xff" * 255}),
        (b"", {"message_id": b"\xff"}),
        (b"{2", {"application_headers": {"compression": "application/x-gzip"}}),
        (b"{3", {"application_headers": {ATTEMPT: {"a": [b"\xff"]}, b"\xff": b"\xff"}}),
        # Python reads deeper tables than it writes: a copy of this header would be impossible.
        (b"{4", {"application_headers": {ATTEMPT: deep}}),
    ]
    sys.setrecursionlimit(10_000)
    try:
        for body, properties in strange:
            lab.send(body, **properties)
    finally:
        sys.setrecursionlimit(limit)
    lab.send(joined(member), app_id=b"\xe9")
    assert {lab.parked_body() for _ in strange} == {body for body, _ in strange}
    lab.handles(member)
    assert (lab.recorder.pid, lab.recorder.alive) == (pid, True)
    assert "the consumer lost the broker" not in lab.recorder.log()


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


def test_strange_parked_message_can_be_shown_replayed_and_dropped(lab: Lab) -> None:
    """Whatever is in the parked queue, the tools work; its body stays as it is."""
    strange: list[tuple[bytes, str | bytes, dict[str, Any]]] = [
        (b'{"id": "a\\ud800\x7f", "type": ["\\udfff"]}', QUEUE, {}),
        (b'"\\ud800"', QUEUE, {"content_encoding": "raw_unicode_escape"}),
        (b"\xff\xfe", QUEUE, {"message_id": b"\xff" * 255, "content_encoding": "utf-8"}),
        (b"", QUEUE, {"correlation_id": b"\xff"}),
        (b'{"id": "%s"}' % (b"long" * 100), QUEUE, {"app_id": "\ud800"}),
        (b"{1", b"\xff", {"application_headers": {HOME: QUEUE, "x-death": [7]}}),
        (b"{2", QUEUE, {"application_headers": {"x-death": "\ud800", REASON: "\ud800"}}),
        (b"{3", QUEUE, {"application_headers": {"compression": "application/x-gzip"}}),
    ]
    for body, routing_key, properties in strange:
        lab.send(body, routing_key, declared_queues.PARKED, **properties)
    events = lab.parked_events(len(strange))
    for event in events:
        assert show(lab.amqp_uri, event.id) == event
        assert event.queue == QUEUE
        assert event.model_dump_json().encode()
    assert sum(replay(lab.amqp_uri, event.id) for event in events) == len(strange)
    again = lab.parked_events(len(strange))
    assert {event.id for event in again} == {event.id for event in events}
    assert drop(lab.amqp_uri, again[0].id) == 1
    bodies = {lab.parked_body() for _ in again[1:]}
    assert bodies < {body for body, *_ in strange}
    assert len(bodies) == len(strange) - 1


def test_event_of_a_queue_that_is_gone_stays_parked_and_holds_no_other(lab: Lab) -> None:
    """What can be replayed is, and the operator hears of the rest."""
    queue = "q" * 300
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


def test_unknown_parked_event_is_neither_dropped_nor_replayed(lab: Lab, member: str) -> None:
    """A misspelt id is told, also when the event waits for another queue."""
    lab.send(joined(member, "impossible"))
    (event,) = lab.parked_events()
    for settle in (drop, replay):
        with pytest.raises(NotFound, match="no parked event has the id nothing"):
            settle(lab.amqp_uri, "nothing")
        with pytest.raises(NotFound, match=f"no parked event of elsewhere has the id {event.id}"):
            settle(lab.amqp_uri, event.id, queue="elsewhere")
    with pytest.raises(NotFound, match="evt-404"):
        show(lab.amqp_uri, "evt-404")
    assert lab.parked_events() == [event]


def test_two_workers_share_the_events_and_none_is_done_twice(lab: Lab, member: str) -> None:
    """A second process of the same service takes its part of the same queue."""
    with sample("Recorder", lab.environ):
        lab.send_all(*(joined(f"{member}-{number % 30}") for number in range(60)))
        eventually(lab.is_quiet)
        seen = [lab.note(f"{member}-{number}").get("seen", []) for number in range(30)]
    assert [len(deliveries) for deliveries in seen] == [1] * 30
