"""The `as_rpc` decorator: programs call the method of a route by RPC, with plain JSON arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, TypeVar

from nameko.extensions import register_entrypoint
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from shared.auth import INSIDE, Caller, MemberId, Role
from shared.errors import invalid_of
from shared.http.route import Call, Route
from shared.inbound import Identifier
from shared.messaging.rpc import Request, Rpc

F = TypeVar("F", bound=Callable[..., Any])

_KEY = "idempotency_key"


@dataclass(frozen=True)
class Actor:
    """The argument that names the member who acts, with the roles that it acts with.

    An optional one that is left out is nobody, who knows what everybody does.
    """

    name: str
    roles: frozenset[Role] = frozenset()
    is_optional: bool = False


BY = Actor("by", frozenset({"reviewer", "operator"}))
HOLDER, OWNER, MEMBER = Actor("holder_id"), Actor("owner_id"), Actor("member_id")
ANY_MEMBER = Actor("member_id", is_optional=True)


@dataclass(frozen=True)
class WholeBody:
    """The argument that is the route's body, a JSON object."""

    name: str


def as_rpc(*arguments: str | Actor | WholeBody) -> Callable[[F], F]:
    """Let programs call the method, which has a route, by RPC under its own name as well.

    The arguments come in this order: parameters of the path, fields of the body or query,
    `idempotency_key`, an Actor, a WholeBody. Fields that are not listed are passed by name. Without
    an Actor the call sees what operators see. The answer is JSON, whatever formats the route has.
    """

    def register(method: F) -> F:
        entrypoints = method.nameko_entrypoints  # type: ignore[attr-defined]
        (route,) = [known.route for known in entrypoints if hasattr(known, "route")]
        register_entrypoint(method, RouteRpc(route, arguments))
        return method

    return register


class RouteRpc(Rpc):
    """Calls the method of a route by RPC."""

    def __init__(self, route: Route, arguments: tuple[str | Actor | WholeBody, ...]) -> None:
        super().__init__()
        self._route = route
        self._listed = arguments
        self._actor = next((part for part in arguments if isinstance(part, Actor)), None)
        self._whole = next((part for part in arguments if isinstance(part, WholeBody)), None)

    def parameters(self, method: object) -> list[Parameter]:  # noqa: ARG002 - the route has them
        """What callers pass; raises KeyError for an argument that is nothing of the route."""
        listed = [self._parameter(argument) for argument in self._listed]
        names = {parameter.name for parameter in listed}
        others = [self._parameter(name) for name in self._fields if name not in names]
        return listed + [other.replace(kind=Parameter.KEYWORD_ONLY) for other in others]

    def inputs(self, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The Call that the request makes, and the parameters of the path by name."""
        _, arguments = super().inputs(request)
        call = self._call(arguments, request.correlation_id)
        return (call,), {name: arguments[name] for name in self._route.parameters}

    def _call(self, arguments: Mapping[str, Any], call_id: str) -> Call:
        """The Call; Invalid names the first field that does not fit.

        A field that is None, or as by default, is as if it were left out. The idempotency key is
        `call_id` if there is no other: the broker repeats it when it delivers the request again.
        """
        route, actor, key = self._route, self._actor, arguments.get(_KEY)
        fields = {
            name: arguments[name]
            for name, field in self._fields.items()
            if arguments[name] not in (None, field.default)
        }
        sent = arguments[self._whole.name] if self._whole else fields
        try:
            body = route.body.model_validate(sent) if route.body else None
            query = route.query.model_validate(sent) if route.query else None
        except ValidationError as error:
            raise invalid_of(error) from error
        return Call(
            caller=Caller(arguments[actor.name], actor.roles) if actor else INSIDE,
            body=body,
            query=query,
            key_text=(call_id or None) if key is None else key,
            key_name="correlation_id" if key is None else _KEY,
            format=next(iter(route.formats), ""),
        )

    @property
    def _fields(self) -> Mapping[str, FieldInfo]:
        """The fields of the body or query that are arguments of their own."""
        model = self._route.body or self._route.query
        if model is None or self._whole:
            return {}
        unused = {"format"} if self._route.formats else set()
        return {name: field for name, field in model.model_fields.items() if name not in unused}

    def _parameter(self, argument: str | Actor | WholeBody) -> Parameter:
        """One argument with its type; that of a field is left to the body or query."""
        if isinstance(argument, Actor):
            if argument.is_optional:
                return _optional(argument.name, str, "")
            return _required(argument.name, MemberId)
        if isinstance(argument, WholeBody):
            return _required(argument.name, dict[str, Any])
        if argument == _KEY:
            return _optional(argument, str | None)
        if argument in self._route.parameters:
            return _required(argument, MemberId if argument == "member_id" else Identifier)
        is_required = self._fields[argument].is_required()
        return _required(argument, Any) if is_required else _optional(argument, Any)


def _required(name: str, annotation: object) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)


def _optional(name: str, annotation: object, default: str | None = None) -> Parameter:
    return _required(name, annotation).replace(default=default)
