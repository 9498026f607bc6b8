"""Whose request goes first, without a server."""

from contextlib import ExitStack
from typing import Any

import eventlet
import pytest
from eventlet.event import Event

from shared.errors import TooMany, Unavailable
from shared.http.turns import Turns

_LONG, _SHORT = 20, 0.01


class Requests:
    """Requests that each note when it is their turn, and end when they are told to."""

    def __init__(self, places: int, most: int) -> None:
        self.turns, self.worked_on = Turns(places, most), list[str]()
        self._over: dict[str, Any] = {}

    def ask(self, share: str, name: str) -> None:
        """Begin a request of that share."""
        self._over[name] = Event()
        eventlet.spawn(self._work, share, name)
        let_others_run()

    def end(self, name: str) -> None:
        """End a request that is worked on."""
        self._over[name].send()
        let_others_run()

    def _work(self, share: str, name: str) -> None:
        with self.turns.turn(share, _LONG):
            self.worked_on.append(name)
            self._over[name].wait()


def let_others_run() -> None:
    """Until each of them waits: for those who are woken, too."""
    for _ in range(3):
        eventlet.spawn(int).wait()


def test_one_share_has_a_few_places_and_leaves_the_others() -> None:
    """However many requests it has: who comes next is worked on at once."""
    requests = Requests(places=4, most=2)
    for number in range(100):
        requests.ask("flood", f"flood {number}")
    requests.ask("other", "other")
    assert requests.worked_on == ["flood 0", "flood 1", "other"]


def test_newcomer_waits_for_one_request_of_each_share() -> None:
    """Places go round between shares; those of one share keep their order."""
    requests = Requests(places=1, most=1)
    for name in ("a 0", "a 1", "a 2", "b 0", "b 1", "c 0"):
        requests.ask(name[0], name)
    for name in ("a 0", "a 1", "b 0", "c 0", "a 2"):
        requests.end(name)
    assert requests.worked_on == ["a 0", "a 1", "b 0", "c 0", "a 2", "b 1"]


def test_who_waits_too_long_is_told_whose_load_it_is() -> None:
    """It is the member's own requests, or those of all; neither keeps a place."""
    turns = Turns(places=2, most=1)
    with ExitStack() as taken:
        taken.enter_context(turns.turn("a", _LONG))
        with pytest.raises(TooMany), turns.turn("a", _SHORT):
            pass
        taken.enter_context(turns.turn("b", _LONG))
        with pytest.raises(Unavailable) as raised, turns.turn("c", _SHORT):
            pass
        assert not isinstance(raised.value, TooMany)
    with turns.turn("a", _SHORT), turns.turn("c", _SHORT):
        pass
