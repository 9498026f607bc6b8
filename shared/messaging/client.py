"""Calls to other services: each has a deadline, after which the broker drops the request too."""

import json
import time
import uuid
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from eventlet.event import Event as Signal
from kombu import Queue
from nameko.exceptions import deserialize, deserialize_to_instance
from nameko.extensions import DependencyProvider, SharedExtension

from shared import metrics, trace
from shared.errors import TYPED, DeadlineExceeded, Unavailable
from shared.messaging import declared_queues
from shared.messaging.consumer import MessageConsumer
from shared.messaging.publisher import Outgoing, Publisher, PublishOutcome

for _error in TYPED:
    deserialize_to_instance(_error)

_REPLY_QUEUE_EXPIRES = 300_000
"""Milliseconds without a consumer, as in stock nameko."""


class Replies(SharedExtension):
    """The reply queue of this process, and the calls that wait for it."""

    queue_consumer = MessageConsumer()
    publisher = Publisher()
    declares = True

    def __init__(self) -> None:
        self._waiting: dict[str, Signal] = {}
        self.queue: Queue | None = None

    def setup(self) -> None:
        """Name the reply queue; it is declared with every connection, and expires unused."""
        if self.queue is None:
            service = self.container.service_name
            self.queue = declared_queues.reply_queue(service, _REPLY_QUEUE_EXPIRES)
            self._key = self.queue.routing_key
            self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        """Take no more replies."""
        self.queue_consumer.unregister_provider(self)

    def handle_message(self, message: Any) -> None:
        """Wake the call that waits for this reply, if it still does."""
        self.queue_consumer.ack_message(message)
        waiting = self._waiting.pop(str(message.properties.get("correlation_id")), None)
        if waiting is not None:
            waiting.send(message.body)

    def call(
        self,
        service: str,
        method: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        seconds: float | None = None,
    ) -> Any:
        """Call `service.method` and return its result.

        Raises the typed error of the other side, Unavailable when the broker does not take the
        request, DeadlineExceeded when no reply came within `seconds`, or `rpc_seconds`.
        """
        seconds = seconds or self.container.config["settings"].rpc_seconds
        deadline = time.monotonic() + seconds
        correlation_id = str(uuid.uuid4())
        request = Outgoing(
            exchange=declared_queues.RPC_EXCHANGE.name,
            routing_key=f"{service}.{method}",
            body=json.dumps({"args": args, "kwargs": kwargs}).encode(),
            id=correlation_id,
            headers=trace.headers(),
            properties={
                "reply_to": self._key,
                "correlation_id": correlation_id,
                "expiration": str(round(seconds * 1000)),
            },
        )
        self._waiting[correlation_id] = waiting = Signal()
        try:
            self._send(request, seconds)
            body = waiting.wait(max(0.001, deadline - time.monotonic()))
        finally:
            self._waiting.pop(correlation_id, None)
        if body is None:
            raise DeadlineExceeded(f"{service}.{method} did not answer within {seconds:g} s")
        return _result(body)

    def _send(self, request: Outgoing, seconds: float) -> None:
        outcome = self.publisher.publish_all([request], seconds)[0]
        if outcome is PublishOutcome.RETURNED:
            raise Unavailable(f"no service answers to {request.routing_key}")
        if outcome is not PublishOutcome.CONFIRMED:
            raise Unavailable(f"the broker did not take the call to {request.routing_key}")


def _result(body: Any) -> Any:
    reply = json.loads(body)
    if reply.get("error"):
        raise deserialize(reply["error"])
    return reply["result"]


class ServiceProxy:
    """`client.method(*args, **kwargs)` calls `service.method`, if that is one of `methods`."""

    def __init__(
        self, replies: Replies, service: str, methods: Collection[str], seconds: float | None
    ) -> None:
        self._replies, self._service = replies, service
        self._methods, self._seconds = methods, seconds

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method not in self._methods:
            raise AttributeError(f"the RpcClient of {self._service} does not declare {method}")
        return partial(self._call, method)

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        began, outcome = time.monotonic(), "ok"
        try:
            return self._replies.call(self._service, method, args, kwargs, self._seconds)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            labels = (self._service, method, "client", outcome)
            metrics.rpc_seconds.labels(*labels).observe(time.monotonic() - began)


class RpcClient(DependencyProvider):
    """Injects the ServiceProxy of another service's `methods`, whose calls may take `seconds`."""

    replies = Replies()

    def __init__(self, service: str, *methods: str, seconds: float | None = None) -> None:
        self.service, self.methods, self._seconds = service, methods, seconds

    def get_dependency(self, worker_ctx: object = None) -> ServiceProxy:  # noqa: ARG002
        """The proxy; it takes trace headers at the moment of the call."""
        return ServiceProxy(self.replies, self.service, self.methods, self._seconds)
