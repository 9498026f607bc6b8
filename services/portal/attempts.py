"""Who fails to sign in again and again waits: what signs in cannot be guessed, but may be tried."""

import time
from collections import deque

from services.portal.lab import Refused

_TOO_MANY = 429
_ADDRESSES = 10_000


class Attempts:
    """The last failures of each address; beyond `most` within `seconds`, it is not listened to.

    All behind one proxy that tells no addresses are one.
    """

    def __init__(self, most: int = 20, seconds: float = 600.0) -> None:
        self._most, self._seconds = most, seconds
        self._failed: dict[str, deque[float]] = {}

    def check(self, address: str) -> None:
        """Raise Refused for an address that failed too often."""
        failed = self._failed.get(address)
        if failed and len(failed) == self._most and time.monotonic() - failed[0] < self._seconds:
            raise Refused(
                _TOO_MANY, "Trop d'essais de connexion d'ici : réessayez dans quelques minutes."
            )

    def note(self, address: str) -> None:
        """Count a failure; the address that failed longest ago is forgotten for a new one."""
        failed = self._failed.pop(address, None) or deque(maxlen=self._most)
        failed.append(time.monotonic())
        self._failed[address] = failed
        if len(self._failed) > _ADDRESSES:
            del self._failed[next(iter(self._failed))]
