"""Whatever a run does, cancelling ends it, once or twice."""

import pytest

from services.compute.execution.executors.contract import Phase, RunState, Word
from services.compute.execution.executors.slurm import _Job
from shared.errors import Unavailable
from tests.integration.compute.slurm.runs import WAITS, Runs
from tests.servers import eventually
from tests.slurm import Slurm


def test_queued_run_never_starts(runs: Runs, slurm: Slurm) -> None:
    """It is over at once, and submitted again it stays so."""
    submission = runs.new("true")
    with slurm.drained("tests"):
        runs.executor.submit(submission)
        for _ in range(2):
            runs.executor.cancel(submission.run)
            assert runs.wait(submission.run, Phase.ENDED, Word.CANCELLED)
        assert runs.executor.submit(submission) == ""
    assert runs.ledger(submission.run) == []


def test_running_run_ends(runs: Runs) -> None:
    """Its processes may tidy up first."""
    run = runs.submitted(f"trap 'echo bye; exit 1' TERM; {WAITS}", Phase.RUNNING)
    for _ in range(2):
        runs.executor.cancel(run)
    runs.wait(run, Phase.ENDED, Word.CANCELLED)
    assert (run.folder / "stdout.log").read_text() == "bye\n"


def test_ended_run_stays_as_it_is(runs: Runs) -> None:
    """There is nothing left to end."""
    run = runs.submitted("true", Phase.ENDED)
    runs.executor.cancel(run)
    assert runs.wait(run, Phase.ENDED, Word.COMPLETED)


def test_run_that_ended_before_slurm_heard_of_it_is_not_cancelled(runs: Runs) -> None:
    """Slurm calls it so when it is told to cancel what was over already."""
    run = runs.submitted("true", Phase.ENDED)
    [job_id] = runs.jobs(run)
    state = runs.executor_behind()._state(run, [_Job(job_id, "CANCELLED", "")])
    assert state == RunState(Phase.ENDED, Word.COMPLETED)


def test_run_that_nobody_submitted_never_starts(runs: Runs) -> None:
    """Whoever is about to submit it comes too late."""
    submission = runs.new("true")
    runs.executor.cancel(submission.run)
    assert runs.executor.submit(submission) == ""
    assert runs.state(submission.run) == RunState(Phase.ENDED, Word.CANCELLED)


def test_run_without_an_answer_never_starts(runs: Runs, slurm: Slurm) -> None:
    """The caller hears that its job may still be there; its work is not done in any case."""
    submission, hasty = runs.new("true"), runs.executor_behind(deadline_seconds=0.5)
    with slurm.frozen():
        with pytest.raises(Unavailable):
            hasty._queue(submission)
        with pytest.raises(Unavailable):
            hasty.cancel(submission.run)
    eventually((submission.run.folder / "stderr.log").exists, "a start")
    runs.executor.cancel(submission.run)
    runs.wait(submission.run, Phase.ENDED, Word.CANCELLED)
    assert runs.ledger(submission.run) == []


def test_controller_that_forgets_a_cancellation_starts_nothing(runs: Runs, slurm: Slurm) -> None:
    """It wrote down the job, not that it was cancelled, and queues it again."""
    with slurm.drained("tests"):
        run = runs.submitted("true", Phase.QUEUED)
        with slurm.forgetting():
            runs.executor.cancel(run)
        assert runs.jobs(run)
        assert runs.state(run).word == Word.CANCELLED
    eventually((run.folder / "stderr.log").exists, "a start")
    assert runs.ledger(run) == []
