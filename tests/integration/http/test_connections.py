"""What happens below requests: bad HTTP, busy workers, the service's end."""

import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from urllib3.exceptions import HTTPError

from shared.http.turns import OF_ONE
from tests.integration.http.conftest import Client, serving
from tests.servers import PATIENCE_SECONDS, eventually


@pytest.fixture
def own_client(
    http_environ: dict[str, str], token: Callable[..., str], tmp_path: Path
) -> Iterator[Client]:
    """A client of a service that this test may spoil."""
    with serving(http_environ, tmp_path, token) as client:
        yield client


def receive(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_request_that_can_be_read_in_two_ways_is_400(client: Client) -> None:
    """A proxy and the service must not see two different requests."""
    for lines in (
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Content-Length: +2",),
        ("Authorization: Bearer x",),
        ("X : a", "Content-Length: 2"),
        ("Transfer-Encoding : chunked", "Content-Length: 2"),
    ):
        head = client.head("POST", "/things", "Content-Type: application/json", *lines)
        smuggled = receive(client.raw(head, b"{}", b"GET /livez HTTP/1.1\r\n\r\n"))
        assert smuggled.count(b"HTTP/1.") == 1
        assert receive(client.raw(head, b"{}")).split()[1] == b"400"


def test_what_cannot_be_served_is_a_problem(client: Client) -> None:
    """The answer is of the same form as that to any other fault, and changes nothing."""
    chunks = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    long_headers = [f"X-{n}: {'a' * 8_000}" for n in range(20)]
    for status, head, body in (
        (400, b"\x16\x03\x01 nonsense \xff\r\n\r\n", b""),
        (400, client.head("POST", "/things", "Content-Length: abc"), b"{}"),
        (400, client.head("POST", "/things", "Content-Length: 1_0"), b"{}"),
        (400, client.head("POST", "/things", *chunks), b"zz\r\n{}\r\n"),
        (431, client.head("POST", "/things", f"X-Long: {'a' * 100_000}"), b"{}"),
        (431, client.head("POST", "/things", *long_headers), b"{}"),
        (414, client.head("GET", f"/things?q={'a' * 100_000}"), b""),
    ):
        start, _, text = receive(client.raw(head, body)).partition(b"\r\n\r\n")
        assert b"application/problem+json" in start
        assert json.loads(text)["status"] == int(start.split()[1]) == status
    assert client("GET", "/things").status == 200


def test_connection_lives_on_after_a_problem(client: Client) -> None:
    """A refused request that was read whole does not cost the connection."""
    with client.raw(client.head("GET", "/nothing") + client.head("GET", "/things/1")) as connection:
        received = b""
        while b'"id"' not in received:
            received += connection.recv(65536)
    assert [received.count(b"HTTP/1.1 404"), received.count(b"HTTP/1.1 200")] == [1, 1]


def test_one_members_requests_keep_nobody_else_waiting(
    own_client: Client, token: Callable[..., str]
) -> None:
    """A few of them are worked on; others, and the machines that watch, get their answers."""
    busy = [own_client.raw(own_client.head("POST", "/held")) for _ in range(5 * OF_ONE)]

    log = own_client.service.log
    eventually(lambda: log().count("a worker is taken") == OF_ONE, what="some are worked on")
    assert own_client("GET", "/things", token=token("mbr_other")).status == 200
    paths = ("/livez", "/readyz", "/metrics", "/openapi.json")
    statuses = [own_client("GET", path, token=None).status for path in paths]
    assert statuses == [200] * 4
    assert log().count("a worker is taken") == OF_ONE
    own_client.release()
    for connection in busy:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.close()


def test_sigterm_turns_readiness_red_and_finishes_what_is_in_hand(own_client: Client) -> None:
    """The request in hand is answered, no other begins, the process ends with 0.

    Who watches it, red or green, fills no log.
    """
    answers: list[int] = []
    request = threading.Thread(target=lambda: answers.append(own_client("POST", "/held").status))
    request.start()
    eventually(lambda: "a worker is taken" in own_client.service.log())
    process = own_client.service.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    eventually(lambda: not own_client.service.listens())
    own_client.release()
    request.join()
    assert answers == [200]
    assert process.wait(PATIENCE_SECONDS) == 0
    assert "/readyz" not in own_client.service.log()


def test_processes_that_restart_in_turn_refuse_no_request(
    http_environ: dict[str, str], token: Callable[..., str], tmp_path: Path
) -> None:
    """A balancer that calls the other process where one takes no connection sees no failure.

    One that is to stop turns red and serves on, and keeps no connection for later.
    """
    drain = {"DATALAB_HTTP_DRAIN_SECONDS": "3"}
    with (
        serving(http_environ | drain, tmp_path, token) as first,
        serving(http_environ | drain, tmp_path, token) as second,
    ):
        balancer = Balancer([first, second])
        with balancer.asking("/things"):
            for client in (first, second):
                restart(client)
        assert len(balancer.statuses) > 10
        assert set(balancer.statuses) == {200}


def restart(client: Client) -> None:
    """Stop a process, which serves on for a while and ends each connection, and start it again."""
    process = client.service.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    eventually(lambda: "running" in client.service.red())
    answer = client("GET", "/things")
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert process.wait(PATIENCE_SECONDS) == 0
    client.service.start()


class Balancer:
    """Asks processes of one service in turn, and the next where one takes no connection."""

    def __init__(self, clients: list[Client]) -> None:
        self._clients, self.statuses = clients, list[int]()

    @contextmanager
    def asking(self, path: str) -> Iterator[None]:
        """GET it all the time while the block lasts."""
        over = threading.Event()

        def ask() -> None:
            while not over.wait(0.01):
                self._clients.reverse()
                self.statuses.append(self._status(path))

        asker = threading.Thread(target=ask)
        asker.start()
        try:
            yield
        finally:
            over.set()
            asker.join()

    def _status(self, path: str) -> int:
        for client in self._clients:
            with suppress(HTTPError):
                return client("GET", path).status
        return 502
