"""Declares the exchanges and queues of services, before anybody publishes.

Each (service, event) has one quorum queue, `<service>.on.<topic>`, bound to the source's topic
exchange. A failed event waits in a retry queue and falls back, by dead-lettering through the
default exchange, into the queue its routing key names; one that cannot be handled ends in
`datalab.parked`. Dead-lettering is at-least-once, which is why queues reject when full.
"""

import inspect
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from amqp.exceptions import InternalError
from kombu import Connection, Exchange, Queue

from shared.events.event import Event
from shared.messaging.declared_queues import PARKED, RPC_EXCHANGE, queue_name, retry_name, rpc_queue

PAUSES = (1.0, 2.0, 5.0)
"""Seconds between declarations that met an internal error of the broker."""

_SAFE = {
    "x-queue-type": "quorum",
    "x-overflow": "reject-publish",
    "x-dead-letter-strategy": "at-least-once",
}
_DELIVERY_LIMIT = 20
"""Deliveries after which the broker itself parks a message: its handler kills the process."""


def subscriptions(service: type) -> list[type[Event]]:
    """The events a service class has an `@on` method for."""
    entrypoints = (
        entrypoint
        for _, method in inspect.getmembers(service, inspect.isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
    )
    events = {entrypoint.event for entrypoint in entrypoints if hasattr(entrypoint, "event")}
    return sorted(events, key=lambda event: event.topic)


def exchanges(services: Iterable[type]) -> list[Exchange]:
    """The event exchanges that these services publish to or listen on."""
    names = {_name(service) for service in services}
    names |= {event.source for service in services for event in subscriptions(service)}
    return [Exchange(f"{name}.events", type="topic", durable=True) for name in sorted(names)]


def event_queues(service: type) -> list[Queue]:
    """The event queues of one service, bound to where their events come from."""
    return [
        Queue(
            queue_name(_name(service), event),
            Exchange(f"{event.source}.events", type="topic", durable=True),
            routing_key=event.topic,
            queue_arguments={
                **_SAFE,
                "x-dead-letter-exchange": PARKED,
                "x-dead-letter-routing-key": queue_name(_name(service), event),
                "x-delivery-limit": _DELIVERY_LIMIT,
            },
        )
        for event in subscriptions(service)
    ]


def retry_queue(seconds: float) -> Queue:
    """The queue in which events wait for `seconds` before they fall back into their own queue."""
    return _fanout(
        retry_name(seconds),
        {**_SAFE, "x-message-ttl": round(seconds * 1000), "x-dead-letter-exchange": ""},
    )


def parked_queue() -> Queue:
    """The queue of the events that an operator has to look at.

    Looking returns them, which counts as a delivery: the limit is out of reach.
    """
    arguments = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
    return _fanout(PARKED, {**arguments, "x-delivery-limit": 1_000_000_000})


def declare(amqp_uri: str, services: Sequence[type], retry_seconds: Iterable[float]) -> None:
    """Declare everything that `services` need; harmless when it is there already.

    Raises kombu's connection errors, and PreconditionFailed when something of that name exists
    with other properties.
    """
    persist(lambda: _declare(amqp_uri, services, retry_seconds), PAUSES)


def persist(act: Callable[[], None], pauses: Sequence[float]) -> None:
    """Act again, after each pause in seconds, while the broker answers with an internal error.

    An overloaded RabbitMQ may answer a quorum queue's declaration so, whose members are not up yet.
    """
    for pause in pauses:
        try:
            act()
        except InternalError:
            time.sleep(pause)
        else:
            return
    act()


def _declare(amqp_uri: str, services: Sequence[type], retry_seconds: Iterable[float]) -> None:
    queues = [queue for service in services for queue in event_queues(service)]
    queues += [rpc_queue(_name(service)) for service in services]
    with Connection(amqp_uri) as connection:
        channel = connection.channel()
        Exchange(RPC_EXCHANGE.name, type="topic", durable=True).declare(channel=channel)
        for exchange in exchanges(services):
            exchange.declare(channel=channel)
        for queue in [parked_queue(), *map(retry_queue, retry_seconds), *queues]:
            queue.bind(channel).declare()


def _fanout(name: str, arguments: dict[str, Any]) -> Queue:
    exchange = Exchange(name, type="fanout", durable=True)
    return Queue(name, exchange, queue_arguments=arguments)


def _name(service: type) -> str:
    return str(service.name)  # type: ignore[attr-defined]
