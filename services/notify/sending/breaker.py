"""Holds back calls to hosts that do not answer: one call now and then finds out whether they do.

Counted for each member and host, not for each endpoint: whoever has hundreds of them on one silent
server waits for it a few times, not hundreds. Not for the host alone: what a member makes a shared
host fail at (a path that hangs) is nothing to the others. Only endpoints that failed themselves are
held back: a live one beside a dead one is called as ever, and so is one that its owner enables,
changes or has something replayed to.

What is held back was not tried, so it keeps its attempts; it ends when the time of its whole
schedule is over (services/notify/model.py).
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.notify.model import Endpoint

FAILURES = 5
"""Calls in a row that failed, before others are held back."""

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 300.0
"""Between two probes: twice as long after each that fails."""

_JITTER = 0.1
_KEPT = 10_000
"""Hosts that are remembered: whoever invents new ones pushes out the oldest."""

Key = tuple[str, str]


@dataclass
class _Host:
    failures: int = 0
    wait: float = FIRST_SECONDS
    next_probe: float = 0.0
    probing: str = ""

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES


class Breaker:
    """The hosts that this process knows to fail; `seconds` is what a call may take."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._hosts: dict[Key, _Host] = {}

    @property
    def open(self) -> int:
        """Hosts whose endpoints are held back, each counted once for each member."""
        return sum(host.is_open for host in self._hosts.values())

    def wait(self, endpoint: Endpoint) -> float:
        """Seconds to wait before this endpoint is called; 0 when it may be now.

        Of those that were held back, the first who asks in time makes the probe: the others wait as
        long as a call may take.
        """
        host = self._hosts.get(_key(endpoint))
        if host is None or not host.is_open or not endpoint.failing:
            return 0
        left = host.next_probe - self._clock()
        if left > 0:
            # Not all at once, so that another makes the next probe.
            return left * random.uniform(1, 1 + _JITTER)  # noqa: S311 - spreads load only
        host.next_probe, host.probing = self._clock() + self._seconds, endpoint.id
        return 0

    def note_answer(self, endpoint: Endpoint) -> None:
        """The host answered, whatever it said."""
        self._hosts.pop(_key(endpoint), None)

    def note_silence(self, endpoint: Endpoint) -> None:
        """The host could not be found or reached, or did not answer in time."""
        host = self._hosts.setdefault(_key(endpoint), _Host())
        host.failures += 1
        # Of those that were under way together, one counts.
        if host.failures == FAILURES or host.probing == endpoint.id:
            host.next_probe, host.probing = self._clock() + host.wait, ""
            host.wait = min(2 * host.wait, LONGEST_SECONDS)
        if len(self._hosts) > _KEPT:
            del self._hosts[next(iter(self._hosts))]


def _key(endpoint: Endpoint) -> Key:
    return endpoint.member_id, urlsplit(endpoint.url).netloc
