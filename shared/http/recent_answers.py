"""What became of the last requests: a process of which most who ask get no answer is not ready."""

import time
from collections import Counter, deque
from collections.abc import Iterator

_SECONDS = 15.0
"""How far back is looked: once what failed has ended, nobody is told of it for longer."""

_FAILED = 10
"""Failures that there must be: a single one says little, and a night has few requests."""


class RecentAnswers:
    """Who asked lately, and whether they were answered.

    Those who ask count alike, however much they ask: a member whose own requests fail, or who has
    found one that does, turns nothing red beside others who are answered.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._answers: deque[tuple[float, str, bool]] = deque(maxlen=10_000)

    def note(self, member: str, *, failed: bool) -> None:
        """Note that a request of that member was answered, or failed by a fault of the lab."""
        self._answers.append((time.monotonic(), member, failed))

    def check(self) -> str:
        """Why work would fail: most of those who asked lately were not answered."""
        asked, failed = Counter[str](), Counter[str]()
        for member, is_failure in self._lately():
            asked[member] += 1
            failed[member] += is_failure
        failing = sum(2 * failed[member] > count for member, count in asked.items())
        if failed.total() < _FAILED or 2 * failing <= len(asked):
            return ""
        return (
            f"{failed.total()} of the last {asked.total()} requests failed,"
            f" most of those of {failing} of {len(asked)} members"
        )

    def _lately(self) -> Iterator[tuple[str, bool]]:
        since = time.monotonic() - self._seconds
        return ((member, failed) for at, member, failed in self._answers if at >= since)
