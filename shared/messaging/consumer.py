"""Takes messages from all queues of a service, and gives back every one it cannot finish.

nameko's QueueConsumer decodes before the worker runs (and acknowledges what it cannot decode),
closes its channel while workers still hold messages, raises when the broker has gone before an
acknowledgement, and never stops while the broker is away. This one does none of that.
"""

import logging
import math
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import amqp
from eventlet import Timeout, spawn_n
from greenlet import GreenletExit
from kombu import Connection
from nameko.extensions import Extension, ProviderCollector
from nameko.messaging import QueueConsumer, QueueConsumerStopped

from shared.messaging.frames import tolerant

log = logging.getLogger(__name__)

_PREFETCH = 50
"""Messages of a queue in hand: more than work at a time, so that none waits for the broker."""

_LOOK_SECONDS = 0.2
"""How long the end of a service may wait for the consumer, idle meanwhile, to look up: twice."""

_ANSWER_SECONDS = 10
"""A quorum queue that lost its leader answers no consumer: say so and try again, never hang."""


class MessageConsumer(QueueConsumer):
    """The one consuming connection of a service container.

    A provider has a `queue`, may say that it `declares` it, and gets each raw message through
    `handle_message(message)`, which must end in `ack_message` or `requeue_message`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pending_remove_providers: dict[Any, Any] = {}
        self._in_hand = 0
        self._channel: Any = None
        self._open: dict[int, None] = {}
        self._done: list[int] = []
        self._obstacle = "messages are not taken from the broker yet"

    def setup(self) -> None:
        """Let `/readyz` know whether messages are being taken."""
        self.container.config["ready_checks"]["consumer"] = lambda: self._obstacle

    @property
    def connection(self) -> Connection:
        """Where to connect to, and how: no message may break the connection."""
        return Connection(
            self.amqp_uri,
            heartbeat=self.container.config["HEARTBEAT"],
            transport_options={"frame_handler": tolerant},
        )

    def run(self) -> None:
        """Take messages until nothing is to be consumed any more."""
        super().run(safety_interval=_LOOK_SECONDS)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """Connect, with waits short enough to be back soon after the broker is."""
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error, interval_start=0.5, interval_step=0.5, interval_max=2
            )
            try:
                yield connection
            except (OSError, amqp.AMQPError) as error:
                self._note(error)
                log.warning("the consumer lost the broker", extra={"error": str(error)})
                connection.collect()  # closing politely might wait for ever
                raise
            finally:
                self._obstacle = self._obstacle or "the connection to the broker ended"

    def on_consume_ready(self, *args: Any, **kwargs: Any) -> None:
        """Messages come from now on."""
        self._obstacle = ""
        super().on_consume_ready(*args, **kwargs)

    def get_consumers(self, consumer_cls: Callable[..., Any], channel: object) -> Iterable[Any]:
        """Build the consumers after every (re)connection, as kombu asks."""
        self._consumers = {}
        self._channel, self._open, self._done = channel, {}, []
        self._channel.auto_decode = False  # a body is the bytes that came
        for provider in self._providers:
            consumer = consumer_cls(
                queues=[provider.queue],
                on_message=partial(self.handle_message, provider),
                auto_declare=getattr(provider, "declares", False),
            )
            silent = TimeoutError(f"the broker does not answer for the queue {provider.queue.name}")
            with Timeout(_ANSWER_SECONDS, silent):
                consumer.qos(prefetch_count=_PREFETCH)
                consumer.consume()
            self._consumers[provider] = consumer
        return list(self._consumers.values())

    def handle_message(self, provider: Any, message: Any) -> None:
        """Hand a raw message to its provider in a thread of its own."""
        self._in_hand += 1
        self._open[message.delivery_tag] = None
        self.container.spawn_managed_thread(
            partial(provider.handle_message, message),
            identifier=message.delivery_info["routing_key"],
        )

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Refuse what kombu cannot decompress: the broker parks an event and drops a request."""
        log.warning("a message was refused", extra={"error": str(exc)})
        self._tell_broker(partial(message.channel.basic_reject, message.delivery_tag, False))

    def ack_message(self, message: Any) -> None:
        """Acknowledge with all that end at this moment; without effect on a lost connection."""
        self._in_hand -= 1
        if self._is_open(message):
            del self._open[message.delivery_tag]
            self._done.append(message.delivery_tag)
            if len(self._done) == 1:
                spawn_n(self._acknowledge)

    def requeue_message(self, message: Any) -> None:
        """Give the message back to its queue."""
        self._in_hand -= 1
        if self._is_open(message):
            self._tell_broker(
                partial(message.channel.basic_reject, message.delivery_tag, requeue=True)
            )
            if self._is_open(message):  # until now, or an acknowledgement might take it along
                del self._open[message.delivery_tag]

    def _is_open(self, message: Any) -> bool:
        """Whether the broker still takes an answer; else it delivers the message again."""
        return message.channel is self._channel

    def _acknowledge(self) -> None:
        """One frame for all up to the oldest in hand, one for each beyond: writing is dear."""
        # A write may wait, and the next connection counts its own tags from 1 meanwhile.
        channel, done, self._done = self._channel, sorted(self._done), []
        oldest = next(iter(self._open), math.inf)
        together = [tag for tag in done if tag < oldest]
        if together:
            self._tell_broker(partial(channel.basic_ack, together[-1], multiple=True))
        for tag in done[len(together) :]:
            self._tell_broker(partial(channel.basic_ack, tag))

    def _tell_broker(self, settle: Callable[[], None]) -> None:
        """Settle, or end the connection, so that the broker delivers all again that is open."""
        try:
            settle()
        except (OSError, amqp.AMQPError, AttributeError) as error:
            # py-amqp raises AttributeError when the connection has closed.
            log.warning("a message was not settled", extra={"error": str(error)})
            self._disconnect()

    def _disconnect(self) -> None:
        """Wake whoever reads from the connection: it connects anew."""
        with suppress(OSError, AttributeError):
            self._channel.connection.sock.shutdown(socket.SHUT_RDWR)

    def on_iteration(self) -> None:
        """Cancel what is to be cancelled; stop once nothing is consumed or in hand."""
        self._cancel_consumers_if_requested()
        if not (self._consumers or self._in_hand or self._done):
            self.should_stop = True

    def _cancel_consumers_if_requested(self) -> None:
        requested = self._pending_remove_providers
        self._pending_remove_providers = {}
        for provider, removed in requested.items():
            consumer = self._consumers.pop(provider, None)
            try:
                if consumer is not None:
                    consumer.cancel()
            except (OSError, amqp.AMQPError) as error:
                log.warning("a consumer was not cancelled", extra={"error": str(error)})
            finally:
                removed.send()

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        """Say so and go on trying, unless the service is stopping."""
        self._note(exc)
        log.warning("no broker", extra={"error": str(exc), "retry_in_seconds": interval})
        if self._pending_remove_providers:
            self._consumers = {}
            self._cancel_consumers_if_requested()
            raise GreenletExit

    def _note(self, error: Exception) -> None:
        self._obstacle = f"no messages are taken from the broker: {error}"

    def unregister_provider(self, provider: Any) -> None:
        """Consume no more for `provider`; at once when consuming has not begun."""
        if self._consumers_ready.ready():
            super().unregister_provider(provider)
        else:
            # nameko's own signals the end with each provider, which it may do only once.
            ProviderCollector.unregister_provider(self, provider)

    def stop(self) -> None:
        """Return once every provider has unregistered and the connection is closed."""
        self.wait_for_providers()
        if not self._consumers_ready.ready():
            self._consumers_ready.send(None)
            self._gt.kill()
        try:
            self._gt.wait()
        except (QueueConsumerStopped, GreenletExit):
            log.debug("stopped without a broker")
        Extension.stop(self)
