"""The parked queue, for operators: what is in it and why, back into its queue, or thrown away."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import amqp
from kombu import Connection

from shared.errors import LabError, NotFound, Unavailable
from shared.events import Frozen
from shared.messaging import topology
from shared.messaging.frames import tolerant
from shared.messaging.on import PARKED_AT, QUEUE, REASON


class ParkedEvent(Frozen):
    """One event that could not be handled."""

    id: str
    queue: str
    reason: str
    parked_at: str
    type: str
    body: str


def read(message: Any) -> ParkedEvent:
    """What a parked message is, however broken its body.

    Without our marks the broker itself parked it: deliveries ran out, or a queue was full.
    """
    headers = message.headers or {}
    death = (headers.get("x-death") or [{}])[0]
    body = (
        message.body
        if isinstance(message.body, str)
        else bytes(message.body or b"").decode("latin-1")
    )
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    envelope = parsed if isinstance(parsed, dict) else {}
    queue = headers.get(QUEUE) or death.get("queue") or message.delivery_info["routing_key"]
    return ParkedEvent(
        id=str(envelope.get("id") or message.properties.get("message_id") or "unknown"),
        queue=str(queue),
        reason=str(headers.get(REASON) or death.get("reason") or "unknown"),
        parked_at=str(headers.get(PARKED_AT) or death.get("time") or ""),
        type=str(envelope.get("type") or "unknown"),
        body=body,
    )


def parked(amqp_uri: str) -> list[ParkedEvent]:
    """Every parked event, oldest first; they stay where they are."""
    found: list[ParkedEvent] = []
    _each(amqp_uri, lambda event, _channel, _message: found.append(event))
    return sorted(found, key=lambda event: event.parked_at)


def show(amqp_uri: str, event_id: str) -> ParkedEvent:
    """The parked event of that id; raises NotFound."""
    for event in parked(amqp_uri):
        if event.id == event_id:
            return event
    raise NotFound(f"no parked event has the id {event_id}")


def replay(amqp_uri: str, event_id: str | None = None, queue: str | None = None) -> int:
    """Put parked events back into their queues with all attempts before them; how many.

    Only those of `event_id` and of `queue` when given; NotFound when `event_id` is not there. An
    event leaves the parked queue after the broker has confirmed its copy.
    """

    def put_back(event: ParkedEvent, channel: Any, message: Any) -> None:
        copy = amqp.Message(
            event.body.encode("utf-8" if isinstance(message.body, str) else "latin-1"),
            content_type="application/json",
            delivery_mode=2,
            message_id=event.id,
        )
        channel.basic_publish_confirm(copy, "", event.queue, mandatory=True)

    return _settle(amqp_uri, event_id, queue, put_back)


def drop(amqp_uri: str, event_id: str, queue: str | None = None) -> int:
    """Discard the parked events of that id, and of `queue` when given, for good; how many.

    Raises NotFound.
    """
    return _settle(amqp_uri, event_id, queue, lambda *_: None)


def _settle(
    amqp_uri: str,
    event_id: str | None,
    queue: str | None,
    settle: Callable[[ParkedEvent, Any, Any], object],
) -> int:
    """Take each event of that id and queue off the parked queue once `settle` is done with it."""
    settled: list[str] = []

    def look(event: ParkedEvent, channel: Any, message: Any) -> None:
        if (event_id or event.id) == event.id and (queue or event.queue) == event.queue:
            settle(event, channel, message)
            message.ack()
            settled.append(event.id)

    _each(amqp_uri, look)
    if event_id and not settled:
        raise NotFound(f"no parked event{f' of {queue}' if queue else ''} has the id {event_id}")
    return len(settled)


def _connection(amqp_uri: str) -> Connection:
    return Connection(amqp_uri, connect_timeout=5, transport_options={"frame_handler": tolerant})


def _each(amqp_uri: str, look: Callable[[ParkedEvent, Any, Any], object]) -> None:
    """Take every parked message, look at it, and give back those that were not acknowledged."""
    try:
        with _connection(amqp_uri) as connection:
            channel = connection.channel()
            # All are taken before the first is looked at: one that is put back and parked again
            # at once must not come twice. Not by the queue's count, which lags behind.
            take = partial(channel.basic_get, topology.PARKED)
            taken = [channel.message_to_python(raw) for raw in iter(take, None)]
            for message in taken:
                look(read(message), channel, message)
            # Whatever was not acknowledged goes back, before anybody else looks.
            channel.basic_recover(requeue=True)
    except LabError:
        raise
    except (OSError, amqp.AMQPError) as error:
        raise Unavailable(f"the broker cannot be asked: {error}") from error
