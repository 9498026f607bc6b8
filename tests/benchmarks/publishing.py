"""Confirmed publishing of persistent events to a quorum queue, events a second.

`ours` is the relay as the services run it, encoding and clearing included, on a store that does
nothing; `nameko` its EventDispatcher; `aio-pika` publishes in windows of confirms; `limit` is bare
py-amqp with the bytes made beforehand.
"""

# ruff: noqa: E402, PLC0415 - a contender patches the standard library before it imports

import os
import sys

EVENTS = {"ours": 20_000, "nameko": 2_000, "aio-pika": 8_000, "limit": 20_000}
WINDOW = 500

if __name__ == "__main__" and sys.argv[1] in {"ours", "nameko"}:
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    import eventlet

    eventlet.monkey_patch()

import asyncio
import json
import time
from typing import Any

import amqp
from kombu import Connection

from deploy.queues import declare
from tests.benchmarks.bodies import body, envelope


def prepare(uri: str) -> None:
    """Declare the exchange and its queue as the lab does."""
    from services.catalog.service import Catalog

    declare(uri, [Catalog], ())


def ours(uri: str, count: int) -> float:
    """The relay, told of documents with one event each."""
    from shared.messaging.publisher import Publisher
    from shared.messaging.relay import Relay

    publisher = Publisher()
    publisher.container = _Container(uri)
    publisher.start()
    relay = Relay("intake", _Store(), (), publisher, 1)  # type: ignore[arg-type]
    documents = [{"_id": str(n), "outbox": [envelope()]} for n in range(count)]
    publisher._connected.wait()
    began = time.monotonic()
    for some in _batches(documents):
        relay._publish([(_Store, document) for document in some])  # type: ignore[misc]
    return time.monotonic() - began


def nameko(uri: str, count: int) -> float:
    """Nameko's dispatcher, which waits for each confirm."""
    from nameko.standalone.events import event_dispatcher

    dispatch = event_dispatcher({"AMQP_URI": uri})
    events = [envelope() for _ in range(count)]
    began = time.monotonic()
    for event in events:
        dispatch("intake", "project_submitted", event)
    return time.monotonic() - began


def aio_pika(uri: str, count: int) -> float:
    """aio-pika, a window of confirms at a time."""
    return asyncio.run(_aio_pika(uri, count))


async def _aio_pika(uri: str, count: int) -> float:
    import aio_pika as pika

    connection = await pika.connect(uri)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("intake.events")
        messages = [pika.Message(body(), delivery_mode=2) for _ in range(count)]
        began = time.monotonic()
        for some in _batches(messages):
            await asyncio.gather(
                *(exchange.publish(item_store, "project_submitted") for item_store in some)
            )
        return time.monotonic() - began


def limit(uri: str, count: int) -> float:
    """Bare py-amqp: write a window, read its confirms."""
    with Connection(uri) as connection:
        channel = connection.channel()
        channel.confirm_select()
        confirmed = 0

        def on_ack(tag: int, multiple: bool) -> None:  # noqa: ARG001
            nonlocal confirmed
            confirmed = max(confirmed, tag)

        channel.events["basic_ack"].add(on_ack)
        messages = [amqp.Message(body(), delivery_mode=2) for _ in range(count)]
        sent, began = 0, time.monotonic()
        for some in _batches(messages):
            for message in some:
                channel.basic_publish(message, "intake.events", "project_submitted", mandatory=True)
            sent += len(some)
            while confirmed < sent:
                connection.drain_events(timeout=10)
        return time.monotonic() - began


class _Container:
    """What a Publisher needs of its container."""

    def __init__(self, uri: str) -> None:
        self.config = {"AMQP_URI": uri}

    def spawn_managed_thread(self, loop: Any, identifier: str) -> Any:  # noqa: ARG002
        """A green thread."""
        import eventlet as green

        return green.spawn(loop)


class _Store:
    """A store that clears outboxes at no cost."""

    def published(self, *_: object) -> None:
        """Do nothing."""


def _batches(items: list[Any]) -> list[list[Any]]:
    return [items[start : start + WINDOW] for start in range(0, len(items), WINDOW)]


def main() -> None:
    """Measure one contender and print its rate as JSON."""
    contender, uri = sys.argv[1:3]
    prepare(uri)
    count = EVENTS[contender]
    sides = {"ours": ours, "nameko": nameko, "aio-pika": aio_pika, "limit": limit}
    print(json.dumps({"events/s": count / sides[contender](uri, count)}))


if __name__ == "__main__":
    main()
