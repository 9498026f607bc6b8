"""What becomes of deliveries that fail, and of the endpoints behind them."""

import threading
from typing import Any

from deploy.local.ports import LOOPBACK
from services.notify.model import ABANDONED_IN_ROW, Endpoint
from shared.outbound import Names
from tests.integration.notify.sending import Outgoing, add_endpoint
from tests.servers import eventually
from tests.web_server import answer


def test_failure_is_tried_again_under_the_same_id(outgoing: Outgoing) -> None:
    """Every attempt is recorded with its status and time."""
    outgoing.receiver.answers["/flaky"] = answer(500)
    (identifier,) = outgoing.due("/flaky")
    with outgoing.sending():
        eventually(lambda: len(outgoing.receiver.calls("/flaky")) == 2)
        outgoing.receiver.answers["/flaky"] = answer(200)
        outgoing.wait_for("delivered", [identifier])
    attempts = outgoing.deliveries.get(identifier).attempts
    assert [attempt.status for attempt in attempts][:2] == [500, 500]
    assert attempts[-1].status == 200
    assert {call.id for call in outgoing.receiver.calls("/flaky")} == {identifier}


def test_delivery_is_abandoned_after_its_last_attempt(outgoing: Outgoing) -> None:
    """One attempt, then one after each wait; the event about it is in the outbox."""
    outgoing.receiver.answers["/bad"] = answer(500)
    (identifier,) = outgoing.due("/bad")
    outgoing.send_until("abandoned", [identifier])
    delivery = outgoing.deliveries.get(identifier)
    assert [attempt.status for attempt in delivery.attempts] == [500] * 4
    assert [event["type"] for event in delivery.outbox] == ["delivery_abandoned"]


def test_gone_disables_the_endpoint(outgoing: Outgoing) -> None:
    """410 means never again: what else is due to it is given up without a call."""
    outgoing.receiver.answers["/gone"] = answer(410)
    endpoint = outgoing.endpoint("/gone")
    ids = outgoing.due(endpoint, 3)
    outgoing.send_until("abandoned", ids)
    due_endpoint = outgoing.store.of(Endpoint).get(endpoint.id)
    assert (due_endpoint.state, [event["type"] for event in due_endpoint.outbox]) == (
        "disabled",
        ["endpoint_disabled"],
    )
    assert "410" in due_endpoint.reason
    assert len(outgoing.receiver.calls("/gone")) == 1


def test_endpoint_that_always_fails_is_disabled(outgoing: Outgoing) -> None:
    """After a few abandoned deliveries in a row."""
    outgoing.receiver.answers["/bad"] = answer(500)
    endpoint = outgoing.endpoint("/bad")
    ids = outgoing.due(endpoint, ABANDONED_IN_ROW + 1)
    outgoing.send_until("abandoned", ids)
    assert outgoing.store.of(Endpoint).get(endpoint.id).state == "disabled"


def test_deleted_endpoint_is_not_called(outgoing: Outgoing) -> None:
    """What was under way to it is given up."""
    endpoint = outgoing.endpoint("/deleted")
    ids = outgoing.due(endpoint)
    outgoing.store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    outgoing.send_until("abandoned", ids)
    assert outgoing.receiver.calls("/deleted") == []


def test_redirect_is_a_failure(outgoing: Outgoing) -> None:
    """The new address might be anywhere."""
    outgoing.receiver.answers["/old"] = answer(302, Location=outgoing.receiver.url("/new"))
    (identifier,) = outgoing.due("/old")
    outgoing.send_until("abandoned", [identifier])
    assert {attempt.status for attempt in outgoing.deliveries.get(identifier).attempts} == {302}
    assert outgoing.receiver.calls("/new") == []


def test_retry_after_is_waited_for(outgoing: Outgoing) -> None:
    """An endpoint that asks for a second gets one, though the schedule is shorter."""
    outgoing.receiver.answers["/busy"] = answer(429, Retry_After="1")
    outgoing.due("/busy")
    with outgoing.sending():
        eventually(lambda: len(outgoing.receiver.calls("/busy")) == 2)
    first, second = outgoing.receiver.calls("/busy")
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
        over.wait(60 if host.endswith(".silent") else 0)
        return [(0, 0, 0, "", (LOOPBACK, port))]

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
