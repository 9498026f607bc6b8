"""Another's web server: answers each path as the test says, and remembers every call."""

import contextlib
import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True)
class Received:
    """One call, as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        """Its webhook-id."""
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The body, once the reference implementation accepted the signature."""
        return Webhook(secret).verify(self.body, self.headers)


class Handler(BaseHTTPRequestHandler):
    """Records the call, then answers as `server.answers` says for the path."""

    server: "WebServer"

    def do_POST(self) -> None:
        """Take a call."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body, time.monotonic()))
        self.server.answers.get(self.path, self.server.otherwise)(self)

    def do_GET(self) -> None:
        """Take a call without a body."""
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Keep the test's output clean."""


Answer = Callable[[Handler], None]


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with a status, headers (`_` for `-`) and a body."""
    sent = {"Content_Length": str(len(body)), **headers}

    def act(handler: Handler) -> None:
        handler.server.answered.append((handler.path, status))
        handler.send_response(status)
        for name, value in sent.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


class WebServer(ThreadingHTTPServer):
    """The server; `answers` maps a path with its query to what it does."""

    daemon_threads = True

    def __init__(self, otherwise: Answer) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.otherwise = otherwise
        self.received: list[Received] = []
        self.answered: list[tuple[str, int]] = []
        self.closing = threading.Event()
        self.scheme = "http"

    def handle_error(self, request: object, client_address: object) -> None:
        """Let clients hang up."""

    def url(self, path: str, host: str = LOOPBACK) -> str:
        """The URL of a path."""
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def calls(self, path: str) -> list[Received]:
        """The calls of a path, oldest first."""
        return [call for call in self.received if call.path == path]

    def statuses(self, path: str) -> list[int]:
        """What the calls of a path were answered with, oldest first."""
        return [status for answered, status in self.answered if answered == path]


@contextlib.contextmanager
def serving(otherwise: int = 404, certificate: Path | None = None) -> Iterator[WebServer]:
    """A running server; with a certificate file (PEM, key included) it speaks TLS.

    What it has no answer for gets the status `otherwise`.
    """
    server = WebServer(answer(otherwise))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def page(body: bytes, media_type: str = "text/turtle", *, tagged: bool = True) -> Answer:
    """Answer with a page, or by 304 to who has it already, if it is `tagged`."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"Content_Type": media_type} | ({"ETag": etag} if tagged else {})

    def act(handler: Handler) -> None:
        is_unchanged = tagged and handler.headers.get("If-None-Match") == etag
        (answer(304, b"", **headers) if is_unchanged else answer(200, body, **headers))(handler)

    return act


breaking_off = answer(200, Content_Type="text/turtle", Content_Length="1000")
"""Promises more than comes."""


def hang(handler: Handler) -> None:
    """Never answer, until the server closes."""
    handler.server.closing.wait()


def drip_head(handler: Handler) -> None:
    """Answer with a header line that grows by a byte now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler, drip_head)


def drip_body(handler: Handler) -> None:
    """Answer 200 at once, with a body that grows by a byte now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    _drip(handler, drip_body)


def endless(handler: Handler) -> None:
    """Answer 200 with a body of no length that ends only when the client hangs up."""
    _flood(handler, b"Content-Type: text/turtle")


def endless_of_a_length(handler: Handler) -> None:
    """Answer 200 with a body that says its length: more than anyone would read."""
    _flood(handler, b"Content-Length: 100000000000")


def nonsense(handler: Handler) -> None:
    """Answer what is no HTTP."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


def hang_up(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def _drip(handler: Handler, behaviour: Answer) -> None:
    """Send a byte now and then, until the path has another answer."""
    answers = handler.server.answers
    while answers.get(handler.path) is behaviour and not handler.server.closing.wait(0.05):
        handler.wfile.write(b"x")


def _flood(handler: Handler, header: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n")
    while not handler.server.closing.is_set():
        handler.wfile.write(b"#" * 65536)
