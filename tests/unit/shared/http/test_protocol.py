"""Which connection makes way for a new one, and how much of them one member may hold."""

import pytest

from shared.errors import TooMany, Unavailable
from shared.http.protocol import Connection, Connections, State

MOST = 10
SHARE = 2


class Socket:
    """A socket that notes that it was shut down."""

    def __init__(self) -> None:
        self.is_cut = False

    def shutdown(self, _how: int) -> None:
        """As a socket's."""
        self.is_cut = True


def opened(connections: Connections, state: State, member: str = "") -> Socket:
    """A new connection that is at this state."""
    sock = Socket()
    connection = Connection(sock, ("127.0.0.1", 1))
    connections.add(connection)
    connection.enter(state)
    if member:
        connections.serve(connection, member)
    return sock


def test_those_that_are_least_under_way_go_first() -> None:
    """Of these the one that waits longest; a member's request is never broken off."""
    connections = Connections("sample", MOST)
    served = [opened(connections, State.REQUEST, f"mbr_{n // SHARE}") for n in range(4)]
    unknown = opened(connections, State.REQUEST)
    heads = [opened(connections, State.HEAD) for _ in range(2)]
    idle = [opened(connections, State.IDLE) for _ in range(2)]
    closing = opened(connections, State.CLOSING)
    order = [closing, *idle, *heads, unknown]
    for count in range(1, len(order) + 1):
        opened(connections, State.REQUEST, f"mbr_new_{count // SHARE}")
        assert [sock.is_cut for sock in order] == [n < count for n in range(len(order))]
    assert not any(sock.is_cut for sock in served)


def test_one_member_holds_a_fifth() -> None:
    """What is beyond is refused, until one of its requests has ended."""
    connections = Connections("sample", MOST)
    first = Connection(Socket(), ("127.0.0.1", 1))
    connections.add(first)
    first.enter(State.REQUEST)
    connections.serve(first, "mbr_a")
    opened(connections, State.REQUEST, "mbr_a")
    with pytest.raises(TooMany):
        opened(connections, State.REQUEST, "mbr_a")
    opened(connections, State.REQUEST, "mbr_b")
    first.enter(State.IDLE)
    opened(connections, State.REQUEST, "mbr_a")


def test_member_that_comes_when_all_are_held_is_told_to_come_back() -> None:
    """The connection stands all the same: health is told on it, until another one comes."""
    connections = Connections("sample", MOST)
    for number in range(MOST):
        opened(connections, State.REQUEST, f"mbr_{number // SHARE}")
    late = opened(connections, State.REQUEST)
    assert not late.is_cut
    with pytest.raises(Unavailable):
        opened(connections, State.REQUEST, "mbr_late")
    assert late.is_cut
