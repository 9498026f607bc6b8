"""The sending loop against real documents and servers, without a broker."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.ports import LOOPBACK
from services.notify.model import Endpoint
from services.notify.recorder import Recorder
from services.notify.sending.sender import TURN
from shared.aggregate import LONG_AGO
from shared.events import ProjectSubmitted
from shared.outbound import Answer, CheckedTarget, Names, TimeLimit, post
from tests.integration.notify.conftest import Commands
from tests.integration.notify.sending import SECRET, Outgoing, add_endpoint
from tests.servers import Documents, eventually
from tests.unit.notify.samples import envelope, example
from tests.web_server import Handler, answer, drip_head, hang


def test_due_deliveries_arrive_signed_and_in_order(outgoing: Outgoing) -> None:
    """The webhook-id is the delivery's id, and the reference accepts every signature."""
    endpoint = outgoing.endpoint("/hook")
    ids = outgoing.due(endpoint, 45)
    outgoing.send_until("delivered", ids)
    calls = outgoing.receiver.calls("/hook")
    assert [call.id for call in calls] == ids
    assert [call.verified(SECRET) for call in calls] == [{"number": n} for n in range(45)]
    assert calls[0].headers["content-type"] == "application/cloudevents+json; charset=utf-8"


def test_dead_endpoints_do_not_slow_a_live_one(outgoing: Outgoing) -> None:
    """With three endpoints that hang and a backlog for each, the live one gets its 50 meanwhile."""
    outgoing.receiver.answers |= {"/dead1": hang, "/dead2": hang, "/dead3": drip_head}
    for path in outgoing.receiver.answers:
        outgoing.due(path, 20)
    live = outgoing.endpoint("/live")
    with outgoing.sending():
        eventually(lambda: all(outgoing.receiver.calls(path) for path in outgoing.receiver.answers))
        outgoing.wait_for("delivered", outgoing.due(live, 50))
        # Nothing came of the first call of each that is dead.
        assert len(outgoing.receiver.received) == 50 + len(outgoing.receiver.answers)
        outgoing.receiver.closing.set()


def test_one_endpoint_is_called_once_at_a_time(outgoing: Outgoing) -> None:
    """A partner's small server is not flooded."""
    under_way, most = threading.Semaphore(0), 0

    def answer_slowly(handler: Handler) -> None:
        nonlocal most
        under_way.release()
        most = max(most, under_way._value)
        handler.server.closing.wait(0.1)
        under_way.acquire()
        answer(204)(handler)

    outgoing.receiver.answers["/small"] = answer_slowly
    outgoing.send_until("delivered", outgoing.due("/small", 5))
    assert most == 1


def test_two_workers_send_each_delivery_once(outgoing: Outgoing) -> None:
    """Leases keep two processes from sending the same one."""
    ids = outgoing.due("/once", 40)
    with outgoing.sending(workers=2):
        outgoing.wait_for("delivered", ids)
    assert sorted(call.id for call in outgoing.receiver.calls("/once")) == sorted(ids)


def test_lease_that_runs_out_brings_the_delivery_back(outgoing: Outgoing) -> None:
    """What a crashed process had in hand is sent by another one, under the same id."""
    (identifier,) = outgoing.due("/later")
    deliveries = outgoing.deliveries
    leased = deliveries.lease(deliveries.get(identifier), "next_attempt_at", timedelta(seconds=0.5))
    assert leased is not None
    outgoing.send_until("delivered", [identifier])
    (call,) = outgoing.receiver.calls("/later")
    assert call.id == identifier


def test_failure_of_ours_is_an_attempt_like_any_other(outgoing: Outgoing) -> None:
    """An error that nobody foresaw is noted and holds up nobody: no delivery goes on for ever."""

    def send(
        target: CheckedTarget, headers: Mapping[str, str], body: bytes, limit: TimeLimit
    ) -> Answer:
        if target.path == "/broken":
            raise ZeroDivisionError
        return post(target, headers, body, limit)

    broken = outgoing.due("/broken", 2)
    fine = outgoing.due("/fine", 2)
    with outgoing.sending(send=send):
        outgoing.wait_for("delivered", fine)
        outgoing.wait_for("abandoned", broken)
    attempts = outgoing.deliveries.get(broken[0]).attempts
    assert [attempt.error for attempt in attempts] == ["erreur interne de l'expéditeur"] * 4


def test_document_that_cannot_be_read_does_not_end_the_loop(
    outgoing: Outgoing, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and all is sent once the document is mended."""
    endpoints = outgoing.store._database[Endpoint.collection]
    endpoints.insert_one({"_id": "end_broken", "waiting": True, "due_at": LONG_AGO})
    ids = outgoing.due("/fine")
    with outgoing.sending():
        eventually(lambda: "validation error" in caplog.text)
        endpoints.delete_one({"_id": "end_broken"})
        outgoing.wait_for("delivered", ids)


def test_stopping_lets_the_call_in_hand_end(outgoing: Outgoing) -> None:
    """Its outcome is recorded before `run` returns."""
    outgoing.receiver.answers["/hang"] = hang
    outgoing.settings = outgoing.settings.model_copy(update={"webhook_timeout_seconds": 0.5})
    ids = outgoing.due("/hang", 2)
    with outgoing.sending():
        eventually(lambda: outgoing.receiver.calls("/hang"))
    first, second = (outgoing.deliveries.get(identifier) for identifier in ids)
    assert [attempt.error for attempt in first.attempts] == ["pas de réponse en 0,5 s"]
    assert second.attempts == ()


def test_outcome_outlives_a_crash_of_the_document_server(
    outgoing: Outgoing, document_server: Documents
) -> None:
    """What was sent while the server was down is noted once it is back, and not sent again."""
    crashed = threading.Event()

    def answer_after_the_crash(handler: Handler) -> None:
        crashed.wait()
        answer(200)(handler)

    outgoing.receiver.answers["/crash"] = answer_after_the_crash
    (identifier,) = outgoing.due("/crash")
    with outgoing.sending():
        eventually(lambda: outgoing.receiver.calls("/crash"))
        document_server.kill()
        crashed.set()
        document_server.start()
        outgoing.wait_for("delivered", [identifier])
    assert len(outgoing.receiver.calls("/crash")) == 1


@pytest.mark.parametrize("count", [1, TURN - 1])
def test_turn_writes_each_delivery_twice_and_its_endpoint_twice(
    outgoing: Outgoing, commands: Commands, count: int
) -> None:
    """A lease and what came of it; a claim and the next date."""
    endpoints, endpoint = outgoing.store.of(Endpoint), outgoing.endpoint("/hook")
    with outgoing.sending():
        eventually(lambda: commands.of("find", "deliveries"))  # what it looks for when it starts
        ids = outgoing.due(endpoint, count)
        expected = len(commands.of("update", "endpoints"))
        outgoing.wait_for("delivered", ids)
        eventually(lambda: not endpoints.get(endpoint.id).waiting)
    assert expected == 1
    written = commands.of("update", "endpoints", "deliveries")
    assert len(written) == expected + 2 + 2 * count, written


def test_event_is_sent_without_being_looked_for(outgoing: Outgoing) -> None:
    """Who recorded it has claimed the endpoint, which nobody else would find so soon."""
    add_endpoint(outgoing.store, url=outgoing.receiver.url("/hook"), sees_all=True)
    with outgoing.sending() as (sender,):
        sender._look_at = float("inf")
        sender.serve(Recorder(outgoing.store).record(envelope(example(ProjectSubmitted))))
        eventually(lambda: outgoing.receiver.calls("/hook"))


def test_failure_is_tried_again_under_the_same_id(outgoing: Outgoing) -> None:
    """Every attempt is recorded with its status and time."""
    outgoing.receiver.answers["/flaky"] = answer(500)
    (identifier,) = outgoing.due("/flaky")
    with outgoing.sending():
        eventually(lambda: len(outgoing.receiver.calls("/flaky")) >= 2)
        outgoing.receiver.answers["/flaky"] = answer(200)
        outgoing.wait_for("delivered", [identifier])
    attempts = outgoing.deliveries.get(identifier).attempts
    assert [attempt.status for attempt in attempts][:2] == [500, 500]
    assert attempts[-1].status == 200
    assert {call.id for call in outgoing.receiver.calls("/flaky")} == {identifier}


def test_retry_after_is_waited_for(outgoing: Outgoing) -> None:
    """An endpoint that asks for a second gets one, though the schedule is shorter."""
    outgoing.receiver.answers["/busy"] = answer(429, Retry_After="1")
    outgoing.due("/busy")
    with outgoing.sending():
        eventually(lambda: len(outgoing.receiver.calls("/busy")) >= 2)
    first, second, *_ = outgoing.receiver.calls("/busy")
    assert second.at - first.at >= 1


def test_private_address_is_not_called_unless_allowed(outgoing: Outgoing) -> None:
    """An endpoint whose name moved inside is refused at the call, and says why."""
    endpoint = add_endpoint(
        outgoing.store, url=outgoing.receiver.url("/inside").replace("http:", "https:")
    )
    ids = outgoing.due(endpoint)
    with outgoing.sending(allow_private=False):
        outgoing.wait_for("abandoned", ids)
    attempts = outgoing.deliveries.get(ids[0]).attempts
    assert {(attempt.status, attempt.error) for attempt in attempts} == {
        (None, "adresse refusée : 127.0.0.1 est sur un réseau privé ou réservé")
    }
    assert outgoing.receiver.received == []


def test_silent_name_server_delays_nobody_else(outgoing: Outgoing) -> None:
    """Sixty endpoints have a name each that nobody answers for; the live one gets its 20."""
    over = threading.Event()

    def look_up(host: str, port: int) -> list[tuple[Any, ...]]:
        if host.endswith(".silent"):
            over.wait()
        return [(0, 0, 0, "", (LOOPBACK, port))]

    outgoing.settings = outgoing.settings.model_copy(update={"webhook_timeout_seconds": 0.5})
    silent = [
        add_endpoint(outgoing.store, "mem_silent", f"https://{number}.silent/")
        for number in range(60)
    ]
    waiting = [identifier for endpoint in silent for identifier in outgoing.due(endpoint)]
    live = add_endpoint(
        outgoing.store, "mem_live", outgoing.receiver.url("/live", host="partner.example")
    )
    with outgoing.sending(names=Names(look_up)):
        eventually(lambda: outgoing.deliveries.get(waiting[-1]).attempts)
        outgoing.wait_for("delivered", outgoing.due(live, 20))
        over.set()
    errors = {
        a.error for delivery_id in waiting for a in outgoing.deliveries.get(delivery_id).attempts
    }
    assert "le serveur de noms ne répond pas" in errors
