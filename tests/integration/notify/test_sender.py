"""The sending loop against real documents and servers, without a broker."""

import itertools
import threading
import time
from collections.abc import Mapping
from datetime import timedelta

from services.notify.model import WebhookDelivery
from services.notify.sender import Answer, Sender, post
from shared.outbound import SsrfGuard, Target
from shared.settings import Settings
from shared.store import Store
from tests.integration.notify.conftest import SECRET, add_endpoint
from tests.integration.notify.sending import add_deliveries, sender, sending, states
from tests.servers import Documents, eventually
from tests.web_server import LONG, Handler, WebServer, answer, drip_head, hang


def test_due_deliveries_arrive_signed_and_in_order(
    store: Store, settings: Settings, receiver: WebServer
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


def test_dead_endpoints_do_not_slow_a_live_one(
    store: Store, settings: Settings, receiver: WebServer
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
    store: Store, settings: Settings, receiver: WebServer
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
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """Leases keep two processes from sending the same one."""
    ids = add_deliveries(store, add_endpoint(store, url=receiver.url("/once")), 40)
    with sending(sender(store, settings), sender(store, settings)):
        eventually(lambda: states(store, ids) == {"delivered"})
    assert sorted(call.id for call in receiver.calls("/once")) == sorted(ids)


def test_lease_that_runs_out_brings_the_delivery_back(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """What a crashed process had in hand is sent by another one, under the same id."""
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/later")))
    deliveries = store.of(WebhookDelivery)
    leased = deliveries.lease(deliveries.get(identifier), "next_attempt_at", timedelta(seconds=0.5))
    assert leased is not None
    with sending(sender(store, settings)):
        eventually(lambda: states(store, [identifier]) == {"delivered"})
    (call,) = receiver.calls("/later")
    assert call.id == identifier


def test_failure_of_ours_is_an_attempt_like_any_other(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """An error that nobody foresaw is noted and holds up nobody: no delivery goes on for ever."""

    def send(target: Target, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
        if target.path == "/broken":
            raise ZeroDivisionError
        return post(target, headers, body, seconds)

    broken = add_deliveries(store, add_endpoint(store, url=receiver.url("/broken")), 2)
    fine = add_deliveries(store, add_endpoint(store, url=receiver.url("/fine")), 2)
    with sending(Sender(store, settings, SsrfGuard(allow_private=True), send)):
        eventually(lambda: states(store, fine) == {"delivered"})
        eventually(lambda: states(store, broken) == {"abandoned"})
    attempts = store.of(WebhookDelivery).get(broken[0]).attempts
    assert [attempt.error for attempt in attempts] == ["erreur interne de l'expéditeur"] * 4


def test_stopping_lets_the_call_in_hand_end(
    store: Store, settings: Settings, receiver: WebServer
) -> None:
    """Its outcome is recorded before `run` returns."""
    receiver.answers["/hang"] = hang
    ids = add_deliveries(store, add_endpoint(store, url=receiver.url("/hang")), 2)
    with sending(sender(store, settings)):
        eventually(lambda: receiver.calls("/hang"))
    first, second = (store.of(WebhookDelivery).get(identifier) for identifier in ids)
    assert [attempt.error for attempt in first.attempts] == ["pas de réponse en 0,5 s"]
    assert second.attempts == ()


def test_outcome_outlives_a_crash_of_the_document_server(
    store: Store, settings: Settings, receiver: WebServer, document_server: Documents
) -> None:
    """What was sent while the server was down is noted once it is back, and not sent again."""
    crashed = threading.Event()

    def answer_after_the_crash(handler: Handler) -> None:
        crashed.wait(LONG)
        answer(200)(handler)

    receiver.answers["/crash"] = answer_after_the_crash
    (identifier,) = add_deliveries(store, add_endpoint(store, url=receiver.url("/crash")))
    patient = settings.model_copy(update={"webhook_timeout_seconds": 20})
    with sending(sender(store, patient)):
        eventually(lambda: receiver.calls("/crash"))
        document_server.kill()
        crashed.set()
        document_server.start()
        eventually(lambda: states(store, [identifier]) == {"delivered"})
    assert len(receiver.calls("/crash")) == 1
