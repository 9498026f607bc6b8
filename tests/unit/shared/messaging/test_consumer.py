"""What the consumer tells the broker when telling fails."""

import socket
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest

from shared.messaging.consumer import MessageConsumer


class Channel:
    """A channel that cannot write a rejection, until its socket is shut down."""

    def __init__(self) -> None:
        self.connection = SimpleNamespace(sock=self)
        self.acknowledged: list[tuple[int, bool]] = []
        self.is_shut = False

    def shutdown(self, how: int) -> None:
        """The end of its socket, in both directions."""
        assert how == socket.SHUT_RDWR
        self.is_shut = True

    def basic_reject(self, _tag: int, *, requeue: bool) -> None:
        """Not possible now."""
        assert requeue
        raise TimeoutError("the write timed out")

    def basic_ack(self, tag: int, *, multiple: bool = False) -> None:
        """Possible while the socket is open."""
        if self.is_shut:
            raise BrokenPipeError
        self.acknowledged.append((tag, multiple))


class Container:
    """Runs nothing: the test itself settles the messages."""

    def spawn_managed_thread(self, *_: Any, **__: Any) -> None:
        """Do nothing."""


@pytest.fixture
def channel() -> Channel:
    """One channel for a consumer and its messages."""
    return Channel()


@pytest.fixture
def consumer(channel: Channel) -> MessageConsumer:
    """A consumer of that channel."""
    consumer = MessageConsumer()
    consumer.container = Container()
    consumer.get_consumers(lambda **_: None, channel)
    return consumer


def deliver(consumer: MessageConsumer, channel: Channel, tag: int) -> Any:
    """A message in the hands of the consumer."""
    message = SimpleNamespace(
        channel=channel, delivery_tag=tag, delivery_info={"routing_key": "any"}
    )
    consumer.handle_message(SimpleNamespace(handle_message=print), message)
    return message


def test_message_that_cannot_be_given_back_is_never_acknowledged(
    consumer: MessageConsumer, channel: Channel
) -> None:
    """The connection ends, and the broker delivers again what was open."""
    first, second = (deliver(consumer, channel, tag) for tag in (1, 2))
    consumer.requeue_message(first)
    consumer.ack_message(second)
    eventlet.spawn(bool).wait()  # whoever was spawned before has run
    assert channel.is_shut
    assert channel.acknowledged == []


def test_messages_that_end_together_are_acknowledged_together(
    consumer: MessageConsumer, channel: Channel
) -> None:
    """One frame for all before the oldest in hand."""
    first, second, _, fourth = (deliver(consumer, channel, tag) for tag in (1, 2, 3, 4))
    for message in (fourth, second, first):
        consumer.ack_message(message)
    eventlet.spawn(bool).wait()  # whoever was spawned before has run
    assert channel.acknowledged == [(2, True), (4, False)]
