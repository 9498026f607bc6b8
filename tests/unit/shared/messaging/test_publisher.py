"""How long publishing takes at most, and what it remembers of a lost connection."""

import time
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from greenlet import GreenletExit

from shared.messaging.publisher import Outgoing, Publisher, PublishOutcome
from tests.servers import PATIENCE_SECONDS
from tests.unit.shared.messaging.test_frames import Socket, Tuned

MESSAGE = Outgoing(exchange="", routing_key="q", body=b"{}", id="evt-1")


class Channel:
    """A channel whose broker confirms at once, or never."""

    def __init__(self, publisher: Publisher, *, confirms: bool) -> None:
        self.publisher, self.confirms = publisher, confirms

    def basic_publish(self, *_: Any, **__: Any) -> None:
        """Take the one message of the test."""
        if self.confirms:
            self.publisher._on_ack(1, multiple=False)


def connect(publisher: Publisher, *, confirms: bool) -> None:
    """What `_serve` does, without a broker."""
    publisher._tag, publisher._channel = 0, Channel(publisher, confirms=confirms)
    publisher._connected.send(None)


def test_connection_that_was_lost_costs_its_time_and_says_nothing_of_the_next() -> None:
    """A broker that comes back late and confirms nothing costs the timeout once."""
    publisher = Publisher()
    eventlet.spawn_after(1, connect, publisher, confirms=False)
    began = time.monotonic()
    assert publisher.publish_all([MESSAGE], 2) == [PublishOutcome.LOST]
    assert 1.9 < time.monotonic() - began < 3
    publisher = Publisher()
    connect(publisher, confirms=True)
    returned = SimpleNamespace(properties={"message_id": MESSAGE.id})
    publisher._on_return(None, "", "q", returned)
    publisher._disconnect()
    connect(publisher, confirms=True)
    assert publisher.publish_all([MESSAGE], PATIENCE_SECONDS) == [PublishOutcome.CONFIRMED]


def test_writer_that_is_killed_leaves_nothing_held_back() -> None:
    """Whoever publishes next, or the heartbeat, would otherwise speak to nobody."""
    publisher, socket = Publisher(), Socket()
    publisher._buffer.writer(Tuned(), socket)

    def write_and_die() -> None:
        with publisher._buffered():
            publisher._buffer.write(memoryview(b"held"))
            raise GreenletExit

    with pytest.raises(GreenletExit):
        write_and_die()
    publisher._buffer.write(memoryview(b"next"))
    assert socket.writes == [b"held", b"next"]
