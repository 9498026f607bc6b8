"""Sends OpenLineage events to the server, or appends them to the file, that the operator names."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.errors import Rejected, Unreachable
from shared.outbound import CallFailed, SsrfGuard, TimeLimit, Unresolved, post

_OK, _SERVER_ERRORS = range(200, 300), 500
_LATER = (401, 403, 408, 429)
"""Statuses that ask for another try, or for a token that an operator mends."""

_HEADERS = {"Content-Type": "application/json", "User-Agent": "datalab-compute/1"}


class LineageServer:
    """Where events go.

    One call is under way at a time, and none in the pause after one that failed, so that a server
    that hangs holds up one handler of this process now and then.
    """

    def __init__(
        self,
        url: str,
        guard: SsrfGuard,
        token: str = "",
        *,
        call_seconds: float = 5,
        pause_seconds: float = 5,
    ) -> None:
        self._url, self._guard = url, guard
        self._headers = _HEADERS | ({"Authorization": f"Bearer {token}"} if token else {})
        self._call_seconds, self._pause_seconds = call_seconds, pause_seconds
        self._calling = threading.Lock()
        self._silent_until = float("-inf")

    def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Send events in their order, all of them again where one failed.

        Raises Unreachable, so that they come again until they are taken, and Rejected where the
        server refuses one.
        """
        bodies = [json.dumps(event, ensure_ascii=False).encode() for event in events]
        if self._url.startswith("file:"):
            _append(Path(unquote(urlsplit(self._url).path)), bodies)
            return
        with self._turn():
            for body in bodies:
                self._post(body)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        is_silent = time.monotonic() < self._silent_until
        if is_silent or not self._calling.acquire(blocking=False):
            raise Unreachable("the server of lineage does not answer, or another call is under way")
        try:
            yield
        except Unreachable:
            self._silent_until = time.monotonic() + self._pause_seconds
            raise
        finally:
            self._calling.release()

    def _post(self, body: bytes) -> None:
        limit = TimeLimit(self._call_seconds)
        try:
            target = self._guard.target(self._url, limit)
            status = post(target, self._headers, body, limit).status
        except (Unresolved, CallFailed) as error:
            raise Unreachable(f"the server of lineage does not answer: {error}") from error
        if status >= _SERVER_ERRORS or status in _LATER:
            raise Unreachable(f"the server of lineage answers {status}")
        if status not in _OK:
            raise Rejected(f"the server of lineage answers {status}")


def _append(path: Path, bodies: Sequence[bytes]) -> None:
    """Append events to a file, a line each: all in one call, as other processes append, too."""
    lines = b"".join(body + b"\n" for body in bodies)
    try:
        with path.open("ab", buffering=0) as file:
            file.write(lines)
    except OSError as error:
        raise Unreachable(f"the file of lineage cannot be written: {error.strerror}") from error
