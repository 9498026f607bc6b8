"""Work that a process does beside its handlers, for as long as it lives."""

import logging
from collections.abc import Callable
from threading import Event

from shared.errors import LabError

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0


class Loop:
    """Does its steps one after the other every `seconds`, and when it is woken, until stopped.

    A step that fails is logged and keeps no other from its turn. After an error that nobody foresaw
    all pause for a second, and twice as long after each that follows in a row, up to a minute.
    Steps that take long look at `stopping`.
    """

    def __init__(self, seconds: float, *steps: Callable[[], object]) -> None:
        self._seconds, self._steps = seconds, steps
        self._awake, self.stopping = Event(), Event()

    def run(self) -> None:
        """Work until stopped, then `finish`."""
        pause = 1.0
        while not self.stopping.is_set():
            outcomes = [_succeeds(step) for step in self._steps]
            if all(outcomes):
                pause = 1.0
                self._awake.wait(self._seconds)
            else:
                self.stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            self._awake.clear()
        _succeeds(self.finish)

    def wake(self) -> None:
        """Do the steps now; once more when they are being done."""
        self._awake.set()

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what is in hand came to its end."""
        self.stopping.set()
        self.wake()

    def finish(self) -> None:
        """Wait for what the steps began and did not end: nothing, unless a loop says otherwise."""


def _succeeds(step: Callable[[], object]) -> bool:
    """Do one step; whether it met no fault of ours. A server that does not answer is none."""
    name = step.__qualname__
    try:
        step()
    except LabError as error:
        log.warning("a background step waits", extra={"step": name, "error": str(error)})
    except Exception:
        log.exception("a background step met a fault of ours", extra={"step": name})
        return False
    return True
