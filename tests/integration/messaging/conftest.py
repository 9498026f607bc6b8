"""Two small services as real processes, and what a test needs to provoke and watch them."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import amqp
import pytest

from deploy.parked import ParkedEvent, parked
from deploy.queues import declare
from shared.aggregate import now
from shared.events import MemberJoined, wrap
from shared.messaging import declared_queues
from shared.trace import child_of
from tests.conftest import Token
from tests.integration.messaging.samples import Announcer, Recorder
from tests.lab import ServiceLab
from tests.servers import Broker, RunningService, eventually, running

RETRIES = (0.2, 0.4)


@dataclass
class Lab(ServiceLab):
    """The running samples, with the broker and documents behind them."""

    tested = "recorder"

    recorder: RunningService
    announcer: RunningService

    @property
    def amqp_uri(self) -> str:
        """The broker's address."""
        return self.environ["DATALAB_AMQP_URI"]

    def note(self, identifier: str, service: str = "") -> dict[str, Any]:
        """The document of that id; empty when there is none."""
        with self.database(service) as database:
            return database["notes"].find_one({"_id": identifier}) or {}

    def parked_events(self, count: int = 1) -> list[ParkedEvent]:
        """The parked events, once there are `count`."""
        parked_events: list[ParkedEvent] = []

        def look() -> bool:
            parked_events[:] = parked(self.amqp_uri)
            return len(parked_events) == count

        eventually(look)
        return parked_events

    def parked_body(self) -> bytes:
        """Take the oldest parked message, once there is one: its bytes."""
        bodies: list[bytes] = []
        with self.broker.connection(self.vhost) as connection:
            channel = connection.channel()
            channel.auto_decode = False

            def take() -> bool:
                message = channel.basic_get(declared_queues.PARKED, no_ack=True)
                bodies.extend([message.body or b""] if message else [])
                return bool(bodies)

            eventually(take)
        return bodies[0]

    def is_quiet(self) -> bool:
        """Whether no queue holds a message, but for the parked one."""
        return not any(n for name, n in self.queues().items() if name != declared_queues.PARKED)

    def send_all(self, *bodies: bytes) -> None:
        """Publish these events of intake over one connection."""
        with self.broker.connection(self.vhost) as connection:
            channel = connection.channel()
            for body in bodies:
                message = amqp.Message(body, content_type="application/json")
                channel.basic_publish_confirm(message, "intake.events", "member_joined")

    def send(
        self,
        body: bytes,
        routing_key: str | bytes = "member_joined",
        exchange: str = "intake.events",
        **properties: Any,
    ) -> None:
        """Publish raw bytes, by default where intake publishes its events."""
        with self.broker.connection(self.vhost) as connection:
            connection.channel().basic_publish_confirm(
                amqp.Message(body, **{"content_type": "application/json", **properties}),
                exchange,
                routing_key,
            )

    def send_request(self, body: bytes, routing_key: str | bytes, **properties: Any) -> None:
        """Publish a hand-made RPC request."""
        self.send(body, routing_key, "nameko-rpc", **properties)

    def answer(self, body: bytes, routing_key: str, **properties: Any) -> dict[str, Any]:
        """The answer to a hand-made RPC request."""
        with self.broker.connection(self.vhost) as connection:
            channel = connection.channel()
            queue = channel.queue_declare(exclusive=True).queue
            channel.queue_bind(queue, "nameko-rpc", queue)
            self.send_request(body, routing_key, reply_to=queue, correlation_id="1", **properties)
            eventually(lambda: channel.queue_declare(queue, passive=True).message_count)
            answer: dict[str, Any] = json.loads(channel.basic_get(queue).body)
        return answer

    def handles(self, member_id: str) -> list[str]:
        """Wait until the recorder handled an event of a member; the ids of what it handled."""
        eventually(lambda: self.note(member_id).get("seen"))
        return list(self.note(member_id)["seen"])


def joined(member_id: str, name: str = "Ville", **changes: Any) -> bytes:
    """A member_joined event on the wire, with fields of the envelope changed."""
    event = MemberJoined(member_id=member_id, name=name, kind="city", skills=(), territory=())
    envelope = wrap(
        event, subject=member_id, sequence=1, number=0, time=now(), traceparent=child_of(None)
    )
    return json.dumps({**envelope, **changes}).encode()


def sample(
    name: str, environ: Mapping[str, str]
) -> contextlib.AbstractContextManager[RunningService]:
    """One of the sample services as a process."""
    return running(f"tests.integration.messaging.samples:{name}", environ)


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """Both samples, running."""
    amqp_uri = broker.uri(vhost)
    environ = {
        **module_environ,
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_RPC_SECONDS": "3",
    }
    declare(amqp_uri, [Recorder, Announcer], RETRIES)
    eventually(lambda: broker.recorded(vhost), what="the node recorded the new queues")
    with sample("Recorder", environ) as recorder, sample("Announcer", environ) as announcer:
        yield Lab(broker, vhost, environ, token, recorder, announcer)


@pytest.fixture
def member() -> str:
    """A member id of this test's own."""
    return f"mbr_{uuid4().hex}"


@pytest.fixture(autouse=True)
def _nothing_parked(lab: Lab) -> None:
    """Each test begins with an empty parked queue, and nothing of the last one on its way to it."""
    with lab.broker.connection(lab.vhost) as connection:
        channel = connection.channel()
        eventually(lambda: lab.is_quiet() and not channel.queue_purge(declared_queues.PARKED))
