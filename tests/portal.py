"""Another catalogue's web server: serves pages as the test says, and remembers what was asked."""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True)
class Asked:
    """One request, and the status it was answered with."""

    path: str
    headers: dict[str, str]
    status: int


class Handler(BaseHTTPRequestHandler):
    """Answers as `server.answers` says for the path."""

    server: "Portal"

    def do_GET(self) -> None:
        """Serve a page."""
        self.server.answers.get(self.path, status(404))(self)

    def answer(
        self, code: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send an answer, and remember it."""
        asked = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.path, asked, code))
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Keep the test's output clean."""


Answer = Callable[[Handler], None]


class Portal(ThreadingHTTPServer):
    """The server; `answers` maps a path with its query to what it does, anything else is 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Let clients hang up."""

    def url(self, path: str) -> str:
        """The URL of a path."""
        return f"http://{LOOPBACK}:{self.server_port}{path}"

    def statuses(self, path: str) -> list[int]:
        """What the requests of a path were answered with, oldest first."""
        return [one.status for one in self.asked if one.path == path]


@contextlib.contextmanager
def serving() -> Iterator[Portal]:
    """A running portal."""
    server = Portal()
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

    def act(handler: Handler) -> None:
        headers = {"Content-Type": media_type} | ({"ETag": etag} if tagged else {})
        if tagged and handler.headers.get("If-None-Match") == etag:
            handler.answer(304, headers=headers)
        else:
            handler.answer(200, body, headers)

    return act


def status(code: int, location: str = "") -> Answer:
    """Answer with a status alone; with a location it is a redirection."""
    headers = {"Location": location} if location else None
    return lambda handler: handler.answer(code, headers=headers)


def breaking_off(handler: Handler) -> None:
    """Promise more than comes."""
    handler.answer(200, headers={"Content-Type": "text/turtle", "Content-Length": "1000"})


def endless(handler: Handler) -> None:
    """Send on and on."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\n\r\n")
    while not handler.server.closing.is_set():
        handler.wfile.write(b"#" * 65536)


def hanging(handler: Handler) -> None:
    """Send a byte now and then, until the path has another answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    answers = handler.server.answers
    while answers.get(handler.path) is hanging and not handler.server.closing.wait(0.05):
        handler.wfile.write(b"#")
