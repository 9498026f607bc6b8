"""The sending loop against real documents and servers, without a broker."""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from services.notify.call import Answer, post
from services.notify.guard import Guard, Target
from services.notify.model import ABANDONED_IN_ROW, Delivery, Endpoint, delivery_id
from services.notify.sender import Sender
from shared.aggregate import now
from shared.settings import Settings, load_settings
from shared.store import Store
from tests.integration.notify.conftest import SECRET, add_endpoint
from tests.integration.notify.receiver import Receiver, answer, drip_head, hang
from tests.servers import eventually


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """Three retries, each after a moment, and half a second for a call."""
    return load_settings(
        {
            **environ,
            "DATALAB_WEBHOOK_SECONDS": "0.1,0.1,0.1",
            "DATALAB_WEBHOOK_TIMEOUT_SECONDS": "0.5",
        }
    )


@contextlib.contextmanager
def sending(*senders: Sender) -> Iterator[None]:
    """Run these senders until the block ends."""
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for sender in senders:
            sender.stop()
        for thread in threads:
            thread.join()


def sender(store: Store, settings: Settings, *, allow_private: bool = True) -> Sender:
    """A sender that may call loopback."""
    return Sender(store, settings, Guard(allow_private=allow_private))


def add_deliveries(store: Store, endpoint: Endpoint, count: int = 1) -> list[str]:
    """Save deliveries that are due; their ids, oldest first."""
    ids = []
    for number in range(count):
        at = now() - timedelta(seconds=60 - number)
        event_id = f"e{number}"
        delivery = Delivery(
            id=delivery_id(event_id, endpoint.id, at),
            endpoint_id=endpoint.id,
            event_id=event_id,
            topic="project_secured",
            body=json.dumps({"number": number}),
            next_attempt_at=at,
        )
        ids.append(store.of(Delivery).save(delivery).id)
    return ids


def states(store: Store, ids: list[str]) -> set[str]:
    """The states these deliveries are in."""
    return {store.of(Delivery).get(identifier).state for identifier in ids}


def test_due_deliveries_arrive_signed_and_in_order(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """The webhook-id is the delivery's id, and the reference accepts every signature."""
    endpoint = add_endpoint(store, url=receiver.url("/hook"))
    ids = add_deliveries(store, endpoint, 45)
    with sending(sender(store, settings)):
        eventually(lambda: states(store, ids) == {"delivered"})
    calls = receiver.calls("/hook")
    assert [call.id for call in calls] == ids
    assert [call.verified(SECRET) for call in calls] == [{"number": n} for n in range(45)]
    assert calls[0].headers["content-type"] == "application/cloudevents+json; charset=utf-8"


def test_failure_is_tried_again_under_the_same_id(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """Every attempt is recorded with its status and time."""
    receiver.answers["/flaky"] = answer(500)
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/flaky")))
    with sending(sender(store, settings)):
        eventually(lambda: len(receiver.calls("/flaky")) == 2)
        receiver.answers["/flaky"] = answer(200)
        eventually(lambda: states(store, [identifier]) == {"delivered"})
    attempts = store.of(Delivery).get(identifier).attempts
    assert [attempt.status for attempt in attempts][:2] == [500, 500]
    assert attempts[-1].status == 200
    assert {call.id for call in receiver.calls("/flaky")} == {identifier}


def test_delivery_is_abandoned_after_its_last_attempt(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """One attempt, then one after each wait; the event about it is in the outbox."""
    receiver.answers["/bad"] = answer(500)
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/bad")))
    with sending(sender(store, settings)):
        eventually(lambda: states(store, [identifier]) == {"abandoned"})
    delivery = store.of(Delivery).get(identifier)
    assert [attempt.status for attempt in delivery.attempts] == [500] * 4
    assert [event["type"] for event in delivery.outbox] == ["delivery_abandoned"]


def test_dead_endpoints_do_not_slow_a_live_one(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """With three endpoints that hang and a backlog for each, the live one gets its 50 at once."""
    receiver.answers |= {"/dead1": hang, "/dead2": hang, "/dead3": drip_head}
    for path in receiver.answers:
        add_deliveries(store, add_endpoint(store, url=receiver.url(path)), 20)
    live = add_endpoint(store, url=receiver.url("/live"))
    with sending(sender(store, settings)):
        eventually(lambda: all(receiver.calls(path) for path in receiver.answers))
        began = time.monotonic()
        ids = add_deliveries(store, live, 50)
        eventually(lambda: len(receiver.calls("/live")) == len(ids))
        seconds = receiver.calls("/live")[-1].at - began
    # One after the other behind the dead ones, they would have taken 60 times half a second.
    assert seconds < 5


def test_one_endpoint_is_called_once_at_a_time(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """A partner's small server is not flooded."""
    receiver.answers["/hang"] = hang
    add_deliveries(store, add_endpoint(store, url=receiver.url("/hang")), 5)
    with sending(sender(store, settings)):
        eventually(lambda: len(receiver.calls("/hang")) == 3)
    times = [call.at for call in receiver.calls("/hang")]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= 0.45


def test_two_workers_send_each_delivery_once(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """Leases keep two processes from sending the same one."""
    ids = add_deliveries(store, add_endpoint(store, url=receiver.url("/once")), 40)
    with sending(sender(store, settings), sender(store, settings)):
        eventually(lambda: states(store, ids) == {"delivered"})
    assert sorted(call.id for call in receiver.calls("/once")) == sorted(ids)


def test_lease_that_runs_out_brings_the_delivery_back(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """What a crashed process had in hand is sent by another one, under the same id."""
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/later")))
    deliveries = store.of(Delivery)
    leased = deliveries.lease(deliveries.get(identifier), "next_attempt_at", timedelta(seconds=0.5))
    assert leased is not None
    with sending(sender(store, settings)):
        eventually(lambda: states(store, [identifier]) == {"delivered"})
    (call,) = receiver.calls("/later")
    assert call.id == identifier


def test_gone_disables_the_endpoint(store: Store, settings: Settings, receiver: Receiver) -> None:
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
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """After a few abandoned deliveries in a row."""
    receiver.answers["/bad"] = answer(500)
    endpoint = add_endpoint(store, url=receiver.url("/bad"))
    ids = add_deliveries(store, endpoint, ABANDONED_IN_ROW + 1)
    with sending(sender(store, settings)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    assert store.of(Endpoint).get(endpoint.id).state == "disabled"


def test_deleted_endpoint_is_not_called(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """What was under way to it is given up."""
    endpoint = add_endpoint(store, url=receiver.url("/deleted"))
    ids = add_deliveries(store, endpoint)
    store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    with sending(sender(store, settings)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    assert receiver.calls("/deleted") == []


def test_redirect_is_a_failure(store: Store, settings: Settings, receiver: Receiver) -> None:
    """The new address might be anywhere."""
    receiver.answers["/old"] = answer(302, Location=receiver.url("/new"))
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/old")))
    with sending(sender(store, settings)):
        eventually(lambda: states(store, [identifier]) == {"abandoned"})
    assert {attempt.status for attempt in store.of(Delivery).get(identifier).attempts} == {302}
    assert receiver.calls("/new") == []


def test_retry_after_is_waited_for(store: Store, settings: Settings, receiver: Receiver) -> None:
    """An endpoint that asks for a second gets one, though the schedule is shorter."""
    receiver.answers["/busy"] = answer(429, Retry_After="1")
    add_deliveries(store, add_endpoint(store, url=receiver.url("/busy")))
    with sending(sender(store, settings)):
        eventually(lambda: len(receiver.calls("/busy")) == 2)
    first, second = receiver.calls("/busy")
    assert second.at - first.at >= 1


def test_private_address_is_not_called_unless_allowed(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """An endpoint whose name moved inside is refused at the call, and says why."""
    endpoint = add_endpoint(store, url=receiver.url("/inside").replace("http:", "https:"))
    ids = add_deliveries(store, endpoint)
    with sending(sender(store, settings, allow_private=False)):
        eventually(lambda: states(store, ids) == {"abandoned"})
    attempts = store.of(Delivery).get(ids[0]).attempts
    assert {(attempt.status, attempt.error) for attempt in attempts} == {
        (None, "adresse refusée : réseau privé ou réservé")
    }
    assert receiver.received == []


def test_failure_of_ours_holds_up_nobody(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """An error that nobody foresaw ends one turn; its delivery waits for its lease to run out."""

    def send(target: Target, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
        if target.path == "/broken":
            raise ZeroDivisionError
        return post(target, headers, body, seconds)

    broken = add_deliveries(store, add_endpoint(store, url=receiver.url("/broken")), 2)
    fine = add_deliveries(store, add_endpoint(store, url=receiver.url("/fine")), 2)
    with sending(Sender(store, settings, Guard(allow_private=True), send)):
        eventually(lambda: states(store, fine) == {"delivered"})
    assert states(store, broken) == {"pending"}


def test_stopping_lets_the_call_in_hand_end(
    store: Store, settings: Settings, receiver: Receiver
) -> None:
    """Its outcome is recorded before `run` returns."""
    receiver.answers["/hang"] = hang
    ids = add_deliveries(store, add_endpoint(store, url=receiver.url("/hang")), 2)
    with sending(sender(store, settings)):
        eventually(lambda: receiver.calls("/hang"))
    first, second = (store.of(Delivery).get(identifier) for identifier in ids)
    assert [attempt.error for attempt in first.attempts] == ["pas de réponse en 0,5 s"]
    assert second.attempts == ()
