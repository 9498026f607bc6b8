"""What becomes of deliveries that fail, and of the endpoints behind them."""

from services.notify.model import ABANDONED_IN_ROW, Endpoint, WebhookDelivery
from shared.settings import Settings
from shared.store import Store
from tests.integration.notify.conftest import add_endpoint
from tests.integration.notify.sending import add_deliveries, sender, sending, states
from tests.servers import eventually
from tests.web_server import WebServer, answer


def test_failure_is_tried_again_under_the_same_id(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """Every attempt is recorded with its status and time."""
    receiver.answers["/flaky"] = answer(500)
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/flaky")))
    with sending(sender(store, settings)):
        eventually(lambda: len(receiver.calls("/flaky")) == 2)
        receiver.answers["/flaky"] = answer(200)
        eventually(lambda: states(store, [identifier]) == {"delivered"})
    attempts = store.of(WebhookDelivery).get(identifier).attempts
    assert [attempt.status for attempt in attempts][:2] == [500, 500]
    assert attempts[-1].status == 200
    assert {call.id for call in receiver.calls("/flaky")} == {identifier}


def test_delivery_is_abandoned_after_its_last_attempt(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """One attempt, then one after each wait; the event about it is in the outbox."""
    receiver.answers["/bad"] = answer(500)
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/bad")))
    with sending(sender(store, settings)):
        eventually(lambda: states(store, [identifier]) == {"abandoned"})
    delivery = store.of(WebhookDelivery).get(identifier)
    assert [attempt.status for attempt in delivery.attempts] == [500] * 4
    assert [event["type"] for event in delivery.outbox] == ["delivery_abandoned"]


def test_gone_disables_the_endpoint(store: Store, settings: Settings, receiver: WebServer) -> None:
    """410 means never again: what else is due to it is given up without a call."""
    receiver.answers["/gone"] = answer(410)
    endpoint = add_endpoint(store, url=receiver.url("/gone"))
    ids = add_deliveries(store, endpoint, 3)
    with sending(sender(store, settings)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    found = store.of(Endpoint).get(endpoint.id)
    assert (found.state, [event["type"] for event in found.outbox]) == (
        "disabled",
        ["endpoint_disabled"],
    )
    assert "410" in found.reason
    assert len(receiver.calls("/gone")) == 1


def test_endpoint_that_always_fails_is_disabled(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """After a few abandoned deliveries in a row."""
    receiver.answers["/bad"] = answer(500)
    endpoint = add_endpoint(store, url=receiver.url("/bad"))
    ids = add_deliveries(store, endpoint, ABANDONED_IN_ROW + 1)
    with sending(sender(store, settings)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    assert store.of(Endpoint).get(endpoint.id).state == "disabled"


def test_deleted_endpoint_is_not_called(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """What was under way to it is given up."""
    endpoint = add_endpoint(store, url=receiver.url("/deleted"))
    ids = add_deliveries(store, endpoint)
    store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    with sending(sender(store, settings)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    assert receiver.calls("/deleted") == []


def test_redirect_is_a_failure(store: Store, settings: Settings, receiver: WebServer) -> None:
    """The new address might be anywhere."""
    receiver.answers["/old"] = answer(302, Location=receiver.url("/new"))
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/old")))
    with sending(sender(store, settings)):
        eventually(lambda: states(store, [identifier]) == {"abandoned"})
    assert {attempt.status for attempt in store.of(WebhookDelivery).get(identifier).attempts} == {
        302
    }
    assert receiver.calls("/new") == []


def test_retry_after_is_waited_for(store: Store, settings: Settings, receiver: WebServer) -> None:
    """An endpoint that asks for a second gets one, though the schedule is shorter."""
    receiver.answers["/busy"] = answer(429, Retry_After="1")
    add_deliveries(store, add_endpoint(store, url=receiver.url("/busy")))
    with sending(sender(store, settings)):
        eventually(lambda: len(receiver.calls("/busy")) == 2)
    first, second = receiver.calls("/busy")
    assert second.at - first.at >= 1


def test_private_address_is_not_called_unless_allowed(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """An endpoint whose name moved inside is refused at the call, and says why."""
    endpoint = add_endpoint(store, url=receiver.url("/inside").replace("http:", "https:"))
    ids = add_deliveries(store, endpoint)
    with sending(sender(store, settings, allow_private=False)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    attempts = store.of(WebhookDelivery).get(ids[0]).attempts
    assert {(attempt.status, attempt.error) for attempt in attempts} == {
        (None, "adresse refusée : réseau privé ou réservé")
    }
    assert receiver.received == []
