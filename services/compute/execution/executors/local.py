"""Runs jobs in sandboxes of this machine; a thread of this process watches each."""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from services.compute.execution.executors.contract import Phase, Run, RunState, Submission, Word
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.spares.spares import Spares
from shared.engine.sandbox.process_tree import ProcessTree
from shared.engine.sandbox.run import run_folder
from shared.errors import Unavailable

log = logging.getLogger(__name__)


class LocalExecutor:
    """Runs that end with this process, in folders that it provides: see Executor."""

    name = "local"
    poll_seconds = 0.02
    outlives_service = False

    def __init__(self, spares: Spares) -> None:
        self._spares = spares
        self._watches: dict[str, _Watch] = {}

    @contextmanager
    def folder(self, run_id: str) -> Iterator[JobFolder]:
        """Provide the folder of a run; at the end it is over, and what is left of it removed."""
        with self._spares.folder() as (folder, waiting):
            watch = self._watches[run_id] = _Watch(folder.path, waiting)
            try:
                yield folder
            finally:
                watch.end()
                del self._watches[run_id]

    def submit(self, submission: Submission) -> str:
        """Start a run whose folder is provided, unless that was done; nobody needs an id of it."""
        watch = self._watches[submission.run.run_id]
        if not watch.is_begun and not watch.is_cancelled:
            watch.begin()
        return ""

    def poll(self, runs: Collection[Run]) -> Mapping[str, RunState]:
        """Return where each of these runs stands, by its id."""
        return {run.run_id: self._watches[run.run_id].state for run in runs}

    def cancel(self, run: Run) -> None:
        """Ask a run to end; one that did not start never does."""
        self._watches[run.run_id].cancel()


class _Watch:
    """The thread that watches one run."""

    def __init__(self, folder: Path, waiting: ProcessTree | None) -> None:
        self._folder, self._waiting = folder, waiting
        self._cancelled = Event()
        self._thread = Thread(target=self._run, name=f"run in {folder.name}", daemon=True)
        self._ending = Word.COMPLETED, ""
        self.is_begun = False

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def state(self) -> RunState:
        if not self.is_begun:
            word = Word.CANCELLED if self.is_cancelled else None
            return RunState(Phase.ENDED if word else Phase.QUEUED, word)
        if self._thread.is_alive():
            return RunState(Phase.RUNNING)
        return RunState(Phase.ENDED, *self._ending)

    def begin(self) -> None:
        self.is_begun = True
        self._thread.start()

    def cancel(self) -> None:
        self._cancelled.set()

    def end(self) -> None:
        self.cancel()
        if self.is_begun:
            self._thread.join()

    def _run(self) -> None:
        try:
            run_folder(self._folder, self._cancelled.is_set, self._waiting)
        except (Unavailable, OSError) as error:
            self._ending = Word.NODE_FAILED, str(error)
        except Exception as error:
            log.exception("a run met a fault of ours")
            self._ending = Word.FAILED, repr(error)
