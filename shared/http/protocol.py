"""HTTP on one connection, with deadlines, and which connections go first when they run short."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MissingHeaderBodySeparatorDefect
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi
from eventlet.wsgi import HeaderLineTooLong, HeadersTooLarge, HttpProtocol

from shared import metrics
from shared.errors import TooMany, Unavailable
from shared.http.problem import MEDIA_TYPE, problem_of_status
from shared.http.turns import OWN_LOAD

_SHARES = 5
"""One member's requests hold at most this part of the connections: a fifth."""

SOCKET_SECONDS = 60
"""How long a client may take nothing of its answer; reading has shorter limits of its own."""

_LINGER_SECONDS = 5


class State(StrEnum):
    """What a connection is at, those first that go first when connections run short."""

    CLOSING = "closing"
    IDLE = "idle"
    HEAD = "head"
    REQUEST = "request"


class Connection:
    """A client's connection; `for_eventlet` is the form in which its server keeps one.

    `member` is who the request under way is served to: empty until a token was shown.
    """

    def __init__(self, sock: Any, address: Any) -> None:  # noqa: ANN401 - eventlet has no types
        self._sock = sock
        self.for_eventlet: list[Any] = [address, sock, wsgi.STATE_IDLE, self]
        self.member = ""
        self.enter(State.IDLE)

    def enter(self, state: State) -> None:
        """Note which state the connection is in from now on."""
        self.state, self.since = state, time.monotonic()
        if state is not State.REQUEST:
            self.member = ""

    def end_when_idle(self) -> None:
        """Close after the request in hand, at once when there is none."""
        idle = self.for_eventlet[2] == wsgi.STATE_IDLE
        self.for_eventlet[2] = wsgi.STATE_CLOSE
        if idle:
            self.cut()

    def cut(self) -> None:
        """Close for both sides: whoever reads or writes in this process wakes up."""
        wsgi.greenio.shutdown_safe(self._sock)

    def close(self) -> None:
        """Give the descriptor back."""
        self._sock.close()


class Connections:
    """Up to `most` connections, of which those on which no member is served make way."""

    def __init__(self, service: str, most: int) -> None:
        self._service, self._most = service, most
        self._open: set[Connection] = set()
        for state in State:
            gauge = metrics.http_connections.labels(service, state)
            gauge.set_function(partial(self._count, state))

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open))

    def add(self, connection: Connection) -> None:
        """Take a new connection in, in the place of another one when they run short."""
        if len(self._open) >= self._most:
            self._make_way()
        self._open.add(connection)

    def discard(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)

    def serve(self, connection: Connection, member: str) -> None:
        """Note that the request under way is served to `member`; nobody takes its connection away.

        Raises TooMany when others of that member hold a fifth of the connections, Unavailable when
        members hold all of them: health is told all the same.
        """
        if len(self._open) > self._most:
            raise Unavailable("every connection is in use")
        if member and sum(other.member == member for other in self._open) >= self._most // _SHARES:
            raise TooMany(OWN_LOAD)
        connection.member = member

    def _count(self, state: State) -> int:
        return sum(connection.state is state for connection in self._open)

    def _make_way(self) -> None:
        """Cut the connection that has waited longest, among those least under way."""
        order = list(State)
        waiting = [connection for connection in self._open if not connection.member]
        if waiting:
            first = min(
                waiting, key=lambda connection: (order.index(connection.state), connection.since)
            )
            metrics.http_connections_cut.labels(self._service, "short").inc()
            self._open.discard(first)
            first.cut()


class StrictProtocol(HttpProtocol):
    """eventlet's protocol; slow headers end the connection, protocol faults are problems.

    The server has `service`, `head_seconds` and `idle_seconds` beside what eventlet's has.
    """

    _unread = False
    _is_new = True
    _head_ends = 0.0

    @property
    def _state(self) -> Connection:
        connection: Connection = self.conn_state[3]
        return connection

    def _read_request_line(self) -> bytes:
        """Wait for the first byte; what follows up to the body has one deadline together."""
        self._state.enter(State.IDLE)
        # Who connects has something to ask; who was answered may have more to ask later.
        seconds = self.server.head_seconds if self._is_new else self.server.idle_seconds
        self.connection.settimeout(seconds)
        if not self.rfile.peek(1):
            return b""
        self._is_new = False
        self._state.enter(State.HEAD)
        self._head_ends = time.monotonic() + self.server.head_seconds
        with self._in_time():
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
            with self._in_time():
                parsed = bool(super().parse_request())
        except (HeaderLineTooLong, HeadersTooLarge):
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        fault = self._misframed() if parsed else None
        if fault:
            self.send_error(HTTPStatus.BAD_REQUEST, fault)
        self._state.enter(State.REQUEST)
        return parsed and not fault

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Raises TimeoutError at the end of the head's time, however much came of it."""
        slow = TimeoutError("the head came too slowly")
        try:
            with eventlet.Timeout(max(0.001, self._head_ends - time.monotonic()), slow):
                yield
        except TimeoutError:
            metrics.http_connections_cut.labels(self.server.service, "slow").inc()
            raise

    def _misframed(self) -> str | None:
        """What proxies and servers may read in two ways; `check_framing` checks the rest."""
        if any(
            isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects
        ):
            # Python's parser takes what follows such a line for the body: a length there is lost.
            return "a header line has no name, or a space before its colon"
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return "the content length is not a plain number"
        if "Content-Length" in self.headers and "Transfer-Encoding" in self.headers:
            return "a content length and a transfer encoding do not go together"
        return None

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with the connection and a way to end it after this answer."""
        environ: dict[str, Any] = super().get_environ()
        environ["datalab.connection"] = self._state
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
            self._state.enter(State.CLOSING)
            with suppress(OSError), eventlet.Timeout(_LINGER_SECONDS, False):
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_WR)
                while self.connection.recv(1 << 16):
                    eventlet.sleep(0)
        super().finish()
