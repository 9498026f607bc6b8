"""The `http` decorator and the nameko entrypoint behind it."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from eventlet.event import Event
from nameko.extensions import Entrypoint, register_entrypoint
from pydantic import ValidationError
from werkzeug.exceptions import NotAcceptable
from werkzeug.wrappers import Request, Response

from shared import trace
from shared.auth import ANYBODY, Caller, bearer_of
from shared.errors import Forbidden, NotFound
from shared.http.request import chosen_format, read_query, receive_json
from shared.http.response import answer
from shared.http.route import Call, Download, EventStream, Route
from shared.http.server import WebServer
from shared.http.turns import Turn
from shared.http.upload import Upload
from shared.inbound import parse_json
from shared.language.labels import ROLES

F = TypeVar("F", bound=Callable[..., Any])
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | None

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class http(Route):  # noqa: N801 - services write it as a decorator
    """Serve a service's method at a path; `{name}` in it becomes the keyword argument `name`.

    It is called as `method(self, call, **path parameters)`; its docstring is the route's text.
    """

    def __call__(self, function: F) -> F:
        """Register the method."""
        route = replace(self, text=inspect.getdoc(function) or "")
        register_entrypoint(function, HttpRoute(route))
        return function


class HttpRoute(Entrypoint):
    """One route of a service, run in a worker of nameko's."""

    server = WebServer()

    def __init__(self, route: Route) -> None:
        super().__init__()
        self.route = route

    def setup(self) -> None:
        """Register with the web server; a path that does not fit the method stops the start."""
        names = set(
            inspect.signature(getattr(self.container.service_cls, self.method_name)).parameters
        )
        if not set(self.route.parameters) <= names:
            raise TypeError(f"{self.method_name} does not take what {self.route.path} names")
        self.server.register_provider(self)

    def stop(self) -> None:
        """Take no more requests, let those in hand finish."""
        self.server.drain()
        self.server.unregister_provider(self)

    def handle(self, request: Request, **parameters: str) -> Response:
        """Answer one request; raises what the answer's problem is made of.

        All that costs time is done in turns of whom it is for; who waits for a client has none.
        """
        caller = self._caller(request.headers.get("Authorization"))
        self._check(caller, parameters)
        self.server.connections.serve(request.environ["datalab.connection"], caller.member_id)
        turn = self.server.turns_of(request, caller)
        with self.server.in_hand():
            self._refuse_departed(caller, turn)
            body = self._receive(request, turn)
            with turn():
                result = self._work(self._call(request, caller, body), parameters)
                others = [other.route for other in self.server.routes]
                response = answer(self.route, result, others, turn)
        if isinstance(result, EventStream):
            request.environ["eventlet.minimum_write_chunk_size"] = 1
        return response

    def _caller(self, authorization: str | None) -> Caller:
        if self.route.takes == "credential" or (authorization is None and self._is_for_anybody):
            return ANYBODY
        return self.server.checker.check(authorization)

    @property
    def _is_for_anybody(self) -> bool:
        return self.route.public and self.server.settings.public_catalog

    def _check(self, caller: Caller, parameters: dict[str, str]) -> None:
        if self.route.roles and caller.roles.isdisjoint(self.route.roles):
            roles = " ou ".join(ROLES[role] for role in sorted(self.route.roles))
            raise Forbidden(f"il y faut ce rôle : {roles}")
        is_for_others = not (self.route.roles or self._is_for_anybody)
        if is_for_others and caller.reads_figures_alone:
            raise Forbidden(f"ce rôle ne lit que les chiffres du Datalab : {ROLES['committee']}")
        if any(_CONTROL.search(value) for value in parameters.values()):
            raise NotFound("rien n'a ici cet identifiant")

    def _refuse_departed(self, caller: Caller, turn: Turn) -> None:
        """Let who left the lab change nothing: its token is valid until it expires."""
        has_left = self.container.config.get("has_left")
        if has_left is None or self.route.method == "GET":
            return
        with turn():
            if has_left(caller.member_id):
                raise Forbidden("ce membre a quitté le Datalab : il n'y change plus rien")

    def _receive(self, request: Request, turn: Turn) -> Upload | bytes | None:
        """What the request carries, if its route takes something."""
        route, settings = self.route, self.server.settings
        if route.body is None:
            return None
        if route.upload is None:
            return receive_json(request, settings.http_body_seconds)
        upload = Upload(route.body, route.upload, self.server.storage, settings.max_upload_bytes)
        upload.receive(request, settings.http_body_seconds, turn)
        return upload

    def _call(self, request: Request, caller: Caller, received: Upload | bytes | None) -> Call:
        route, body, upload = self.route, None, None
        query = read_query(route.query, request.args) if route.query else None
        asked, accept = request.args.get("format"), request.headers.get("Accept")
        answered_in = _format_of(route, asked, accept) if route.formats else ""
        if isinstance(received, Upload):
            upload, body = received, received.body
        elif route.body and received is not None:
            body = route.body.model_validate(parse_json(received))
        return Call(
            caller=caller,
            body=body,
            query=query,
            file=upload.file if upload else None,
            file_was_stored=upload.file_was_stored if upload else False,
            filename=upload.filename if upload else "",
            key_text=request.headers.get("Idempotency-Key"),
            last_event_id=request.headers.get("Last-Event-ID"),
            credential=bearer_of(request.headers.get("Authorization"))
            if route.takes == "credential"
            else "",
            format=answered_in,
        )

    def _work(self, call: Call, parameters: dict[str, str]) -> object:
        done = Event()
        self.container.spawn_worker(
            self,
            (call,),
            parameters,
            # The worker's green thread starts without our context variables.
            context_data=trace.headers(),
            handle_result=partial(_tell, done),
        )
        try:
            return done.wait()
        except ValidationError as error:
            # The request was checked before: what does not fit is of the service's own making.
            raise RuntimeError("a handler made or read a value that its model refuses") from error


def _format_of(route: Route, asked: str | None, accept: str | None) -> str:
    """The format to answer in; a file is sent as it is to those who accept none that is offered.

    So it was before there were formats, and RFC 9110, 12.5.1, lets a server do so.
    """
    try:
        return chosen_format(route.formats, asked, accept)
    except NotAcceptable:
        if route.returns is not Download:
            raise
        return str(next(iter(route.formats)))


def _tell(
    done: Event, _context: object, result: object, exc_info: _ExcInfo
) -> tuple[object, _ExcInfo]:
    done.send(result, exc_info)
    return result, exc_info
