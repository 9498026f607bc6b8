"""What counts as a failure of a machine, of a run that left no outcome."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.compute.execution.executors.contract import Phase, Run, RunState, Submission, Word
from services.compute.execution.executors.following import FollowedRun, NoOutcome
from services.compute.execution.job_folder import JobFolder
from shared.engine.sandbox.run_files import OBSTACLE, Obstacle, write_run_file
from shared.errors import Rejected


class Ended:
    """A place whose runs ended with a word, and left nothing."""

    name, poll_seconds = "ended", 0.0

    def __init__(self, word: Word, *, outlives_service: bool) -> None:
        self._word, self.outlives_service = word, outlives_service

    def submit(self, submission: Submission) -> str:
        """Nothing is done."""
        return submission.run.run_id

    def poll(self, runs: Collection[Run]) -> Mapping[str, RunState]:
        """All ended."""
        return {run.run_id: RunState(Phase.ENDED, self._word) for run in runs}

    def cancel(self, run: Run) -> None:
        """Nothing is to be ended."""

    @contextmanager
    def folder(self, run_id: str) -> Iterator[JobFolder]:
        """There is none."""
        raise Rejected(run_id)
        yield


def no_outcome(folder: Path, word: Word, *, outlives_service: bool) -> NoOutcome:
    """Why a run has no outcome."""
    followed = FollowedRun(
        Ended(word, outlives_service=outlives_service), Run("a" * 32, folder), lambda _news: None
    )
    with pytest.raises(NoOutcome) as raised:
        followed.outcome(lambda: False, lambda: None)
    return raised.value


@pytest.mark.parametrize(
    ("word", "is_failure"),
    [
        (Word.NODE_FAILED, True),
        (Word.CANCELLED, True),
        (Word.FORGOTTEN, True),
        (Word.FAILED, True),
        (Word.PREEMPTED, False),
    ],
)
def test_node_that_leaves_no_outcome_has_failed(
    tmp_path: Path, word: Word, *, is_failure: bool
) -> None:
    """Unless somebody with more right took it; or its disk is full, which passes."""
    assert no_outcome(tmp_path, word, outlives_service=True).is_failure is is_failure
    write_run_file(tmp_path, OBSTACLE, Obstacle("le disque est plein"))
    full = no_outcome(tmp_path, word, outlives_service=True)
    assert (str(full), full.is_failure) == ("le disque est plein", False)


def test_here_a_failure_is_a_fault_of_ours(tmp_path: Path) -> None:
    """And not a server that is away."""
    words = (Word.FAILED, Word.NODE_FAILED)
    failures = [no_outcome(tmp_path, word, outlives_service=False).is_failure for word in words]
    assert failures == [True, False]
