"""Handling of events that wait in a queue, by a handler that does nothing, events a second.

Both sides decode, run the method in a worker and acknowledge; ours validates the envelope too and
consumes from a quorum queue, nameko's handler from the classic queue it declares.
"""

# ruff: noqa: E402 - a contender patches the standard library before it imports

import os
import sys

EVENTS = 5_000

if __name__ == "__main__":
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    import eventlet

    eventlet.monkey_patch()

import json
import time
from pathlib import Path
from typing import Any

from eventlet.event import Event as Signal
from kombu import Connection, Exchange, Producer, Queue
from nameko.containers import ServiceContainer
from nameko.events import event_handler

from deploy.queues import declare
from deploy.run import container_config
from shared.events import Envelope, ProjectSubmitted
from shared.messaging import on
from shared.messaging.on import Container
from shared.settings import Settings
from tests.benchmarks.bodies import body

done = Signal()
handled: list[float] = []


def count() -> None:
    """Note one handled event."""
    handled.append(time.monotonic())
    if len(handled) == EVENTS:
        done.send(None)


class Ours:
    """Hears of submitted projects by `@on`."""

    name = "ours"

    @on(ProjectSubmitted)
    def hear(self, envelope: Envelope[ProjectSubmitted]) -> None:  # noqa: ARG002
        """Do nothing."""
        count()


class Stock:
    """Hears of submitted projects by nameko's own decorator."""

    name = "stock"

    @event_handler("intake", "project_submitted")
    def hear(self, payload: dict[str, Any]) -> None:  # noqa: ARG002
        """Do nothing."""
        count()


def settings(uri: str) -> Settings:
    """Settings as the services have them; nothing but the broker is used."""
    return Settings(
        amqp_uri=uri,
        mongodb_uri="mongodb://127.0.0.1:1",
        storage_url="memory://",
        token_public_key=Path(__file__),
        http_port=1,
    )


def fill(uri: str, queue: Queue | None) -> None:
    """Let the events wait in the queue."""
    exchange = Exchange("intake.events", type="topic", durable=True)
    with Connection(uri) as connection:
        if queue is not None:
            queue.bind(connection.channel()).declare()
        producer = Producer(connection.channel(), exchange, auto_declare=False)
        for _ in range(EVENTS):
            producer.publish(
                body(),
                routing_key="project_submitted",
                content_type="application/json",
                content_encoding="utf-8",
            )


def main() -> None:
    """Measure one contender and print its rate as JSON."""
    contender, uri = sys.argv[1:3]
    if contender == "ours":
        declare(uri, [Ours], ())
        fill(uri, None)
        container: Any = Container(Ours, container_config(settings(uri)))
    else:
        exchange = Exchange("intake.events", type="topic", durable=True)
        name = "evt-intake-project_submitted--stock.hear"
        fill(uri, Queue(name, exchange, routing_key="project_submitted", durable=True))
        container = ServiceContainer(Stock, {"AMQP_URI": uri, "max_workers": 10})
    container.start()
    done.wait()
    print(json.dumps({"events/s": (EVENTS - 1) / (handled[-1] - handled[0])}))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
