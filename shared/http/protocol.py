"""HTTP on one connection: eventlet's protocol with deadlines, and problems for what is no HTTP."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet.wsgi import HeaderLineTooLong, HeadersTooLarge, HttpProtocol

from shared import metrics
from shared.http.connections import Connection, State
from shared.http.problem import MEDIA_TYPE, problem_of_status

SOCKET_SECONDS = 60
"""How long a client may take nothing of its answer; reading has shorter limits of its own."""

_LINGER_SECONDS = 5


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
