"""Follows a run to its end: by the files in its folder first, and by its executor's word."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from services.compute.execution.executors.contract import (
    STDERR,
    Phase,
    Run,
    RunPlace,
    RunState,
    Word,
)
from services.compute.jobs.model import MAX_NODE_FAILURES
from shared.engine.sandbox.disk_space import Waiting
from shared.engine.sandbox.engine_version import engine_version
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Outcome
from shared.engine.sandbox.run_files import OBSTACLE, OUTCOME, PROGRESS, Obstacle, read_run_file
from shared.errors import Rejected

log = logging.getLogger(__name__)

_LATE_LOOKS = 150
"""How often one looks for the outcome of a run that completed: a shared folder shows it late."""

_STDERR_LENGTH = 500

_EXCESSES = {
    Word.TIMEOUT: "le traitement a dépassé la durée demandée à la grappe de calcul",
    Word.OUT_OF_MEMORY: "le traitement a dépassé la mémoire demandée à la grappe de calcul",
}
_STOPPED = f"la grappe de calcul s'est arrêtée {MAX_NODE_FAILURES} fois pendant ce traitement"
_OTHER_ENGINE = "la machine de calcul n'a pas le même moteur que le service"
_INTERRUPTED = "la machine de calcul a interrompu le traitement, qui recommence"
_QUEUED = "en file d'attente de la grappe de calcul"
_REASONS = {
    "Priority": " : d'autres travaux passent d'abord",
    "Resources": " : elle n'a pas de machine libre",
}
"""Why Slurm lets a job wait, where that says something to its holder."""

_SILENT = "la grappe de calcul ne répond pas ; le traitement y continue peut-être"


class NoOutcome(Waiting):
    """A run ended, and nobody knows how; `is_failure` if that cannot go on for ever.

    Here that is a fault of ours; on the cluster all but what was preempted, or found a full disk.
    `fault` is what an operator reads once it went on for too long.
    """

    fault = _STOPPED

    def __init__(self, reason: str, *, is_failure: bool) -> None:
        super().__init__(reason or _INTERRUPTED)
        self.is_failure = is_failure


class OtherEngine(NoOutcome):
    """Another engine than the service's did a run: what it says counts for nothing."""

    fault = f"{_OTHER_ENGINE}, après {MAX_NODE_FAILURES} essais : installez-y la même version"

    def __init__(self) -> None:
        super().__init__(_OTHER_ENGINE, is_failure=True)


class FollowedRun:
    """One run that was submitted, and whoever wants to know how far it is."""

    def __init__(self, place: RunPlace, run: Run, note: Callable[[Progress], None]) -> None:
        self._place, self._run, self._note = place, run, note
        self._progress: Progress | None = None
        self._running_since, self._reason = 0.0, ""

    @property
    def seconds(self) -> float:
        """Return for how long it was seen to run."""
        return time.monotonic() - self._running_since if self._running_since else 0.0

    def outcome(self, is_unwanted: Callable[[], bool], start: Callable[[], None]) -> Outcome:
        """Return how it ended; calls `start` once it is seen to run, and cancels it if unwanted.

        Raises Rejected for what took more than it asked for, and NoOutcome where its machine is to
        blame, OtherEngine for what that has of the lab.
        """
        late_looks = 0
        while (outcome := read_run_file(self._run.folder, OUTCOME, Outcome)) is None:
            state = self._look(start)
            late_looks += state.phase == Phase.ENDED
            if late_looks > (_LATE_LOOKS if state.word == Word.COMPLETED else 1):
                raise self._without_outcome(state)
            if is_unwanted():
                self._place.cancel(self._run)
            time.sleep(self._place.poll_seconds)
        if not self._running_since:
            start()
        self._tell(RunState(Phase.ENDED))
        if outcome.engine != engine_version():
            engines = {"engine": outcome.engine, "service": engine_version()}
            log.error("another engine did a run", extra={"run": self._run.run_id, **engines})
            raise OtherEngine
        return outcome

    def _look(self, start: Callable[[], None]) -> RunState:
        state = self._place.poll([self._run])[self._run.run_id]
        if state.phase == Phase.RUNNING and not self._running_since:
            self._running_since = time.monotonic()
            start()
        self._tell(state)
        return state

    def _tell(self, state: RunState) -> None:
        """Note how far it is, or why it does not run yet."""
        progress = read_run_file(self._run.folder, PROGRESS, Progress)
        if progress is None and state.phase == Phase.QUEUED:
            progress = Progress(0.0, f"{_QUEUED}{_REASONS.get(state.reason, '')}", "")
            self._log_reason(state)
        elif progress is None and state.phase == Phase.UNKNOWN and state.reason:
            progress = Progress(0.0, _SILENT, "")
        if progress and progress != self._progress:
            self._progress = progress
            self._note(progress)

    def _log_reason(self, state: RunState) -> None:
        """Log once why a run waits that may never start."""
        if state.reason != self._reason:
            self._reason = state.reason
            if state.is_stuck:
                about = {"run": self._run.run_id, "reason": state.reason}
                log.warning("a run waits at the cluster", extra=about)

    def _without_outcome(self, state: RunState) -> Rejected | NoOutcome:
        if state.word in _EXCESSES:
            return Rejected(_EXCESSES[state.word])
        left = read_run_file(self._run.folder, OBSTACLE, Obstacle)
        about = {"run": self._run.run_id, "word": state.word, "reason": state.reason}
        log.warning("a run left no outcome", extra={**about, "stderr": self._stderr()})
        reason = left.reason if left else ""
        if self._place.outlives_service:
            is_failure = state.word != Word.PREEMPTED and not reason
        else:
            is_failure = state.word == Word.FAILED
        return NoOutcome(reason, is_failure=is_failure)

    def _stderr(self) -> str:
        """Return the end of what its command said; a job cannot write there."""
        with suppress(OSError):
            return (self._run.folder / STDERR).read_text(errors="replace")[-_STDERR_LENGTH:]
        return ""
