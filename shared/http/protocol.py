"""One HTTP connection on eventlet: time limits, and answers that reach a client still sending."""

import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet.wsgi import HeaderLineTooLong, HeadersTooLarge, HttpProtocol

from shared.http.problem import MEDIA_TYPE, problem_of_status

IDLE_SECONDS = 60
"""How long a connection may wait for its next request."""

_HEADER_SECONDS = 10
_LINGER_SECONDS = 5


class Protocol(HttpProtocol):
    """eventlet's protocol; slow headers end the connection, protocol faults are problems."""

    _unread = False

    def _read_request_line(self) -> bytes:
        with eventlet.Timeout(IDLE_SECONDS, TimeoutError("no request came")):
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
