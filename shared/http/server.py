"""nameko's web server with our application: drains before it stops, survives bad connections."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Protocol

import eventlet
from eventlet import tpool, wsgi
from eventlet.wsgi import HeaderLineTooLong, HeadersTooLarge, HttpProtocol
from nameko.web.server import WebServer as NamekoWebServer
from werkzeug.wrappers import Request, Response

from shared.auth import TokenChecker
from shared.errors import Unavailable
from shared.http import openapi
from shared.http.problem import MEDIA_TYPE, problem_of_status
from shared.http.route import Route
from shared.http.wsgi import App, Handler, exposition, live, ready
from shared.settings import Settings
from shared.storage import Storage

log = logging.getLogger(__name__)

_CONNECTIONS = 500
_BACKLOG = 128
_SOCKET_SECONDS = 30
_DRAIN_SECONDS = 10
_HEADER_SECONDS = 10
_LINGER_SECONDS = 5
_IDLE_SECONDS = 60
"""How long a connection may wait for its next request."""


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
        self.storage = Storage(self.settings.storage_url, tpool.execute)
        self._pool = eventlet.GreenPool(_CONNECTIONS)
        self._connections: set[_Connection] = set()
        self._in_hand, self._draining = 0, False

    @property
    def routes(self) -> list[ServedRoute]:
        """The service's routes, by path."""
        return sorted(self._providers, key=lambda one: (one.route.path, one.route.method))

    def start(self) -> None:
        """Listen; fails when the port is taken, by another process of this service too."""
        if self._sock is not None:
            return
        self._sock = eventlet.listen(self.bind_addr, backlog=_BACKLOG, reuse_port=False)
        self._sock.settimeout(None)
        self._serv = wsgi.Server(
            self._sock,
            self._sock.getsockname(),
            self._app(),
            protocol=StrictProtocol,
            # The application logs every request itself, without what should stay secret.
            log_output=False,
            debug=False,
            socket_timeout=_SOCKET_SECONDS,
            keepalive=_IDLE_SECONDS,
        )
        self._gt = self.container.spawn_managed_thread(self.run)

    def _app(self) -> App:
        service = self.container.service_name
        document = openapi.document(
            service, version("datalab"), {one.method_name: one.route for one in self.routes}
        )
        watched: dict[tuple[str, str], Handler] = {
            ("GET", "/livez"): live,
            ("GET", "/readyz"): partial(ready, self.container.config),
            ("GET", "/metrics"): exposition,
            ("GET", "/openapi.json"): lambda _request: Response(
                document, content_type="application/json"
            ),
        }
        served = {(one.route.method, one.route.pattern): one.handle for one in self.routes}
        return App(service, {**watched, **served}, frozenset(pattern for _, pattern in watched))

    def run(self) -> None:
        """Accept connections until stopped; too many open files is a reason to wait, not to die."""
        while True:
            try:
                sock, address = self._sock.accept()
            except OSError as error:
                log.warning("no connection accepted: %s", error)
                eventlet.sleep(0.1)
                continue
            sock.settimeout(_SOCKET_SECONDS)
            connection = _Connection([address, sock, wsgi.STATE_IDLE])
            self._connections.add(connection)
            self._pool.spawn(self._serve, connection)

    def _serve(self, connection: "_Connection") -> None:
        try:
            self._serv.process_request(connection.state)
        except OSError as error:
            log.debug("a connection broke: %s", error)
        except Exception:
            log.exception("a connection failed")
        finally:
            self._connections.discard(connection)
            connection.close()

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Count a request that reaches a handler; Unavailable once the service stops."""
        if self._draining:
            raise Unavailable("the service is stopping")
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    def drain(self) -> None:
        """Take no more requests and wait a while for those in hand; health is still told."""
        self._draining = True
        with eventlet.Timeout(_DRAIN_SECONDS, False):
            while self._in_hand:
                eventlet.sleep(0.02)

    def stop(self) -> None:
        """Close the socket and idle connections; cut off what is not sent within a while."""
        self.wait_for_providers()
        self.kill()
        self._gt.kill()
        for connection in list(self._connections):
            connection.end_when_idle()
        with eventlet.Timeout(_DRAIN_SECONDS, False):
            self._pool.waitall()
        for thread in list(self._pool.coroutines_running):
            thread.kill()

    def kill(self) -> None:
        """Stop listening at once."""
        if self._sock is not None:
            self._sock.close()


class _Connection:
    """A client's connection in the form eventlet's server keeps it: address, socket, state."""

    def __init__(self, state: list[Any]) -> None:
        self.state = state

    def end_when_idle(self) -> None:
        """Close after the request in hand, at once when there is none."""
        idle = self.state[2] == wsgi.STATE_IDLE
        self.state[2] = wsgi.STATE_CLOSE
        if idle:
            wsgi.greenio.shutdown_safe(self.state[1])

    def close(self) -> None:
        """Give the descriptor back."""
        self.state[1].close()


class StrictProtocol(HttpProtocol):
    """eventlet's protocol; slow headers end the connection, protocol faults are problems."""

    _unread = False

    def _read_request_line(self) -> bytes:
        with eventlet.Timeout(_IDLE_SECONDS, TimeoutError("no request came")):
            line: bytes = super()._read_request_line()
        if len(line) < self.server.url_length_limit:
            return line
        self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
        return b""

    def parse_request(self) -> bool:
        """Read the headers, all of them within the time limit; False once a fault is answered.

        The base class would answer by itself to what is asked about here, and not by a problem.
        """
        try:
            with eventlet.Timeout(_HEADER_SECONDS, TimeoutError("the headers came too slowly")):
                parsed = bool(super().parse_request())
        except (HeaderLineTooLong, HeadersTooLarge):
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        fault = self._misframed() if parsed else None
        if fault:
            self.send_error(HTTPStatus.BAD_REQUEST, fault)
        return parsed and not fault

    def _misframed(self) -> str | None:
        """What proxies and servers may read in two ways; the rest is asked by `check_framing`."""
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return "the content length is not a plain number"
        if "Content-Length" in self.headers and "Transfer-Encoding" in self.headers:
            return "a content length and a transfer encoding do not go together"
        return None

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with a way to end the connection after this answer."""
        environ: dict[str, Any] = super().get_environ()
        environ["datalab.close"] = self._close_after_answer
        return environ

    def _close_after_answer(self) -> None:
        self.close_connection = True
        self._unread = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that is not HTTP; the base class would send a page and log it."""
        detail = message or explain or HTTPStatus(code).phrase
        body = problem_of_status(code, detail).model_dump_json(exclude_none=True).encode()
        self._close_after_answer()
        self.request_version = self.protocol_version
        self.send_response_only(code)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        """Close, but hear a client out for a moment: a reset would take the answer from it."""
        if self._unread:
            with suppress(OSError), eventlet.Timeout(_LINGER_SECONDS, False):
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_WR)
                while self.connection.recv(1 << 16):
                    eventlet.sleep(0)
        super().finish()
