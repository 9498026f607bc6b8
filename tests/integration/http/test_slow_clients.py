"""Clients that hold connections and hardly use them: nobody else waits for their sake."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.integration.http.conftest import Client, problem, serving
from tests.servers import PATIENCE_SECONDS, eventually

MANY = 520
PROMPT_SECONDS = 20.0
"""For an answer, on a busy machine: those who held connections made others wait for 58."""
HEAD_SECONDS, BODY_SECONDS, IDLE_SECONDS = 1.0, 2.0, 2.0
CONNECTIONS = 50
SHARE = 10
FORM = "multipart/form-data; boundary=b"
BODY_START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
METADATA = b'\r\n--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"title": "one"}'


@pytest.fixture
def hurried(
    http_environ: dict[str, str], token: Callable[..., str], tmp_path: Path
) -> Iterator[Client]:
    """A client of a service with short deadlines."""
    limits = {
        "DATALAB_HTTP_HEAD_SECONDS": str(HEAD_SECONDS),
        "DATALAB_HTTP_BODY_SECONDS": str(BODY_SECONDS),
        "DATALAB_HTTP_IDLE_SECONDS": str(IDLE_SECONDS),
    }
    with serving(http_environ | limits, tmp_path, token) as client:
        yield client


@pytest.fixture
def narrow(
    http_environ: dict[str, str], token: Callable[..., str], tmp_path: Path
) -> Iterator[Client]:
    """A client of a service with few connections."""
    limits = {"DATALAB_HTTP_CONNECTIONS": str(CONNECTIONS)}
    with serving(http_environ | limits, tmp_path, token) as client:
        yield client


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Closes the connections of slow clients when the test ends."""
    with ExitStack() as stack:
        yield stack


def answers_promptly(client: Client) -> bool:
    """Whether health and a member's request on new connections are answered soon."""
    closing = {"Connection": "close"}
    for path, bearer in (("/livez", None), ("/things", client.token)):
        answer = client("GET", path, token=bearer, headers=closing, timeout=PROMPT_SECONDS)
        assert answer.status == 200, answer.data
    return True


def seconds_until_closed(client: Client, sent: bytes, trickle: bytes = b"") -> float:
    """How long the service keeps a connection, while the client sends a byte now and then."""
    began = time.monotonic()
    connection = client.raw(sent)
    connection.settimeout(0.2)
    while time.monotonic() - began < PATIENCE_SECONDS:
        try:
            if not connection.recv(65536):
                break
        except TimeoutError:
            if trickle:
                connection.sendall(trickle)
        except OSError:
            break
    return time.monotonic() - began


def drip(connection: socket.socket, piece: bytes) -> bytes:
    """What the service answers to a client that sends a piece now and then."""
    began = time.monotonic()
    connection.settimeout(0.2)
    while time.monotonic() - began < PATIENCE_SECONDS:
        try:
            return connection.recv(65536)
        except TimeoutError:
            connection.sendall(piece)
    return b""


def passed(due: float) -> bool:
    """Whether the clock says so."""
    return time.monotonic() >= due


def metrics(client: Client) -> str:
    """What the service counts."""
    return client("GET", "/metrics", token=None).data.decode()


def test_hundreds_of_idle_and_slow_connections_keep_nobody_waiting(
    client: Client, clients: ExitStack
) -> None:
    """None has a token; 520 that sent nothing made health wait for 58 seconds."""
    for _ in range(MANY):
        clients.enter_context(client.raw(b""))
    assert answers_promptly(client)
    for _ in range(MANY):
        clients.enter_context(client.raw(b"GET /things HTTP/1.1\r\nHost: x\r\nX-Slow: "))
    assert answers_promptly(client)
    refused = b"POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
    for _ in range(MANY):
        clients.enter_context(client.raw(refused))
    assert answers_promptly(client)
    assert 'datalab_http_connections_cut_total{reason="short"' in metrics(client)


def test_connection_that_asks_nothing_is_closed(hurried: Client) -> None:
    """At once when it never asked anything, later when it was served before.

    Nor does a head that drips help: each byte comes in time; together they do not.
    """
    assert HEAD_SECONDS <= seconds_until_closed(hurried, b"") < PATIENCE_SECONDS
    served = seconds_until_closed(hurried, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert IDLE_SECONDS <= served < PATIENCE_SECONDS
    for sent in (b"G", b"GET /livez HTTP/1.1\r\nX-Slow: "):
        assert HEAD_SECONDS <= seconds_until_closed(hurried, sent, b"a") < PATIENCE_SECONDS
    cut = 'datalab_http_connections_cut_total{reason="slow",service="sample"}'
    assert f"{cut} 2.0" in metrics(hurried)


def test_body_that_drips_is_408(hurried: Client) -> None:
    """Its sender is told, and what came of a file is forgotten."""
    for path, kind, start, framing in (
        ("/things", "application/json", b'{"title": "', "Content-Length: 900000"),
        ("/files", FORM, BODY_START, "Content-Length: 900000"),
        ("/files", FORM, BODY_START, "Transfer-Encoding: chunked"),
    ):
        head = hurried.head("POST", path, f"Content-Type: {kind}", framing)
        chunked = "chunked" in framing
        first = b"%x\r\n%s\r\n" % (len(start), start) if chunked else start
        with hurried.raw(head, first) as connection:
            answer = drip(connection, b"1\r\na\r\n" if chunked else b"a")
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"].endswith("en 2 secondes")
        eventually(lambda: not hurried.temporary_files())


def test_large_upload_that_keeps_moving_passes(hurried: Client) -> None:
    """It takes longer than 64 kB may, and comes much faster than it must."""
    pieces = [BODY_START, *[b"a" * 64_000] * 12, METADATA, b"\r\n--b--\r\n"]
    length = f"Content-Length: {sum(map(len, pieces))}"
    began = time.monotonic()
    with hurried.raw(hurried.head("POST", "/files", f"Content-Type: {FORM}", length)) as connection:
        for number, piece in enumerate(pieces):
            eventually(partial(passed, began + number * BODY_SECONDS / 8))
            connection.sendall(piece)
        assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
    assert time.monotonic() - began > 1.5 * BODY_SECONDS


def test_one_member_s_slow_requests_keep_no_other_waiting(
    narrow: Client, clients: ExitStack, token: Callable[..., str]
) -> None:
    """They hold a fifth of the connections; who holds more is told so."""
    head = narrow.head("POST", "/files", f"Content-Type: {FORM}", "Content-Length: 900000")
    slow = [clients.enter_context(narrow.raw(head, BODY_START)) for _ in range(SHARE + 1)]
    answer = slow[-1].recv(65536)
    assert answer.startswith(b"HTTP/1.1 429 "), answer
    assert b"Retry-After: 1" in answer
    other = token("mbr_other", "holder")
    assert narrow("GET", "/things", token=other, timeout=PROMPT_SECONDS).status == 200
    assert narrow("GET", "/livez", token=None, timeout=PROMPT_SECONDS).status == 200


def test_health_is_told_when_members_hold_every_connection(
    narrow: Client, clients: ExitStack, token: Callable[..., str]
) -> None:
    """Other requests are told to come back; those under way go on."""
    rest = b"1" + METADATA + b"\r\n--b--\r\n"
    length = f"Content-Length: {len(BODY_START + rest)}"
    slow = []
    for number in range(CONNECTIONS):
        narrow.token = token(f"mbr_{number // SHARE}", "holder")
        head = narrow.head("POST", "/files", f"Content-Type: {FORM}", length)
        slow.append(clients.enter_context(narrow.raw(head, BODY_START)))
    narrow.token = token("mbr_late", "holder")
    closing = {"Connection": "close"}
    assert narrow("GET", "/livez", token=None, headers=closing).status == 200
    refused = narrow("GET", "/things", headers=closing)
    assert problem(refused)["detail"] == "every connection is in use"
    for connection in slow:
        connection.sendall(rest)
    assert [connection.recv(65536)[:12] for connection in slow] == [b"HTTP/1.1 202"] * CONNECTIONS
