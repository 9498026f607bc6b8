"""Names are resolved in time, and a silent name server takes a few threads only."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.outbound import Names, SilentNames, TimeLimit, Unresolved
from tests.servers import PATIENCE_SECONDS, eventually

ADDRESS = "93.184.216.34"
SILENT_SECONDS = 1.0


class NameServers:
    """Answers at once, except for names below `.silent`: for these when `answer` is set."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answer = threading.Event()

    def __call__(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """Answer like `getaddrinfo`."""
        self.asked[host] += 1
        if host.endswith(".silent"):
            self.answer.wait()
        if host.endswith(".unknown"):
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, None, None, "", (ADDRESS, port))] * 2


@pytest.fixture
def servers() -> Iterator[NameServers]:
    """Name servers, of which the silent ones answer when the test is over."""
    name_servers = NameServers()
    yield name_servers
    name_servers.answer.set()


@pytest.fixture
def names(servers: NameServers) -> Names:
    """The names of one process."""
    return Names(servers)


def asked(names: Names, host: str, share: str = "", seconds: float = 0) -> str | type[Exception]:
    """The address, or what came instead: those below `.silent` have a moment, others long."""
    seconds = seconds or (SILENT_SECONDS if host.endswith(".silent") else PATIENCE_SECONDS)
    try:
        (address,) = names.addresses(host, 443, TimeLimit(seconds), share)
    except Unresolved as error:
        return type(error)
    return address


def ask_all(names: Names, hosts: list[str], share: str = "") -> set[str | type[Exception]]:
    """What came of all of these, asked at once."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        return set(pool.map(lambda host: asked(names, host, share), hosts))


def test_known_unknown_and_silent_names_are_told_apart(names: Names) -> None:
    """What is unknown now may come; what is silent may be known."""
    assert asked(names, "partner.example") == ADDRESS
    assert asked(names, "no.unknown") is Unresolved
    assert asked(names, "a.silent") is SilentNames


def test_one_name_is_looked_up_once_at_a_time(names: Names, servers: NameServers) -> None:
    """However many wait for it; the answer is for all, and the next call asks anew."""
    assert ask_all(names, ["a.silent"] * 30) == {SilentNames}
    assert servers.asked["a.silent"] == 1
    servers.answer.set()
    assert asked(names, "a.silent", seconds=PATIENCE_SECONDS) == ADDRESS


def test_450_silent_names_of_one_share_leave_the_others_their_place(
    names: Names, servers: NameServers
) -> None:
    """A name of its own for each does not help: it is the member's lookups that are counted."""
    hosts = [f"{number}.silent" for number in range(450)]
    with ThreadPoolExecutor(len(hosts)) as pool:
        waiting = [pool.submit(asked, names, host, "mem_a") for host in hosts]
        answers = {asked(names, f"{number}.example", "mem_b") for number in range(20)}
        assert answers == {ADDRESS}
        assert {future.result() for future in waiting} == {SilentNames}
    assert sum(servers.asked[host] for host in hosts) <= 8


def test_place_that_comes_free_is_taken(servers: NameServers) -> None:
    """Who waits for a place has it as soon as a lookup ends."""
    names = Names(servers, at_once=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(asked, names, "a.silent", "mem_a", PATIENCE_SECONDS)
        eventually(lambda: servers.asked)
        second = pool.submit(asked, names, "partner.example", "mem_b")
        servers.answer.set()
        assert (first.result(), second.result()) == (ADDRESS, ADDRESS)


def test_literal_address_needs_no_name_server(names: Names, servers: NameServers) -> None:
    """It is what it is."""
    assert (asked(names, "10.0.0.7"), asked(names, "::1")) == ("10.0.0.7", "::1")
    assert not servers.asked


def test_failure_of_ours_reaches_who_asked() -> None:
    """What nobody foresaw is not taken for an unknown name, and gives its place back."""

    def broken(host: str, port: int) -> list[tuple[Any, ...]]:
        raise ZeroDivisionError(host, port)

    names = Names(broken, at_once=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            names.addresses("partner.example", 443, TimeLimit(1), "")


def test_outcomes_and_times_are_observed(servers: NameServers) -> None:
    """For the metric."""
    seen: list[tuple[str, float]] = []
    names = Names(servers, lambda outcome, seconds: seen.append((outcome, seconds)))
    for host in ("partner.example", "no.unknown", "a.silent"):
        asked(names, host)
    assert [outcome for outcome, _ in seen] == ["found", "unknown", "silent"]
    assert seen[2][1] >= SILENT_SECONDS
