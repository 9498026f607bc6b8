"""RPC on nameko's wire format: any stock nameko client may call, and no call harms the process.

Stock nameko dies of a request without `reply_to`, and of a reply that cannot be sent. Here a
request is checked before anything runs, and replies are best effort.
"""

import inspect
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter
from typing import Any, TypeVar

from kombu import Queue
from nameko.exceptions import ContainerBeingKilled, MalformedRequest, MethodNotFound, serialize
from nameko.rpc import Rpc as NamekoRpc
from nameko.rpc import RpcConsumer
from pydantic import ConfigDict, ValidationError, create_model
from pydantic_core import to_jsonable_python

from shared import metrics
from shared.errors import TYPED, Invalid, LabError, Rejected, invalid_of
from shared.inbound import parse_json
from shared.language.french import counted
from shared.messaging import declared_queues
from shared.messaging.consumer import MessageConsumer
from shared.messaging.publisher import Outgoing, Publisher

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

_HEADERS = ("traceparent", "correlationid")
"""The only headers that cross, in either direction."""

_NAMEKO: tuple[type[Exception], ...] = (MalformedRequest, MethodNotFound)
_CALLERS: tuple[type[Exception], ...] = (*_NAMEKO, LabError)
"""What is wrong with a request, to be told to its caller."""

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Request:
    """A checked RPC request."""

    args: list[Any]
    kwargs: dict[str, Any]
    reply_to: str
    correlation_id: str
    context: dict[str, Any]


def parse(message: Any) -> Request:
    """Read a request from a raw message.

    Raises MalformedRequest when it is none, Invalid for U+0000 and numbers that are not finite.
    """
    try:
        body = parse_json(message.body, "la requête")
    except Invalid:
        raise
    except Rejected as error:
        raise MalformedRequest(str(error)) from error
    if not isinstance(body, dict):
        raise MalformedRequest("the request is not a JSON object")
    if not body.keys() >= {"args", "kwargs"}:
        raise MalformedRequest("`args` or `kwargs` is missing")
    args, kwargs = body["args"], body["kwargs"]
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise MalformedRequest("`args` is a list and `kwargs` an object")
    properties = message.properties
    correlation_id = str(properties.get("correlation_id") or "")
    sent = message.headers or {}
    context = {name: sent[name] for name in _HEADERS if isinstance(sent.get(name), str)}
    context.setdefault("correlationid", correlation_id)
    return Request(
        args, kwargs, properties["reply_to"], correlation_id, {**context, "call": correlation_id}
    )


class RpcServer(RpcConsumer):
    """Takes the requests of a service and sends the replies."""

    queue_consumer = MessageConsumer()
    publisher = Publisher()
    queue: Queue | None

    def setup(self) -> None:
        """Name the queue; the deploy step has declared it."""
        if self.queue is None:
            self.queue = declared_queues.rpc_queue(self.container.service_name)
            self.queue_consumer.register_provider(self)

    def handle_message(self, message: Any) -> None:
        """Check a request and pass it to its method, or answer what is wrong with it."""
        if not declared_queues.REPLY_KEY.fullmatch(str(message.properties.get("reply_to") or "")):
            self._count("unknown", "no_reply_to", 0)
            log.warning("an RPC request without a reply_to that replies may go to was not run")
            self.queue_consumer.ack_message(message)
            return
        began, method = time.monotonic(), "unknown"
        try:
            provider = self.get_provider_for_method(message.delivery_info["routing_key"])
            method = provider.method_name
            provider.handle_request(parse(message), message)
        except _CALLERS as error:
            self.reply(message, method, None, error, began)

    def reply(
        self, message: Any, method: str, result: object, error: BaseException | None, began: float
    ) -> None:
        """Send the reply and acknowledge the request; a reply that cannot go is only logged."""
        try:
            body = json.dumps(_payload(result, error)).encode()
        except (TypeError, ValueError) as fault:
            error = fault
            body = json.dumps(_payload(None, fault)).encode()
        properties = message.properties
        correlation_id = str(properties.get("correlation_id") or "")
        self.publisher.post(
            Outgoing(
                exchange=declared_queues.RPC_EXCHANGE.name,
                routing_key=str(properties["reply_to"]),
                body=body,
                id=correlation_id,
                properties={"correlation_id": correlation_id},
            )
        )
        self.queue_consumer.ack_message(message)
        self._count(method, type(error).__name__ if error else "ok", time.monotonic() - began)

    def _count(self, method: str, outcome: str, seconds: float) -> None:
        labels = (self.container.service_name, method, "server", outcome)
        metrics.rpc_seconds.labels(*labels).observe(seconds)


def _payload(result: object, error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {"result": to_jsonable_python(result), "error": None}
    return {"result": None, "error": serialize(_public(error))}


def _public(error: BaseException) -> BaseException:
    """What the caller may see: the lab's errors as they are, anything else without its text."""
    if isinstance(error, ValidationError):
        return invalid_of(error)
    if isinstance(error, _NAMEKO):
        return error
    typed = next((cls for cls in type(error).__mro__ if cls in TYPED), None)
    return typed(*error.args) if typed else LabError("the service failed; its log says why")


class Arguments:
    """What a method is called with: names, defaults, and types by the annotations."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._names = [parameter.name for parameter in parameters]
        fields: dict[str, Any] = {
            parameter.name: (
                parameter.annotation,
                ... if parameter.default is Parameter.empty else parameter.default,
            )
            for parameter in parameters
        }
        self._model = create_model("Arguments", __config__=_STRICT, **fields)

    def fit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Every argument by its name; Invalid naming the first that does not fit."""
        if len(args) > len(self._names):
            most = counted(len(self._names), "argument", "arguments")
            raise Invalid(f"cette méthode prend {most} au plus")
        positional = dict(zip(self._names, args, strict=False))
        twice = sorted(positional.keys() & kwargs.keys())
        if twice:
            raise Invalid("est donné deux fois", twice[0])
        try:
            arguments = self._model.model_validate({**positional, **kwargs})
        except ValidationError as error:
            raise invalid_of(error) from error
        return {name: getattr(arguments, name) for name in self._names}


class Rpc(NamekoRpc):
    """Makes the decorated method callable as `<service>.<method>` with plain JSON arguments."""

    rpc_consumer = RpcServer()

    def setup(self) -> None:
        """Read the method's signature; one that cannot be checked stops the start."""
        super().setup()
        method = getattr(self.container.service_cls, self.method_name)
        self.arguments = Arguments(self.parameters(method))

    def parameters(self, method: Callable[..., Any]) -> list[Parameter]:
        """What callers pass to `method`: all that it takes after `self`."""
        _, *parameters = inspect.signature(method, eval_str=True).parameters.values()
        return parameters

    def inputs(self, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the method is called with; Invalid when the arguments do not fit."""
        return (), self.arguments.fit(request.args, request.kwargs)

    def handle_request(self, request: Request, message: Any) -> None:
        """Run the method in a worker; Invalid when the arguments do not fit."""
        args, kwargs = self.inputs(request)
        began = time.monotonic()
        try:
            self.container.spawn_worker(
                self,
                args,
                kwargs,
                context_data=request.context,
                handle_result=partial(self._on_result, message, began),
            )
        except ContainerBeingKilled:
            self.rpc_consumer.queue_consumer.requeue_message(message)

    def _on_result(
        self, message: Any, began: float, _worker: object, result: object, exc_info: Any
    ) -> tuple[object, Any]:
        error = exc_info[1] if exc_info else None
        if error is not None and not isinstance(error, (LabError, ValidationError)):
            log.error("an RPC method failed", exc_info=exc_info, extra={"method": self.method_name})
        self.rpc_consumer.reply(message, self.method_name, result, error, began)
        return result, None


def rpc(method: F) -> F:
    """Make the decorated method callable as `<service>.<method>` with plain JSON arguments."""
    decorated: F = Rpc.decorator(method)
    return decorated
