"""Many dead endpoints, thousands of deleted ones: what nobody else waits for."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from prometheus_client import Gauge

from services.notify import metrics
from services.notify.commands import Webhooks
from services.notify.model import Endpoint
from services.notify.sending.due import Due
from services.notify.sending.shares import SHARE
from shared.aggregate import NEVER
from shared.auth import INSIDE
from shared.metrics import REGISTRY
from shared.outbound import Answer, CallFailed, CheckedTarget, Names, SsrfGuard, TimeLimit
from shared.settings import Settings
from shared.store import Store
from tests.integration.notify.conftest import Commands
from tests.integration.notify.sending import Outgoing, add_endpoint
from tests.servers import eventually

DEAD = 3 * SHARE
DELETED = 4_000
NAMES = Names(lambda host, port: [(0, 0, 0, host, ("93.184.216.34", port))])


@dataclass
class Receivers:
    """Everybody's servers: those below `dead.example` say nothing until `over`.

    Those in `failing` refuse the connection.
    """

    over: threading.Event = field(default_factory=threading.Event)
    calls: Counter[str] = field(default_factory=Counter)
    failing: set[str] = field(default_factory=set)
    silent_now: int = 0
    most_silent: int = 0

    def __call__(
        self,
        target: CheckedTarget,
        headers: Mapping[str, str],  # noqa: ARG002 - as it is called
        body: bytes,  # noqa: ARG002
        limit: TimeLimit,  # noqa: ARG002
    ) -> Answer:
        """Answer a call."""
        self.calls[target.host] += 1
        if target.host in self.failing:
            raise CallFailed("connexion refusée")
        if target.host.endswith(".dead.example") and not self.over.is_set():
            self.silent_now += 1
            self.most_silent = max(self.most_silent, self.silent_now)
            self.over.wait()
            self.silent_now -= 1
            raise CallFailed("pas de réponse")
        return Answer(204)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """What waits for the probe of a silent host waits for half a second: nobody here is slow."""
    return settings.model_copy(update={"webhook_timeout_seconds": 0.5})


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """Everybody's servers, until the test is over."""
    receivers = Receivers()
    yield receivers
    receivers.over.set()


def gauge_value(gauge: Gauge) -> float:
    """What notify's metric shows; other tests of this process may have left other services'."""
    (family,) = gauge.describe()
    value = REGISTRY.get_sample_value(family.name, {"service": "notify"})
    assert value is not None
    return value


def add_deleted(store: Store, member_id: str, count: int) -> None:
    """Add deleted endpoints, half of them as they were kept before there was a date."""
    endpoint = add_endpoint(store, member_id)
    store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    collection = store._database[Endpoint.collection]
    (document,) = collection.find({"_id": endpoint.id})
    stubs = [{**document, "_id": f"end_0{number:06}"} for number in range(count)]
    for old in stubs[: count // 2]:
        del old["due_at"], old["waiting"], old["failing"]
    for stub in stubs[count // 2 :]:
        stub.update(due_at=NEVER, waiting=False)
    # The test server answers nobody while it inserts: after 3 s its clients take it for dead.
    for some in range(0, count, 500):
        collection.insert_many(stubs[some : some + 500])


def test_dead_endpoints_of_a_member_delay_nobody_else(
    outgoing: Outgoing, receivers: Receivers
) -> None:
    """Each on a host of its own, with more waiting: their member's share is busy, and no more."""
    for number in range(DEAD):
        dead = add_endpoint(outgoing.store, "mem_a", f"https://{number}.dead.example/")
        outgoing.due(dead, 2)
    live = add_endpoint(outgoing.store, "mem_b", "https://live.example/")
    with outgoing.sending(send=receivers, names=NAMES):
        eventually(lambda: receivers.silent_now == SHARE)
        outgoing.wait_for("delivered", outgoing.due(live, 20))
        assert receivers.silent_now == SHARE
        # All slots of one member are taken, it waits for them itself, and nobody else does.
        eventually(lambda: gauge_value(metrics.webhook_turns) == SHARE)
        eventually(lambda: gauge_value(metrics.webhook_oldest_due) > 0)
        eventually(lambda: gauge_value(metrics.webhook_oldest_unserved) == 0)
        receivers.over.set()
    assert receivers.most_silent == SHARE


def test_deleted_endpoints_delay_nobody(
    outgoing: Outgoing, receivers: Receivers, commands: Commands
) -> None:
    """Not even the same member's new one: nobody looks at them one by one."""
    add_deleted(outgoing.store, "mem_a", DELETED)
    for member in ("mem_a", "mem_b"):
        new = add_endpoint(outgoing.store, member, f"https://{member}.example/")
        with outgoing.sending(send=receivers, names=NAMES):
            outgoing.wait_for("delivered", outgoing.due(new, 9))
    assert len(commands.of("update", "endpoints")) < DELETED / 10
    assert len(commands.of("find", "endpoints")) < DELETED / 10


def test_silent_host_is_called_once_for_each_endpoint_and_then_now_and_then(
    outgoing: Outgoing, receivers: Receivers
) -> None:
    """What is held back keeps its attempts, and goes on its way once the host is back."""
    outgoing.settings = outgoing.settings.model_copy(update={"webhook_seconds": (600.0,)})
    receivers.failing.add("dead.example")
    ids = []
    for number in range(30):
        ids += outgoing.due(add_endpoint(outgoing.store, url=f"https://dead.example/{number}"), 3)
    with outgoing.sending(send=receivers, names=NAMES):
        eventually(lambda: not Due(outgoing.store).endpoints(1))
        assert 30 <= receivers.calls["dead.example"] <= 30 + SHARE
        tries = sum(outgoing.deliveries.get(identifier).tries for identifier in ids)
        assert tries == receivers.calls["dead.example"]
        eventually(lambda: gauge_value(metrics.webhook_silent_hosts) == 1)
        eventually(lambda: gauge_value(metrics.webhook_oldest_due) == 0)
        receivers.failing.clear()
        untried = [
            identifier for identifier in ids if not outgoing.deliveries.get(identifier).attempts
        ]
        outgoing.wait_for("delivered", untried)


def test_what_is_held_back_lives_no_longer_than_its_schedule(
    outgoing: Outgoing, receivers: Receivers
) -> None:
    """A host that stays silent: deliveries end without a call each, and so do the endpoints."""
    receivers.failing.add("dead.example")
    endpoints = [
        add_endpoint(outgoing.store, url=f"https://dead.example/{number}") for number in range(30)
    ]
    ids = [delivery_id for endpoint in endpoints for delivery_id in outgoing.due(endpoint, 8)]
    with outgoing.sending(send=receivers, names=NAMES):
        outgoing.wait_for("abandoned", ids)
        assert receivers.calls["dead.example"] < len(ids)
    states = {outgoing.store.of(Endpoint).get(endpoint.id).state for endpoint in endpoints}
    assert states == {"disabled"}
    events = [event for identifier in ids for event in outgoing.deliveries.get(identifier).outbox]
    assert "le serveur ne répond plus" in {event["data"]["last_error"] for event in events}


def test_replay_is_not_held_back(outgoing: Outgoing, receivers: Receivers) -> None:
    """Somebody mended the server and wants to see it: they do not wait for a probe."""
    outgoing.settings = outgoing.settings.model_copy(update={"webhook_seconds": (600.0,)})
    receivers.failing.add("dead.example")
    endpoints = [
        add_endpoint(outgoing.store, url=f"https://dead.example/{number}") for number in range(6)
    ]
    ids = [delivery_id for endpoint in endpoints for delivery_id in outgoing.due(endpoint)]
    webhooks = Webhooks(outgoing.store, SsrfGuard(allow_private=True, names=NAMES), 50)
    with outgoing.sending(send=receivers, names=NAMES) as (sender,):
        eventually(lambda: all(outgoing.deliveries.get(identifier).attempts for identifier in ids))
        (host,) = sender._breaker._hosts.values()
        host.next_probe += 1e6
        receivers.failing.clear()
        webhooks.replay(ids[0], INSIDE)
        outgoing.wait_for("delivered", ids[:1])
