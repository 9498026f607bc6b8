"""Who registers for workshops again and again waits."""

import time
from collections import deque

from services.portal.lab import Refused

_TOO_MANY = 429
_ADDRESSES = 10_000


class Attempts:
    """The last attempts of each address; beyond `most` within `seconds`, it is not listened to.

    All behind a proxy that is not trusted are one address.
    """

    def __init__(self, most: int = 10, seconds: float = 600.0) -> None:
        self._most, self._seconds = most, seconds
        self._tried: dict[str, deque[float]] = {}

    def check(self, address: str) -> None:
        """Raise Refused for an address that tried too often."""
        tried = self._tried.get(address)
        if tried and len(tried) == self._most and time.monotonic() - tried[0] < self._seconds:
            raise Refused(
                _TOO_MANY, "Trop d'essais d'inscription d'ici : réessayez dans quelques minutes."
            )

    def note(self, address: str) -> None:
        """Count an attempt; the address that tried longest ago is forgotten for a new one."""
        tried = self._tried.pop(address, None) or deque(maxlen=self._most)
        tried.append(time.monotonic())
        self._tried[address] = tried
        if len(self._tried) > _ADDRESSES:
            del self._tried[next(iter(self._tried))]
