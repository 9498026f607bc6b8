"""The parked queue, for operators: what is in it and why, back into its queue, or thrown away."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import amqp
from kombu import Connection

from shared.errors import NotFound, Unavailable
from shared.events.event import Frozen
from shared.messaging import declared_queues
from shared.messaging.frames import tolerant
from shared.messaging.on import PARKED_AT, QUEUE, REASON

_QUEUE_NAME = 255
"""Bytes of the longest name of a queue."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class ParkedEvent(Frozen):
    """One event that could not be handled."""

    id: str
    queue: str
    reason: str
    parked_at: str
    type: str
    body: str


def read(message: Any) -> ParkedEvent:
    """What a parked message is, however broken; what is no text has replacement signs.

    Without our marks the broker itself parked it: deliveries ran out, or a queue was full.
    """
    headers = message.headers or {}
    deaths = headers.get("x-death")
    death = deaths[0] if isinstance(deaths, list) and deaths else {}
    death = death if isinstance(death, dict) else {}
    body = bytes(message.body or b"").decode("utf-8", "replace")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    envelope = parsed if isinstance(parsed, dict) else {}
    queue = headers.get(QUEUE) or death.get("queue") or message.delivery_info["routing_key"]
    return ParkedEvent(
        id=_id(envelope.get("id"), message),
        queue=_text(queue),
        reason=_text(headers.get(REASON) or death.get("reason") or "unknown"),
        parked_at=_text(headers.get(PARKED_AT) or death.get("time") or ""),
        type=_text(envelope.get("type") or "unknown"),
        body=body,
    )


def _id(event_id: object, message: Any) -> str:
    """The event's own id, else the message's, as it can be shown and typed."""
    identifier = event_id if event_id and isinstance(event_id, str) else _message_id(message)
    return "".join(
        character if character.isprintable() else _REPLACEMENT for character in identifier
    )


def _message_id(message: Any) -> str:
    """The id of a message without one: made of its body, so the same at each look."""
    digest = hashlib.sha256(message.body or b"").hexdigest()
    return str(message.properties.get("message_id") or f"sha256-{digest[:32]}")


def _text(value: object) -> str:
    return _SURROGATE.sub(_REPLACEMENT, str(value))


def parked(amqp_uri: str) -> list[ParkedEvent]:
    """Every parked event, oldest first; they stay where they are."""
    with _taken(amqp_uri) as (_, messages):
        return sorted(map(read, messages), key=lambda event: event.parked_at)


def show(amqp_uri: str, event_id: str) -> ParkedEvent:
    """The parked event of that id; raises NotFound."""
    for event in parked(amqp_uri):
        if event.id == event_id:
            return event
    raise NotFound(f"no parked event has the id {event_id}")


def replay(amqp_uri: str, event_id: str | None = None, queue: str | None = None) -> int:
    """Put parked events back into their queues, with all attempts again; return how many.

    Only those of `event_id` and of `queue` when given; NotFound when there is none of them, or,
    once the others are back, when a queue is not there. An event leaves the parked queue after the
    broker has confirmed its copy.
    """
    done, left = _settle(amqp_uri, event_id, queue, _is_put_back)
    if left:
        progress = f"{len(done)} events are back in their queues, {len(left)} stay parked"
        raise NotFound(f"{progress}: no queue is called {left[0].queue[:_QUEUE_NAME]}")
    return len(done)


def _is_put_back(event: ParkedEvent, channel: Any, message: Any) -> bool:
    """Whether a copy is in the event's queue; there may be no such queue."""
    if len(event.queue.encode()) > _QUEUE_NAME:
        return False
    returned: list[object] = []
    copy = amqp.Message(
        message.body or b"",
        content_type="application/json",
        delivery_mode=2,
        message_id=_message_id(message),
    )
    channel.events["basic_return"] = {lambda *arguments: returned.append(arguments)}
    channel.basic_publish_confirm(copy, "", event.queue, mandatory=True)
    return not returned


def drop(amqp_uri: str, event_id: str, queue: str | None = None) -> int:
    """Discard the parked events of that id, and of `queue` when given, for good; how many.

    Raises NotFound.
    """
    done, _ = _settle(amqp_uri, event_id, queue, lambda *_: True)
    return len(done)


def _settle(
    amqp_uri: str,
    event_id: str | None,
    queue: str | None,
    settle: Callable[[ParkedEvent, Any, Any], bool],
) -> tuple[list[ParkedEvent], list[ParkedEvent]]:
    """Take each event of that id and queue off the parked queue when `settle` could.

    Those that are off, and those that stay; NotFound when there is none of what was given.
    """
    done: list[ParkedEvent] = []
    left: list[ParkedEvent] = []
    with _taken(amqp_uri) as (channel, messages):
        for message in messages:
            event = read(message)
            # An empty id or queue is none of them, not all: a script's variable may be unset.
            if event_id not in {None, event.id} or queue not in {None, event.queue}:
                continue
            if settle(event, channel, message):
                channel.basic_ack(message.delivery_tag)
                done.append(event)
            else:
                left.append(event)
    if not (done or left) and (event_id, queue) != (None, None):
        of_queue = "" if queue is None else f" of {queue}"
        has_id = "" if event_id is None else f" has the id {event_id}"
        raise NotFound(f"no parked event{of_queue}{has_id}")
    return done, left


@contextmanager
def _taken(amqp_uri: str) -> Iterator[tuple[Any, list[Any]]]:
    """A channel and every parked message; those not acknowledged in the block are given back."""
    options = {"frame_handler": tolerant}
    try:
        with Connection(amqp_uri, connect_timeout=5, transport_options=options) as connection:
            channel = connection.channel()
            channel.auto_decode = False  # a body is the bytes that came
            # All are taken before the first is looked at: one that is put back and parked again
            # at once must not come twice. Not by the queue's count, which lags behind.
            yield channel, list(iter(partial(channel.basic_get, declared_queues.PARKED), None))
            # Whatever was not acknowledged goes back, before anybody else looks.
            channel.basic_recover(requeue=True)
    except (OSError, amqp.AMQPError) as error:
        raise Unavailable(f"the broker cannot be asked: {error}") from error
