"""A running sample service and a client for it."""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from deploy.local.signing_keys import KeyPair
from tests.servers import PATIENCE_SECONDS, RunningService, running

SPEC = "tests.integration.http.sample:Sample"
UPLOAD_BYTES = 20_000_000


class Client:
    """Calls one service with one token."""

    def __init__(self, service: RunningService, files: Path, token: str) -> None:
        self.service, self.files, self.token = service, files, token
        self._pool = urllib3.PoolManager(retries=False, timeout=PATIENCE_SECONDS)

    def __call__(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send a request; `token=None` sends none, `token="x"` another one."""
        token = options.pop("token", self.token)
        headers = options.pop("headers", {})
        if token is not None:
            headers = {"Authorization": f"Bearer {token}", **headers}
        return self._pool.request(method, self.service.url + path, headers=headers, **options)

    def raw(self, *pieces: bytes) -> socket.socket:
        """A connection on which these bytes were sent."""
        address = urlsplit(self.service.url)
        assert address.hostname is not None
        connection = socket.create_connection(
            (address.hostname, address.port or 80), timeout=PATIENCE_SECONDS
        )
        # In one go: the service may answer and close after the first piece.
        connection.sendall(b"".join(pieces))
        return connection

    def head(self, method: str, path: str, *lines: str) -> bytes:
        """The head of a request with this client's token and more header lines."""
        bearer = f"Authorization: Bearer {self.token}"
        return "\r\n".join(
            [f"{method} {path} HTTP/1.1", "Host: x", bearer, *lines, "", ""]
        ).encode()

    def release(self) -> None:
        """Let the workers go that `/held` keeps."""
        (self.files / "released").touch()

    def temporary_files(self) -> list[Path]:
        """What lies under a temporary name in the store."""
        return list((self.files / "tmp").glob("*"))

    def stored_files(self) -> list[Path]:
        """What lies at its final address in the store."""
        return [path for path in (self.files / "sha256").glob("*/*") if path.is_file()]


@pytest.fixture(scope="session")
def http_environ(token_keys: KeyPair) -> dict[str, str]:
    """Settings of the sample service; it never contacts the two servers they name."""
    return {
        "DATALAB_AMQP_URI": "amqp://guest:guest@127.0.0.1:1/",
        "DATALAB_MONGODB_URI": "mongodb://127.0.0.1:1/",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_MAX_UPLOAD_BYTES": str(UPLOAD_BYTES),
    }


@contextlib.contextmanager
def serving(environ: dict[str, str], files: Path, token: Callable[..., str]) -> Iterator[Client]:
    """A client of a running service; its caller is a holder."""
    with running(SPEC, {**environ, "DATALAB_STORAGE_URL": f"file://{files}"}) as service:
        yield Client(service, files, token("mbr_holder", "holder"))


@pytest.fixture(scope="module")
def client(
    http_environ: dict[str, str],
    token: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:
    """A client of a service that the tests of one module share."""
    with serving(http_environ, tmp_path_factory.mktemp("files"), token) as client:
        yield client


def problem(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    """The problem in an answer, after checks that every problem passes."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.data)
    assert {"type", "title", "status", "detail"} <= set(document)
    assert document["status"] == answer.status
    return document
