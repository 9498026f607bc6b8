"""`@on(*events)`: a handler that ends in exactly one of done, retried or parked; its container.

While the document server does not work, or an index is being made, events wait for it instead of
being parked: they come back after the longest wait, again and again, and have an attempt left for
any other fault.

A message is acknowledged only after the handler returned, or after its copy in a retry queue or
the parked queue was confirmed by the broker. Attempts are counted in a header of our own:
RabbitMQ ignores an `x-death` that a client publishes.
"""

import logging
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from eventlet.greenpool import GreenPool
from kombu import Queue
from nameko.containers import ServiceContainer, WorkerContext
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from shared import metrics, trace
from shared.aggregate import now
from shared.errors import Rejected, Unavailable, Unreachable
from shared.events import Event, unwrap
from shared.messaging import declared_queues
from shared.messaging.consumer import MessageConsumer
from shared.messaging.publisher import Outgoing, Publisher

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

ATTEMPT = "x-datalab-attempt"
QUEUE = "x-datalab-queue"
REASON = "x-datalab-reason"
PARKED_AT = "x-datalab-parked-at"

_JITTER = 0.2


class On(Entrypoint):
    """Calls the decorated method with the Envelope of every event of one class."""

    consumer = MessageConsumer()
    publisher = Publisher()

    def __init__(self, event: type[Event], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = event

    def setup(self) -> None:
        """Name the queue; the deploy step has declared it."""
        self.service = self.container.service_name
        self.queue = Queue(declared_queues.queue_name(self.service, self.event), no_declare=True)
        self._waits: tuple[float, ...] = self.container.config["settings"].retry_seconds
        labels = (self.service, self.event.topic)
        self._done = metrics.events_handled.labels(*labels, "done")
        self.seconds = metrics.handler_seconds.labels(*labels)
        self.consumer.register_provider(self)

    def stop(self) -> None:
        """Take no more messages."""
        self.consumer.unregister_provider(self)

    def handle_message(self, message: Any) -> None:
        """Decode and check the message, then run the method in a worker."""
        try:
            envelope = unwrap(_body(message), self.event)
        except Exception as error:  # noqa: BLE001 - whatever a body provokes, it is parked
            self._finish(message, "parked", str(error))
            return
        try:
            self.container.spawn_worker(
                self,
                (envelope,),
                {},
                context_data={
                    "correlationid": envelope.correlationid,
                    "traceparent": envelope.traceparent,
                },
                handle_result=partial(self._on_result, message),
            )
        except ContainerBeingKilled:
            self.consumer.requeue_message(message)

    def _on_result(
        self, message: Any, _worker: object, result: object, exc_info: Any
    ) -> tuple[object, Any]:
        error = exc_info[1] if exc_info else None
        if error is None:
            self._finish(message, "done")
            return result, None
        reason, last = f"{type(error).__name__}: {error}", len(self._waits)
        if isinstance(error, Unreachable):
            self._finish(message, "retried", reason, last - 1)
        elif isinstance(error, Rejected):
            self._finish(message, "parked", reason)
        elif self._attempt(message) < last:
            self._finish(message, "retried", reason, last)
        elif self._documents_answer():
            self._finish(message, "parked", reason)
        else:
            self._finish(message, "retried", reason, last - 1)
        return result, None

    def _documents_answer(self) -> bool:
        """Whether the document server works: what fails while it does not is not the event's."""
        check = self.container.config["ready_checks"].get("documents")
        try:
            return check is None or not check()
        except Unavailable:
            return False

    def _finish(self, message: Any, outcome: str, reason: str = "", last: int = 0) -> None:
        try:
            if outcome == "retried":
                self._retry(message, last)
            elif outcome == "parked":
                self._park(message, reason)
        except Unavailable as error:
            log.warning("an event goes back to its queue", extra={"error": str(error)})
            self.consumer.requeue_message(message)
            return
        self.consumer.ack_message(message)
        if outcome == "done":
            self._done.inc()
        else:
            self._tell(outcome, reason)

    def _tell(self, outcome: str, reason: str) -> None:
        labels = (self.service, self.event.topic)
        metrics.events_handled.labels(*labels, outcome).inc()
        if outcome == "parked":
            metrics.events_parked.labels(*labels).inc()
        log.warning("an event was %s", outcome, extra={"event": self.event.topic, "reason": reason})

    def _retry(self, message: Any, last: int) -> None:
        """Try again after the next wait, or the longest; attempts are counted up to `last`."""
        attempt = min(self._attempt(message), len(self._waits) - 1)
        seconds = self._waits[attempt]
        metrics.events_retried.labels(self.service, self.event.topic, str(attempt + 1)).inc()
        jittered = seconds * (1 - _JITTER * random.random())  # noqa: S311 - spreads load only
        marks, expiration = {ATTEMPT: min(attempt + 1, last)}, str(round(jittered * 1000))
        self._pass_on(message, declared_queues.retry_name(seconds), marks, expiration=expiration)

    def _park(self, message: Any, reason: str) -> None:
        marks = {QUEUE: self.queue.name, REASON: reason[:1000], PARKED_AT: now().isoformat()}
        self._pass_on(message, declared_queues.PARKED, marks)

    def _pass_on(
        self, message: Any, exchange: str, marks: dict[str, Any], **properties: Any
    ) -> None:
        """Publish a copy, with `marks` in its headers; raises Unavailable without a confirm."""
        self.publisher.publish(
            Outgoing(
                exchange=exchange,
                routing_key=self.queue.name,
                body=_body(message),
                id=_id(message),
                headers={**_kept(message), **marks},
                properties=properties,
            )
        )

    @staticmethod
    def _attempt(message: Any) -> int:
        attempt = (message.headers or {}).get(ATTEMPT, 0)
        return attempt if isinstance(attempt, int) and attempt >= 0 else 0


class WorkerPool:
    """nameko's pool of workers, of which those of events are apart: no request waits for them.

    What else comes is bounded before: requests by their members' turns, calls by how many messages
    of their queue are in hand.
    """

    def __init__(self, events: int) -> None:
        self._events, self._requests = GreenPool(events), GreenPool(sys.maxsize)

    def spawn(self, run: Callable[..., None], worker: WorkerContext, *arguments: object) -> Any:
        """Run a worker in a green thread, once its pool has room."""
        is_event = isinstance(worker.entrypoint, On)
        return (self._events if is_event else self._requests).spawn(run, worker, *arguments)

    def waitall(self) -> None:
        """Wait until no worker runs."""
        self._events.waitall()
        self._requests.waitall()


class Container(ServiceContainer):
    """nameko's container, with our context, logs and timings around each worker.

    It logs no arguments: they may be somebody's data.
    """

    def __init__(self, service_cls: type[Any], config: dict[str, Any]) -> None:
        super().__init__(service_cls, config)
        self._worker_pool = WorkerPool(self.max_workers)

    def _run_worker(self, worker_ctx: WorkerContext, handle_result: Any) -> None:
        data = worker_ctx.data
        token = trace.call.set(data.get("call", ""))
        try:
            with trace.working_on(data.get("correlationid", ""), data.get("traceparent")):
                self._work(worker_ctx, handle_result)
        finally:
            trace.call.reset(token)

    def _work(self, worker_ctx: WorkerContext, handle_result: Any) -> None:
        self._inject_dependencies(worker_ctx)
        self._worker_setup(worker_ctx)
        result, exc_info, began = None, None, time.monotonic()
        try:
            method = getattr(worker_ctx.service, worker_ctx.entrypoint.method_name)
            result = method(*worker_ctx.args, **worker_ctx.kwargs)
        except Exception:  # noqa: BLE001 - the entrypoint decides what a failure means
            exc_info = sys.exc_info()
        if isinstance(worker_ctx.entrypoint, On):
            worker_ctx.entrypoint.seconds.observe(time.monotonic() - began)
        if handle_result is not None:
            result, exc_info = handle_result(worker_ctx, result, exc_info)
        self._worker_result(worker_ctx, result, exc_info)
        self._worker_teardown(worker_ctx)


def _kept(message: Any) -> dict[str, Any]:
    """The headers that go on with a message: ours; a broker's x-death would be ignored anyway."""
    attempt = (message.headers or {}).get(ATTEMPT)
    return {ATTEMPT: attempt} if isinstance(attempt, int) else {}


def _body(message: Any) -> bytes:
    """The bytes as they came; py-amqp has a text for a body without any."""
    return bytes(message.body or b"")


def _id(message: Any) -> str:
    """The id of a message without one: new, and kept from the first retry on."""
    return str(message.properties.get("message_id") or uuid4())


def on(*events: type[Event]) -> Callable[[F], F]:
    """Call the decorated method with the Envelope of every event of these classes."""

    def decorate(method: F) -> F:
        for event in events:
            On.decorator(event)(method)
        return method

    return decorate
