"""What counts as a failure of a machine, of a run that left no outcome."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.execution.executors.contract import Phase, Run, RunState, Submission, Word
from services.compute.execution.executors.following import FollowedRun, NoOutcome, OtherEngine
from services.compute.execution.job_folder import JobFolder
from shared.engine.sandbox.engine_version import engine_version
from shared.engine.sandbox.limits import Outcome
from shared.engine.sandbox.run_files import OBSTACLE, OUTCOME, Obstacle, write_run_file
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


def followed_run(folder: Path, word: Word, *, outlives_service: bool) -> FollowedRun:
    """A run that ended with a word."""
    place = Ended(word, outlives_service=outlives_service)
    return FollowedRun(place, Run("a" * 32, folder), lambda _news: None)


def no_outcome(folder: Path, word: Word, *, outlives_service: bool) -> NoOutcome:
    """Why a run has no outcome."""
    followed = followed_run(folder, word, outlives_service=outlives_service)
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


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "failed"])
@pytest.mark.parametrize("outlives_service", [True, False], ids=["node", "here"])
def test_what_another_engine_did_counts_for_nothing(
    tmp_path: Path, *, is_done: bool, outlives_service: bool
) -> None:
    """Its machine has failed, wherever that is; so has one from before engines were told."""
    followed = followed_run(tmp_path, Word.COMPLETED, outlives_service=outlives_service)
    outcome = Outcome(ok=is_done, reason="", seconds=1, peak_bytes=1, log_tail="")
    for engine in ("", "0" * 64):
        write_run_file(tmp_path, OUTCOME, replace(outcome, engine=engine))
        with pytest.raises(OtherEngine, match="même moteur") as raised:
            followed.outcome(lambda: False, lambda: None)
        assert raised.value.is_failure
    same = replace(outcome, engine=engine_version())
    write_run_file(tmp_path, OUTCOME, same)
    assert followed.outcome(lambda: False, lambda: None) == same
