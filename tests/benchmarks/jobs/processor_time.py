"""How many processor-seconds the processes of a stack use, the jobs of compute apart.

They say what work costs on a machine that does other things, too, where the clock on the wall does
not.
"""

from collections.abc import Mapping
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psutil

_LOOK_SECONDS = 0.2
_JOBS = "jobs"


class ProcessorTime:
    """What the processes of these names use while the block lasts, all below them included.

    A process that lives shorter than a look is not seen, and of others what they used since the
    last one is not.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._first: dict[Any, float] = {}
        self._last: dict[Any, tuple[str, float]] = {}
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._first = {process: seconds for process, (_, seconds) in self._last.items()}
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    @property
    def spent(self) -> dict[str, float]:
        """The seconds by name, greatest first."""
        spent: dict[str, float] = {}
        for process, (name, seconds) in self._last.items():
            spent[name] = spent.get(name, 0.0) + seconds - self._first.get(process, 0.0)
        return dict(sorted(spent.items(), key=lambda entry: -entry[1]))

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        names = {pid: name.partition("-")[0] for name, pid in self._pids.items()}
        # One look at all, parents first: to ask for the children of each is a look for each.
        for process in sorted(psutil.process_iter(["ppid", "cpu_times"]), key=_began):
            name = names.get(process.pid) or names.get(process.info["ppid"])
            if name is None or process.info["cpu_times"] is None:
                continue
            if process.pid not in self._pids.values():
                name = names[process.pid] = _JOBS if name == "compute" else name
            times = process.info["cpu_times"]
            self._last[process] = name, times.user + times.system


def _began(process: Any) -> float:
    return float(process.create_time())
