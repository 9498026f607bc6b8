"""Work that a process does beside its handlers, for as long as it lives."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from threading import Event, Thread
from typing import TypeVar

from shared.errors import LabError

log = logging.getLogger(__name__)

T = TypeVar("T")

_SHORTEST_REST, _LONGEST_REST = 1.0, 60.0


class Loop:
    """Does its steps one after the other every `seconds`, and when it is woken, until stopped.

    A step that fails is logged and keeps no other from its turn. After an error that nobody foresaw
    it rests for a second, and twice as long after each that follows in a row, up to a minute.
    A step `begin`s what takes long, and goes on; such work looks at `stopping` now and then.
    """

    def __init__(self, seconds: float, *steps: Callable[[], object]) -> None:
        self._seconds, self._steps = seconds, [_Step(step) for step in steps]
        self._awake, self.stopping = Event(), Event()
        self.in_hand: dict[str, Thread] = {}

    def run(self) -> None:
        """Work until stopped, then `finish`."""
        while not self.stopping.is_set():
            for step in self._steps:
                step.take()
            self._awake.wait(self._seconds)
            self._awake.clear()
        _succeeds(self.finish)

    def wake(self) -> None:
        """Do the steps now; once more when they are being done."""
        self._awake.set()

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what is in hand came to its end."""
        self.stopping.set()
        self._awake.set()

    def begin(self, key: str, work: Callable[..., object], *arguments: object) -> None:
        """Do `work` beside the steps; `in_hand` has its key until it ends, which wakes the loop."""
        thread = Thread(target=self._work, args=(key, work, *arguments), name=key, daemon=True)
        self.in_hand[key] = thread
        thread.start()

    def finish(self) -> None:
        """Wait for what is in hand."""
        for thread in list(self.in_hand.values()):
            thread.join()

    def _work(self, key: str, work: Callable[..., object], *arguments: object) -> None:
        succeeded = _succeeds(work, *arguments, key=key)
        del self.in_hand[key]
        if succeeded:
            self._awake.set()


class _Step:
    """A step of a loop, which rests after faults."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work, self._rest, self._rests_until = work, _SHORTEST_REST, 0.0

    def take(self) -> None:
        """Run the step, unless it rests after an error."""
        if time.monotonic() < self._rests_until:
            return
        if _succeeds(self._work):
            self._rest = _SHORTEST_REST
        else:
            self._rests_until = time.monotonic() + self._rest
            self._rest = min(2 * self._rest, _LONGEST_REST)


def _succeeds(work: Callable[..., object], *arguments: object, key: str = "") -> bool:
    """Run `work`; return whether it met no fault of ours. A silent server is not our fault."""
    about = {"work": work.__qualname__, "key": key}
    try:
        work(*arguments)
    except LabError as error:
        log.warning("background work waits", extra={**about, "error": str(error)})
    except Exception:
        log.exception("background work met a fault of ours", extra=about)
        return False
    return True


def in_turns(items: Iterable[T], many: int = 50) -> Iterator[T]:
    """Yield the items; after so many of them, everybody else in the process has a turn."""
    for number, item in enumerate(items, 1):
        yield item
        if number % many == 0:
            time.sleep(0)
