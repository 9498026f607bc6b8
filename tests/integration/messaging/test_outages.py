"""The broker dies, the document server dies, the process is asked to stop: nothing is lost."""

import json
import signal
from datetime import timedelta

from deploy.parked import parked
from shared.aggregate import now
from tests.integration.messaging.conftest import RETRIES, Lab, joined
from tests.servers import PATIENCE_SECONDS, Documents, eventually

QUEUE = "recorder.on.member_joined"


def test_event_saved_while_the_broker_is_down_is_published_afterwards(
    lab: Lab, member: str
) -> None:
    """The outbox keeps it, the sweep publishes it."""
    lab.broker.kill()
    try:
        url = f"{lab.announcer.url}/notes/{member}"
        answer = lab.request("POST", url, lab.token("city", "holder"))
        assert answer.status == 204
        assert lab.note(member, "intake")["has_outbox"]
    finally:
        lab.broker.start()
    lab.handles(member)
    eventually(lambda: not lab.note(member, "intake")["has_outbox"])


def test_outbox_that_cannot_be_read_does_not_end_the_service(lab: Lab, member: str) -> None:
    """The sweep tells of it and comes again; handlers go on."""
    with lab.database("intake") as database:
        notes, since = database["notes"], now() - timedelta(hours=1)
        notes.insert_one({"_id": member, "has_outbox": True, "outbox_since": since})
        eventually(lambda: "KeyError: 'outbox'" in lab.announcer.log())
        notes.delete_one({"_id": member})
    eventually(lambda: not lab.announcer.alive or lab.announcer.ready())
    assert lab.announcer.alive


def test_services_survive_a_broker_restart(lab: Lab, member: str) -> None:
    """Both processes reconnect by themselves and go on.

    A call that was under way ends with an error: the caller hears of it within its deadline.
    """
    pids = (lab.recorder.pid, lab.announcer.pid)
    request = json.dumps({"args": [], "kwargs": {}}).encode()
    lab.send_request(request, "recorder.ask_slowly", reply_to="nobody", correlation_id="1")
    eventually(lambda: "asked to wait" in lab.recorder.log())
    lab.broker.restart()
    eventually(lambda: "DeadlineExceeded" in lab.recorder.log())
    eventually(lambda: lab.recorder.ready() and lab.announcer.ready())
    lab.send(joined(member))
    lab.handles(member)
    assert lab.recorder.alive
    assert (lab.recorder.pid, lab.announcer.pid) == pids


def test_queue_that_answers_no_consumer_is_named_and_tried_again(lab: Lab, member: str) -> None:
    """The service is not ready and says which queue it is; then it goes on by itself."""
    with lab.broker.speechless(lab.vhost, QUEUE):
        lab.broker.disconnect(lab.vhost)
        eventually(lambda: f"does not answer for the queue {QUEUE}" in lab.recorder.log())
        # Between two attempts it is the lost connection that it tells of.
        text = f"does not answer for the queue {QUEUE}"
        eventually(lambda: text in lab.recorder.red().get("consumer", ""))
    eventually(lab.recorder.ready)
    lab.send(joined(member))
    lab.handles(member)


def test_event_waits_for_the_documents_however_long_they_are_away(
    lab: Lab, document_server: Documents, member: str
) -> None:
    """An outage longer than all attempts delays events, which keep an attempt for other faults.

    So it is with what fails in another way meanwhile: a server that hangs shows in many.
    """

    def retried() -> int:
        return lab.recorder.log().count("Unreachable: the document server does not answer")

    before = retried()
    document_server.kill()
    try:
        lab.send(joined(member))
        lab.send(joined(f"{member}-other", "fails for ever"))
        eventually(lambda: not lab.recorder.ready())
        lab.send(joined(f"{member}-third", "needs more"))
        eventually(lambda: retried() - before > 2 * (len(RETRIES) + 1))
        assert parked(lab.amqp_uri) == []
    finally:
        document_server.start()
    lab.handles(member)
    eventually(lab.recorder.ready)
    assert len(lab.note(member)["seen"]) == 1
    assert {event.reason for event in lab.parked_events(2)} == {"Unavailable: not now"}
    assert len(lab.note(f"{member}-other-tries")["seen"]) == 2


def test_terminated_service_finishes_what_is_in_hand_and_exits_0(lab: Lab, member: str) -> None:
    """SIGTERM: the events taken are handled and acknowledged, the rest stays queued."""
    numbers = range(100)
    lab.send_all(*(joined(f"{member}-{number}") for number in numbers))
    assert lab.recorder.process is not None
    lab.recorder.process.send_signal(signal.SIGTERM)
    assert lab.recorder.process.wait(PATIENCE_SECONDS) == 0
    done = sum(bool(lab.note(f"{member}-{number}")) for number in numbers)
    assert done + lab.queues()[QUEUE] == len(numbers)
    lab.recorder.start()
    eventually(lambda: all(lab.note(f"{member}-{number}") for number in numbers))


def test_killed_service_leaves_its_events_to_the_next(lab: Lab, member: str) -> None:
    """`kill -9` in the middle: each event is still handled exactly once."""
    numbers = range(100)
    lab.send_all(*(joined(f"{member}-{number}") for number in numbers))
    lab.recorder.kill()
    lab.recorder.start()
    eventually(lambda: all(lab.note(f"{member}-{number}") for number in numbers))
    assert {len(lab.note(f"{member}-{number}")["seen"]) for number in numbers} == {1}


def test_log_lines_are_json_with_trace_and_correlation(lab: Lab, member: str) -> None:
    """A line written while an event is handled carries the event's own ids."""
    envelope = json.loads(joined(member, "impossible"))
    lab.send(json.dumps(envelope).encode())
    eventually(lambda: member in lab.recorder.log())
    lines = [json.loads(line) for line in lab.recorder.log().splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("correlationid") == member]
    assert line["traceparent"].split("-")[1] == envelope["traceparent"].split("-")[1]
