"""One connection a process for everything it publishes, with publisher confirms in a window.

Callers write one after the other without waiting for the broker; one green thread reads the
confirms and wakes whoever waits for them. Nothing is buffered: what was not confirmed when the
connection broke is reported as lost, and the caller decides.
"""

import enum
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import amqp
import eventlet
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection
from nameko.extensions import SharedExtension

from shared.errors import Unavailable
from shared.messaging.declared_queues import PROBE_KEY, RPC_EXCHANGE
from shared.messaging.frames import FrameBuffer, telling_blocked

log = logging.getLogger(__name__)

HEARTBEAT = 20
"""Seconds: a broker that died without closing the connection is noticed within two of these."""

CONFIRM_SECONDS = 10
_RECONNECT_SECONDS = 0.5
_PERSISTENT = 2


class PublishOutcome(enum.Enum):
    """What became of one published message."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"
    REFUSED = "refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish; `id` comes back when the broker returns it as unroutable."""

    exchange: str
    routing_key: str
    body: bytes
    id: str
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)

    def encoded(self) -> amqp.Message:
        """The persistent AMQP message."""
        return amqp.Message(
            self.body,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=_PERSISTENT,
            message_id=self.id,
            application_headers=self.headers or None,
            **self.properties,
        )


_PROBE = Outgoing(RPC_EXCHANGE.name, PROBE_KEY, b"{}", id="probe")
"""Nobody takes it: no service is called so. Every service may publish where it goes."""


class _Batch:
    """Messages published together; `done` is sent when each has its outcome."""

    __slots__ = ("done", "left", "outcomes")

    def __init__(self, size: int) -> None:
        self.outcomes = [PublishOutcome.LOST] * size
        self.left = size
        self.done = Signal()

    def settle(self, index: int, outcome: PublishOutcome) -> None:
        self.outcomes[index] = outcome
        self.left -= 1
        if self.left == 0:
            self.done.send(None)


class Publisher(SharedExtension):
    """Publishes for every extension of a service container."""

    def __init__(self) -> None:
        self._thread: Any = None
        self._connection: Any = None
        self._buffer = FrameBuffer()
        self._channel: Any = None
        self._blocked = ""
        self._unconfirmed: Any = None
        self._connected = Signal()
        self._writing = Semaphore()
        self._tag = 0
        self._pending: dict[int, tuple[_Batch, int, str]] = {}
        self._returned: set[str] = set()

    def check(self, seconds: float) -> None:
        """Raise Unavailable, saying why, unless the broker confirms a message within `seconds`."""
        if self._channel is None:
            raise Unavailable("there is no connection to the broker")
        if not self._blocked:
            (outcome,) = self.publish_all([_PROBE], seconds)
            if outcome in {PublishOutcome.CONFIRMED, PublishOutcome.RETURNED}:
                return
        if self._blocked:
            raise Unavailable(f"the broker takes no messages: {self._blocked}")
        raise Unavailable(f"the broker did not confirm a message within {seconds:g} s")

    def start(self) -> None:
        """Connect, and stay connected."""
        if self._thread is None:
            self._thread = self.container.spawn_managed_thread(self._run, identifier="publisher")

    def stop(self) -> None:
        """Disconnect; called once nobody publishes any more."""
        if self._thread is not None:
            self._thread.kill()

    def publish(self, message: Outgoing, timeout: float = CONFIRM_SECONDS) -> None:
        """Publish one message and wait for the broker's confirm; raises Unavailable without it."""
        outcome = self.publish_all([message], timeout)[0]
        if outcome is not PublishOutcome.CONFIRMED:
            raise Unavailable(f"the broker did not take the message: {outcome.value}")

    def publish_all(
        self, messages: Sequence[Outgoing], timeout: float = CONFIRM_SECONDS
    ) -> list[PublishOutcome]:
        """Publish `messages` in order and wait until each is confirmed.

        The wait for a connection and for the confirms is `timeout` seconds together.
        """
        deadline = time.monotonic() + timeout
        batch = _Batch(len(messages))
        if self._channel is None:
            self._connected.wait(timeout)
        with self._writing, self._buffered():
            for index, message in enumerate(messages):
                self._write(message, batch, index)
        if batch.left:
            batch.done.wait(max(0.001, deadline - time.monotonic()))
        return list(batch.outcomes)

    def post(self, message: Outgoing) -> None:
        """Publish one message that may get lost: no confirm, no word when nobody takes it."""
        if self._unconfirmed is not None:
            self._put(self._unconfirmed, message, mandatory=False)

    def _write(self, message: Outgoing, batch: _Batch, index: int) -> None:
        if self._channel is None:
            batch.settle(index, PublishOutcome.LOST)
            return
        self._tag += 1
        self._pending[self._tag] = (batch, index, message.id)
        self._put(self._channel, message, mandatory=True)

    @contextmanager
    def _buffered(self) -> Iterator[None]:
        """Write many frames in one go: a system call for each is most of what is left to save."""
        connection, frames = self._connection, self._buffer
        frames.hold()
        try:
            yield
        finally:
            # Also when the writer is killed: tags count what was held, so it has to be sent.
            try:
                frames.release()
            except (OSError, amqp.AMQPError) as error:
                self._give_up(connection, error)

    def _put(self, channel: Any, message: Outgoing, *, mandatory: bool) -> None:
        connection = self._connection
        try:
            channel.basic_publish(
                message.encoded(), message.exchange, message.routing_key, mandatory=mandatory
            )
        except (OSError, amqp.AMQPError) as error:
            self._give_up(connection, error)

    @staticmethod
    def _give_up(connection: Any, error: Exception) -> None:
        # A frame may have been written in part: only a new connection is trustworthy.
        log.warning("publishing failed", extra={"error": str(error)})
        connection.collect()

    def _run(self) -> None:
        while True:
            try:
                self._serve()
            except (OSError, amqp.AMQPError) as error:
                log.warning("the publisher lost the broker", extra={"error": str(error)})
            finally:
                self._disconnect()
            eventlet.sleep(_RECONNECT_SECONDS)

    def _serve(self) -> None:
        self._buffer = FrameBuffer()
        self._connection = Connection(
            self.container.config["AMQP_URI"],
            heartbeat=HEARTBEAT,
            connect_timeout=5,
            transport_options={
                "frame_writer": self._buffer.writer,
                "frame_handler": telling_blocked(self._on_blocked),
                "on_unblocked": self._on_unblocked,
            },
        )
        self._connection.connect()
        channel = self._connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._unconfirmed = self._connection.channel()
        self._tag, self._channel = 0, channel
        self._connected.send(None)
        while True:
            try:
                self._connection.drain_events(timeout=HEARTBEAT / 4)
            except TimeoutError:
                self._connection.heartbeat_check()

    def _disconnect(self) -> None:
        self._unconfirmed, self._blocked = None, ""
        if self._channel is not None:
            self._channel, self._connected = None, Signal()
        if self._connection is not None:
            self._connection.collect()
        lost, self._pending, self._returned = self._pending, {}, set()
        for batch, index, _ in lost.values():
            batch.settle(index, PublishOutcome.LOST)

    def _on_blocked(self, reason: str) -> None:
        """The broker has an alarm: it reads nothing that this connection sends."""
        self._blocked = reason

    def _on_unblocked(self) -> None:
        self._blocked = ""

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple, PublishOutcome.CONFIRMED)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple, PublishOutcome.REFUSED)

    def _on_return(self, _error: Any, _exchange: str, _key: str, message: Any) -> None:
        self._returned.add(message.properties.get("message_id", ""))

    def _settle(self, tag: int, multiple: bool, outcome: PublishOutcome) -> None:
        # Tags are written in rising order, so the dictionary is sorted by them.
        for settled in (
            list(takewhile(lambda pending_tag: pending_tag <= tag, self._pending))
            if multiple
            else [tag]
        ):
            batch, index, message_id = self._pending.pop(settled)
            if message_id in self._returned:
                self._returned.discard(message_id)
                batch.settle(index, PublishOutcome.RETURNED)
            else:
                batch.settle(index, outcome)
