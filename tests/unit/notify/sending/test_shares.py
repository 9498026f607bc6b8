"""Slots are shared between members, whatever each has waiting."""

from collections import Counter
from datetime import timedelta

from services.notify.model import Endpoint
from services.notify.sending.shares import SHARE, SLOTS, Shares
from shared.aggregate import LONG_AGO


def waiting(member: str, count: int, *, since: int = 0, failing: bool = False) -> list[Endpoint]:
    """Endpoints of a member, each due a second after the one before."""
    return [
        Endpoint(
            id=f"end_{member}_{number}",
            member_id=member,
            url="https://partner.example/",
            event_types=("*",),
            secret="whsec_",
            failing=failing,
            due_at=LONG_AGO + timedelta(seconds=since + number),
            created_at=LONG_AGO,
        )
        for number in range(count)
    ]


def begun(shares: Shares, *endpoints: Endpoint) -> Counter[str]:
    """How many of each member's get their turn now."""
    counts: Counter[str] = Counter()
    for endpoint in shares.in_turn(endpoints):
        shares.begin(endpoint.member_id)
        counts[endpoint.member_id] += 1
    return counts


def test_450_of_one_member_leave_room_for_the_others() -> None:
    """However long they are due."""
    shares = Shares()
    counts = begun(shares, *waiting("a", 450), *waiting("b", 1, since=10_000))
    assert counts == {"a": SHARE, "b": 1}
    assert shares.full() == ["a"]
    assert begun(shares, *waiting("a", 430), *waiting("c", 2)) == {"c": 2}


def test_first_turn_of_a_member_waits_for_nobody() -> None:
    """Even when other members fill all slots."""
    shares = Shares()
    for number in range(SLOTS // SHARE):
        begun(shares, *waiting(f"dead{number}", 450))
    assert shares.turns == SLOTS
    late = [endpoint for number in range(100) for endpoint in waiting(f"late{number}", 3)]
    assert set(begun(shares, *late).values()) == {1}
    assert len(shares.full()) == SLOTS // SHARE + 100


def test_slots_go_to_those_who_have_the_fewest() -> None:
    """One each, then a second one: nobody is first in everything."""
    shares = Shares(slots=6, share=4)
    counts = begun(shares, *waiting("a", 10), *waiting("b", 10, since=100), *waiting("c", 1))
    assert counts == {"a": 3, "b": 2, "c": 1}


def test_ended_turn_makes_room() -> None:
    """And is forgotten."""
    shares = Shares(share=1)
    begun(shares, *waiting("a", 2))
    assert begun(shares, *waiting("a", 2)) == {}
    shares.end("a")
    assert (shares.turns, shares.members(), shares.full()) == (0, [], [])
    assert begun(shares, *waiting("a", 2)) == {"a": 1}


def test_endpoints_that_answered_go_before_those_that_did_not() -> None:
    """A member's own dead ones delay its live one least."""
    dead, live = waiting("a", 30, failing=True), waiting("a", 2, since=1000)
    assert [endpoint.id for endpoint in Shares(share=2).in_turn([*dead, *live])][:2] == [
        endpoint.id for endpoint in live
    ]
