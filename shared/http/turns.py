"""Whose request is worked on next: that of each member in turn, and of one a few at a time."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import eventlet
from eventlet.event import Event

from shared.errors import TooMany, Unavailable

OF_ONE = 4
"""Requests of one share: more would share the same processor, and others' wait for it."""

OWN_LOAD = "trop de vos requêtes sont en cours ; attendez qu'une d'elles finisse"
"""What a member is told whose own requests keep it waiting."""

Turn = Callable[[], AbstractContextManager[None]]
"""Has a place while the block lasts, once it is the turn of whom the request is for."""


class Turns:
    """Up to `places` requests that are worked on, of which one share has `most` at a time.

    A share is whose requests they are. Those of one share wait in the order in which they came;
    between shares it goes round, so that who comes last waits for one request of each other share,
    however many others these have.
    """

    def __init__(self, places: int, most: int = OF_ONE) -> None:
        self._places, self._most = places, most
        self._taken = Counter[str]()
        self._waiting: dict[str, deque[Any]] = {}

    @contextmanager
    def turn(self, share: str, seconds: float) -> Iterator[None]:
        """Have a place, after waiting up to `seconds` for it.

        Raises TooMany when it is the share's own requests that take so long, else Unavailable.
        """
        if self._has_place(share):
            self._taken[share] += 1
        else:
            self._wait(share, seconds)
        try:
            yield
        finally:
            self._leave(share)

    def _has_place(self, share: str) -> bool:
        return self._taken.total() < self._places and self._taken[share] < self._most

    def _wait(self, share: str, seconds: float) -> None:
        admitted = Event()
        self._waiting.setdefault(share, deque()).append(admitted)
        try:
            with eventlet.Timeout(seconds, self._reason(share)):
                admitted.wait()
        except BaseException:
            if admitted.ready():
                self._leave(share)
            else:
                self._forget(share, admitted)
            raise

    def _reason(self, share: str) -> Unavailable:
        if self._taken[share] >= self._most:
            return TooMany(OWN_LOAD)
        return Unavailable("every worker is busy")

    def _leave(self, share: str) -> None:
        self._taken[share] -= 1
        if not self._taken[share]:
            del self._taken[share]
        while following := next(filter(self._has_place, self._waiting), None):
            admitted = self._waiting[following].popleft()
            left = self._waiting.pop(following)
            if left:
                self._waiting[following] = left  # behind all others
            self._taken[following] += 1
            admitted.send()

    def _forget(self, share: str, admitted: Event) -> None:
        self._waiting[share].remove(admitted)
        if not self._waiting[share]:
            del self._waiting[share]
