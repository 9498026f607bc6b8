"""nameko's web server with our application: drains before it stops, survives bad connections."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol

import eventlet
from eventlet import tpool, wsgi
from nameko.web.server import WebServer as NamekoWebServer
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from shared import metrics, trace
from shared.auth import Caller, TokenChecker
from shared.endings.orphans import noting
from shared.errors import LabError, NotFound
from shared.http import openapi
from shared.http.health import Health, RecentAnswers
from shared.http.problem import problem_of, response_of
from shared.http.protocol import SOCKET_SECONDS, Connection, Connections, StrictProtocol
from shared.http.request import BadFraming, check_framing
from shared.http.route import Route
from shared.http.turns import Turn, Turns
from shared.settings import Settings
from shared.storage import Storage

log = logging.getLogger(__name__)

Handler = Callable[..., Response]
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_UNMATCHED = "unmatched"
_FAILED = 500
_BACKLOG = 128
_DRAIN_SECONDS = 10

_PLACES, _STRANGERS = 100, 10
"""Requests of members, and of those who show no token, that are worked on at a time."""

_TURN_SECONDS = 20
"""How long a request waits for its turn before it is told to come back."""


class App:
    """The WSGI application, which follows the trace, measures and logs.

    It serves `handlers`, a mapping of (method, werkzeug pattern) to what answers there. `quiet`
    names the patterns that machines ask for all the time: not worth a log line.
    """

    def __init__(
        self,
        service: str,
        handlers: Mapping[tuple[str, str], Handler],
        quiet: frozenset[str],
        answers: RecentAnswers,
    ) -> None:
        self._service, self._quiet, self._answers = service, quiet, answers
        rules = [
            Rule(pattern, methods=[method], endpoint=handler)
            for (method, pattern), handler in handlers.items()
        ]
        # Host and scheme play no part: the same routes behind every name and proxy.
        self._urls = Map(rules, merge_slashes=False).bind("localhost")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        request, started = Request(environ), time.monotonic()
        pattern, handler, values = self._find(request)
        with trace.working_on(values.get("project_id", ""), request.headers.get("traceparent")):
            response = self._respond(request, partial(handler, request, **values))
            response.headers["Traceparent"] = trace.traceparent.get()
            if _has_unread_body(environ):
                environ["datalab.close"]()
            self._note(request, pattern, response.status_code, time.monotonic() - started)
        return response(environ, start_response)

    def _find(self, request: Request) -> tuple[str, Handler, dict[str, str]]:
        try:
            rule, values = self._urls.match(request.path, request.method, return_rule=True)
        except MethodNotAllowed as error:
            error.description = f"ce chemin n'accepte pas {request.method}"
            return _UNMATCHED, partial(_refuse, error), {}
        except HTTPException:
            return _UNMATCHED, partial(_refuse, NotFound("rien ne répond à ce chemin")), {}
        return rule.rule, rule.endpoint, dict(values)

    def _respond(self, request: Request, handle: Callable[[], Response]) -> Response:
        try:
            check_framing(request.environ)
            return handle()
        except Exception as error:
            if isinstance(error, BadFraming):
                request.environ["datalab.close"]()
            response = response_of(error)
            if response.status_code >= _FAILED and not isinstance(error, LabError):
                log.exception("a request failed", extra={"path": request.path})
            elif response.status_code >= _FAILED:
                log.warning("a request failed: %s", problem_of(error).detail)
            return response

    def _note(self, request: Request, pattern: str, status: int, seconds: float) -> None:
        method = request.method if request.method in _METHODS else "other"
        route = pattern.replace("<", "{").replace(">", "}")
        labels = (self._service, method, route, str(status))
        metrics.http_seconds.labels(*labels).observe(seconds)
        level = logging.DEBUG if pattern in self._quiet else logging.INFO
        if pattern not in self._quiet:
            member = request.environ["datalab.connection"].member
            self._answers.note(member, failed=status >= _FAILED)
        # Never the query string or a header: either may hold a secret.
        log.log(
            level,
            "%s %s",
            method,
            request.path[:200],
            extra={"route": route, "status": status, "seconds": round(seconds, 4)},
        )


def _refuse(error: Exception, _request: Request) -> Response:
    raise error


def _has_unread_body(environ: Mapping[str, Any]) -> bool:
    source = environ["eventlet.input"]
    if source.chunked_input:
        return bool(source.chunk_length != 0)
    return bool(source.position < (source.content_length or 0))


def exposition(_request: Request) -> Response:
    """The metrics in Prometheus text."""
    content_type, body = metrics.exposition()
    return Response(body, content_type=content_type)


class ServedRoute(Protocol):
    """A route, the method that serves it, and how it answers a request."""

    route: Route
    method_name: str

    def handle(self, request: Request, **parameters: str) -> Response:
        """Answer one request."""


class WebServer(NamekoWebServer):
    """One listening socket per service, shared by its routes.

    The container's config carries `settings`, WEB_SERVER_ADDRESS, and what `/readyz` looks at:
    `ready_checks` and `stopping`.
    """

    settings: Settings
    checker: TokenChecker
    storage: Storage
    _sock: Any

    def setup(self) -> None:
        """Read the token key and name the store; nothing is contacted."""
        self.settings = self.container.config["settings"]
        self.checker = TokenChecker(self.settings.token_public_key)
        note = noting(self.container.config)
        self.storage = Storage(self.settings.storage_url, tpool.execute, note)
        most = self.settings.http_connections
        self.connections = Connections(self.container.service_name, most)
        # Those that were cut have a turn to end in.
        self._pool = eventlet.GreenPool(2 * most)
        self._in_hand, self._answers = 0, RecentAnswers()
        self.container.config["ready_checks"]["requests"] = self._answers.check
        self._members, self._strangers = Turns(_PLACES), Turns(_STRANGERS)

    @property
    def routes(self) -> list[ServedRoute]:
        """The service's routes, by path."""
        return sorted(
            self._providers,
            key=lambda served_route: (served_route.route.path, served_route.route.method),
        )

    def start(self) -> None:
        """Listen; fails when the port is taken, by another process of this service too."""
        if self._sock is not None:
            return
        self._sock = eventlet.listen(self.bind_addr, backlog=_BACKLOG, reuse_port=False)
        self._sock.settimeout(None)
        config = self.container.config
        health = Health(
            self.container.service_name, config["ready_checks"], config["stopping"].is_set
        )
        self._serv = wsgi.Server(
            self._sock,
            self._sock.getsockname(),
            self._app(health),
            protocol=StrictProtocol,
            # The application logs every request itself, without what should stay secret.
            log_output=False,
            debug=False,
            socket_timeout=SOCKET_SECONDS,
            keepalive=self.settings.http_idle_seconds,
        )
        self._serv.service = self.container.service_name
        self._serv.head_seconds = self.settings.http_head_seconds
        self._serv.idle_seconds = self.settings.http_idle_seconds
        self._gt = self.container.spawn_managed_thread(self.run)
        self._watch = self.container.spawn_managed_thread(health.watch)

    def _app(self, health: Health) -> App:
        service = self.container.service_name
        document = openapi.document(
            service,
            version("datalab"),
            {served_route.method_name: served_route.route for served_route in self.routes},
        )
        watched: dict[tuple[str, str], Handler] = {
            ("GET", "/livez"): health.live,
            ("GET", "/readyz"): health.ready,
            ("GET", "/metrics"): exposition,
            ("GET", "/openapi.json"): lambda _request: Response(
                document, content_type="application/json"
            ),
        }
        served = {
            (served_route.route.method, served_route.route.pattern): served_route.handle
            for served_route in self.routes
        }
        quiet = frozenset(pattern for _, pattern in watched)
        return App(service, {**watched, **served}, quiet, self._answers)

    def run(self) -> None:
        """Accept connections until stopped; too many open files is a reason to wait, not to die."""
        while True:
            try:
                sock, address = self._sock.accept()
            except OSError as error:
                log.warning("no connection accepted: %s", error)
                eventlet.sleep(0.1)
                continue
            connection = Connection(sock, address)
            self.connections.add(connection)
            self._pool.spawn(self._serve, connection)
            # While others wait to be accepted the socket never does: let those go on that are.
            eventlet.sleep(0)

    def _serve(self, connection: Connection) -> None:
        try:
            self._serv.process_request(connection.for_eventlet)
        except OSError as error:
            log.debug("a connection broke: %s", error)
        except Exception:
            log.exception("a connection failed")
        finally:
            self.connections.discard(connection)
            connection.close()

    def turns_of(self, request: Request, caller: Caller) -> Turn:
        """The turns of whom a request is for: a member, a credential, or an address without any."""
        if caller.member_id:
            return partial(self._members.turn, caller.member_id, _TURN_SECONDS)
        share = request.headers.get("Authorization") or str(request.remote_addr)
        return partial(self._strangers.turn, share, _TURN_SECONDS)

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Count a request that reaches a handler."""
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    def drain(self) -> None:
        """Serve on while balancers see that `/readyz` is red, then take no more; end what there is.

        Whoever asks meanwhile is answered, and asks the next time on another connection.
        """
        self._serv.keepalive = False
        eventlet.sleep(self.settings.http_drain_seconds)
        self.kill()
        for connection in self.connections:
            connection.end_when_idle()
        with eventlet.Timeout(_DRAIN_SECONDS, False):
            while self._in_hand:
                eventlet.sleep(0.02)

    def stop(self) -> None:
        """Cut off what is not sent within a while."""
        self.wait_for_providers()
        self._watch.kill()
        with eventlet.Timeout(_DRAIN_SECONDS, False):
            self._pool.waitall()
        for thread in list(self._pool.coroutines_running):
            thread.kill()

    def kill(self) -> None:
        """Stop listening at once."""
        if self._sock is not None:
            self._gt.kill()
            self._sock.close()
