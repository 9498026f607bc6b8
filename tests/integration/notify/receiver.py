"""A partner's web server: answers each path as the test says, and remembers every call."""

import contextlib
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

LONG = 60.0
"""Seconds that a hanging answer takes at most; closing the receiver ends it."""


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
    """Records the call, then answers."""

    server: "Receiver"

    def do_POST(self) -> None:
        """Take a webhook."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body, time.monotonic()))
        self.server.answers.get(self.path, answer(204))(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Keep the test's output clean."""


Answer = Callable[[Handler], None]


class Receiver(ThreadingHTTPServer):
    """The server; `answers` maps a path to what it does, anything else is a 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.received: list[Received] = []
        self.answers: dict[str, Answer] = {}
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


@contextlib.contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """A running receiver; with a certificate file (PEM, key included) it speaks TLS."""
    server = Receiver()
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


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with a status, headers (`_` for `-`) and a body."""

    def act(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def hang(handler: Handler) -> None:
    """Never answer."""
    handler.server.closing.wait(LONG)


def drip_head(handler: Handler) -> None:
    """Answer with a header line that grows by a byte now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler)


def drip_body(handler: Handler) -> None:
    """Answer 200 at once, with a body that grows by a byte now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    _drip(handler)


def endless(handler: Handler) -> None:
    """Answer 200 with a body that ends only when the client hangs up; count what went out."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    while not handler.server.closing.is_set():
        handler.wfile.write(b"x" * 65536)


def nonsense(handler: Handler) -> None:
    """Answer what is no HTTP."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


def hang_up(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def _drip(handler: Handler) -> None:
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"x")
