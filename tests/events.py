"""Publishes an event as the service that owns it would."""

import json
from typing import Any

import amqp

from shared.aggregate import now
from shared.envelope import wrap
from shared.events import Event
from shared.trace import child_of
from tests.servers import Broker


def publish(
    broker: Broker, vhost: str, event: Event, *, subject: str, sequence: int, times: int = 1
) -> dict[str, Any]:
    """Publish `event`, `times` in a row as after a crash of a relay; its envelope."""
    envelope = wrap(
        event,
        subject=subject,
        sequence=sequence,
        number=0,
        time=now(),
        traceparent=child_of(None),
    )
    with broker.connection(vhost) as connection:
        channel = connection.channel()
        for _ in range(times):
            message = amqp.Message(
                json.dumps(envelope), content_type="application/json", delivery_mode=2
            )
            channel.basic_publish_confirm(message, f"{event.source}.events", event.topic)
    return envelope
