"""The contract of what runs jobs: `submit` a filled folder, `poll` for its end, or `cancel` it.

Whatever does the work reads the same folder with the same engine.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from services.compute.execution.bubblewrap import PROCESSES
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.job_output import Progress


@dataclass(frozen=True)
class Limits:
    """What one job may use; memory is the resident set of all its processes together."""

    seconds: float
    memory_bytes: int
    processes: int = PROCESSES
    log_bytes: int = 20_000


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `reason` says in French why it failed, and is empty when it did not."""

    ok: bool
    reason: str
    seconds: float
    peak_bytes: int
    log_tail: str
    log_lines: int = 0


class Execution(Protocol):
    """One job under way: nothing of it is left after the block."""

    def __enter__(self) -> Self:
        """Return the run itself."""

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End what is left of the run."""

    def poll(self) -> Outcome | None:
        """Return how it ended, None while it goes on; waits briefly for news.

        Raises Unavailable when it cannot go on through no fault of its own.
        """

    def news(self) -> Progress | None:
        """Return its progress, unless it said nothing since the last call."""

    def cancel(self) -> None:
        """Ask it to end soon."""


class Executor(Protocol):
    """What runs jobs, a few at a time."""

    def folder(self) -> AbstractContextManager[JobFolder]:
        """Provide an empty folder for a job, removed at the end of the block."""

    def submit(self, folder: JobFolder, limits: Limits) -> Execution:
        """Run what the folder describes; a successful run leaves `result.json` there.

        Raises Unavailable when it does not start.
        """

    def prepare(self) -> None:
        """Get ready for the next jobs; raises Unavailable when that fails."""

    def close(self) -> None:
        """Give up what was prepared."""


def watch(
    execution: Execution, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> Outcome:
    """Watch a job to its end: pass its news on, and cancel it when asked to.

    Both are called up to ten times a second. Raises as `poll` does.
    """
    with execution:
        while (outcome := execution.poll()) is None:
            if news := execution.news():
                on_progress(news)
            if cancelled():
                execution.cancel()
        return outcome
