"""Health: `/livez`, and `/readyz`, which says no within seconds and why.

The checks run side by side. One that hangs is left alone, is red meanwhile, and is not begun again
before it ended: however often somebody asks, each server is asked once a second at most.
"""

import json
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import eventlet
from eventlet.event import Event
from werkzeug.wrappers import Request, Response

from shared import metrics
from shared.errors import LabError

log = logging.getLogger(__name__)

Check = Callable[[], str | None]
"""Says in English why work would fail now, or nothing; what it raises is a reason too."""

CHECK_SECONDS = 3.0
"""How long a check may take: a no is heard within five seconds of the fault."""

_FRESH_SECONDS = 1.0
_WATCH_SECONDS = 5.0

_RECENT_SECONDS = 15.0
"""How far back is looked: once what failed has ended, nobody is told of it for longer."""

_FAILED = 10
"""Failures that there must be: a single one says little, and a night has few requests."""


class Health:
    """Whether requests should come to this process; `checks` may still grow."""

    def __init__(
        self,
        service: str,
        checks: Mapping[str, Check],
        stopping: Callable[[], bool],
        seconds: float = CHECK_SECONDS,
    ) -> None:
        self._service, self._checks, self._stopping = service, checks, stopping
        self._seconds = seconds
        self._probes: dict[str, _Probe] = {}
        self._last_reasons: dict[str, str] = {}

    def live(self, _request: Request) -> Response:
        """The process runs and its hub turns; like all of health, told without a worker."""
        return _json({"alive": True}, 200)

    def ready(self, _request: Request) -> Response:
        """200 when every check is green and nobody asked us to stop; or 503, with the reasons."""
        reasons = {"running": "the service is stopping" if self._stopping() else "", **self.look()}
        red = {name: reason for name, reason in reasons.items() if reason}
        checks = {name: name not in red for name in reasons}
        body = {"ready": not red, "checks": checks, **({"reasons": red} if red else {})}
        return _json(body, 503 if red else 200)

    def watch(self) -> None:
        """Look now and then, for the metrics and the log, also when nobody asks."""
        while True:
            eventlet.sleep(_WATCH_SECONDS)
            self.look()

    def look(self) -> dict[str, str]:
        """Why each check is red, empty where it is green; at most a second old."""
        for name, check in list(self._checks.items()):
            self._probes.setdefault(name, _Probe(check)).begin()
        reasons = {name: probe.reason(self._seconds) for name, probe in self._probes.items()}
        for name, reason in reasons.items():
            self._note(name, reason)
        return reasons

    def _note(self, name: str, reason: str) -> None:
        metrics.ready.labels(self._service, name).set(not reason)
        before, self._last_reasons[name] = self._last_reasons.get(name, ""), reason
        if bool(reason) != bool(before):
            log.warning(
                "work would fail now" if reason else "work can go on",
                extra={"check": name, "reason": reason or before},
            )


class _Probe:
    """One check, under way once at most, and what it said last."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._done: Any = None
        self._began = self._ended = float("-inf")
        self._reason = ""

    def begin(self) -> None:
        """Check, unless that is under way or was done just now."""
        if self._done is None and time.monotonic() - self._ended > _FRESH_SECONDS:
            self._done, self._began = Event(), time.monotonic()
            eventlet.spawn_n(self._run, self._done)

    def reason(self, seconds: float) -> str:
        """What the check says, waiting until it has had its `seconds`."""
        if self._done is not None:
            self._done.wait(max(0.001, self._began + seconds - time.monotonic()))
        if self._done is not None:
            return f"no answer for {time.monotonic() - self._began:.0f} s"
        return self._reason

    def _run(self, done: Event) -> None:
        try:
            self._reason = self._check() or ""
        except LabError as error:
            self._reason = str(error)
        except Exception as error:
            log.exception("a check of readiness failed")
            self._reason = f"the check failed: {type(error).__name__}"
        self._ended, self._done = time.monotonic(), None
        done.send()


class RecentAnswers:
    """Who asked lately, and whether they were answered: most have to be.

    Those who ask count alike, however much they ask: a member whose own requests fail, or who has
    found one that does, turns nothing red beside others who are answered.
    """

    def __init__(self, seconds: float = _RECENT_SECONDS) -> None:
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


def _json(value: Mapping[str, Any], status: int) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
