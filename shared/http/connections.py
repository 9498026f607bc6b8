"""The open connections of a service, and which of them goes first when they run short."""

import time
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import Any

from eventlet import wsgi

from shared import metrics
from shared.errors import TooMany, Unavailable
from shared.http.turns import OWN_LOAD

_SHARES = 5
"""One member's requests hold at most this part of the connections: a fifth."""


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
