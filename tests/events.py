"""Events as the services that own them record and publish them, and what is heard of them."""

import json
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

import amqp

from shared.aggregate import Aggregate, now
from shared.events import Envelope, Event, wrap
from shared.trace import child_of
from tests.servers import Broker

E = TypeVar("E", bound=Event)


def topics(aggregate: Aggregate) -> list[str]:
    """The topics of the events recorded since the last save, in order."""
    return [event.topic for event in aggregate.recorded()]


def enveloped(
    event: E, subject: str, sequence: int = 1, time: datetime | None = None
) -> Envelope[E]:
    """The event as a listener is given it."""
    return Envelope(
        id=f"{event.topic}-{subject}-{sequence}-0",
        source=event.source,
        type=event.topic,
        subject=subject,
        time=time or now(),
        sequence=sequence,
        correlationid=getattr(event, "project_id", None) or subject,
        data=event,
    )


def publish(
    broker: Broker, vhost: str, event: Event, *, subject: str, sequence: int, times: int = 1
) -> dict[str, Any]:
    """Publish `event`, `times` in a row as after a crash of a relay; its envelope."""
    envelope = wrap(
        event, subject=subject, sequence=sequence, number=0, time=now(), traceparent=child_of(None)
    )
    with broker.connection(vhost) as connection:
        channel = connection.channel()
        for _ in range(times):
            message = amqp.Message(
                json.dumps(envelope), content_type="application/json", delivery_mode=2
            )
            channel.basic_publish_confirm(message, f"{event.source}.events", event.topic)
    return envelope


class Listener:
    """Hears everything that one service publishes from now on."""

    def __init__(self, broker: Broker, vhost: str, source: str) -> None:
        self._broker, self._vhost, self._queue = broker, vhost, f"heard-{uuid4().hex}"
        self._heard: dict[str, dict[str, Any]] = {}
        self._open = ExitStack()
        self._channel = self._connect()
        self._channel.queue_declare(self._queue, durable=True, auto_delete=False)
        self._channel.queue_bind(self._queue, f"{source}.events", "#")

    def heard(self) -> list[dict[str, Any]]:
        """The envelopes so far, each once, in the order of arrival."""
        try:
            self._listen()
        except (OSError, amqp.AMQPError):  # the broker was killed, or closed what was long idle
            self._channel = self._connect()
            self._listen()
        return list(self._heard.values())

    def _connect(self) -> Any:
        """A channel on a connection that is kept: a test asks twenty times a second."""
        with suppress(OSError, amqp.AMQPError):
            self._open.close()
        return self._open.enter_context(self._broker.connection(self._vhost)).channel()

    def _listen(self) -> None:
        while message := self._channel.basic_get(self._queue, no_ack=True):
            envelope = json.loads(message.body)
            self._heard.setdefault(envelope["id"], envelope)
