"""Hosts that do not answer are called now and then only, and hold back nobody else."""

import pytest

from services.notify.model import Endpoint
from services.notify.sending.breaker import FAILURES, FIRST_SECONDS, LONGEST_SECONDS, Breaker
from shared.aggregate import LONG_AGO

SECONDS = 15.0


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """What is tested, with fifteen seconds for a call."""
    return Breaker(SECONDS, clock)


def endpoint(
    number: int, member: str = "mem_a", host: str = "silent.example", *, failing: bool = True
) -> Endpoint:
    """An endpoint of that host, which failed or not."""
    return Endpoint(
        id=f"end_{member}_{number}",
        member_id=member,
        url=f"https://{host}/{number}",
        event_types=("*",),
        secret="whsec_",
        failing=failing,
        created_at=LONG_AGO,
    )


def silence(breaker: Breaker, count: int = FAILURES) -> None:
    """Let calls of as many endpoints of the host fail."""
    for number in range(count):
        breaker.note_silence(endpoint(number))


def test_host_that_fails_in_a_row_is_left_alone(breaker: Breaker) -> None:
    """Five calls, whichever endpoints they were for."""
    silence(breaker, FAILURES - 1)
    assert (breaker.wait(endpoint(0)), breaker.open) == (0, 0)
    silence(breaker, 1)
    assert FIRST_SECONDS <= breaker.wait(endpoint(0)) <= 1.1 * FIRST_SECONDS
    assert breaker.open == 1


def test_only_what_failed_itself_is_held_back(breaker: Breaker) -> None:
    """Not another path of the host, not another member there, not another port or host."""
    silence(breaker)
    assert breaker.wait(endpoint(0)) > 0
    others = [
        endpoint(99, failing=False),
        endpoint(0, member="mem_b"),
        endpoint(0, host="silent.example:8443"),
        endpoint(0, host="live.example"),
    ]
    assert [breaker.wait(other) for other in others] == [0, 0, 0, 0]


def test_one_probe_at_a_time(breaker: Breaker, clock: Clock) -> None:
    """Who asks first calls; the others wait until it must have ended."""
    silence(breaker, 450)
    clock.seconds += FIRST_SECONDS
    assert breaker.wait(endpoint(3)) == 0
    waits = [breaker.wait(endpoint(number)) for number in range(450)]
    assert SECONDS <= min(waits) <= max(waits) <= 1.1 * SECONDS


def test_probes_come_at_growing_intervals(breaker: Breaker, clock: Clock) -> None:
    """Twice as long after each, up to five minutes; what was under way meanwhile does not count."""
    silence(breaker, 20)
    intervals = []
    for _ in range(9):
        probe, began = endpoint(0), clock.seconds
        while breaker.wait(probe):
            clock.seconds += 1
        intervals.append(clock.seconds - began)
        clock.seconds += 0.5
        breaker.note_silence(endpoint(1))
        breaker.note_silence(probe)
    assert intervals[:4] == [5, 10, 20, 40]
    assert intervals[-1] == LONGEST_SECONDS


def test_probe_that_is_answered_lets_all_go_on(breaker: Breaker, clock: Clock) -> None:
    """The host is back."""
    silence(breaker, 450)
    clock.seconds += FIRST_SECONDS
    breaker.wait(endpoint(0))
    breaker.note_answer(endpoint(0))
    assert {breaker.wait(endpoint(number)) for number in range(450)} == {0}


def test_probe_that_was_never_made_delays_the_next_by_one_call(
    breaker: Breaker, clock: Clock
) -> None:
    """Another process may have taken the delivery."""
    silence(breaker)
    clock.seconds += FIRST_SECONDS
    breaker.wait(endpoint(0))
    clock.seconds += SECONDS
    assert breaker.wait(endpoint(1)) == 0


def test_hosts_that_are_remembered_have_an_end(breaker: Breaker) -> None:
    """Whoever invents a host for each call pushes out the oldest."""
    for number in range(10_001):
        breaker.note_silence(endpoint(number, host=f"{number}.example"))
    assert len(breaker._hosts) == 10_000
