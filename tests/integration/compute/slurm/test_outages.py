"""A controller that is away, or comes back with less than it knew: no run ends by that."""

import psutil

from services.compute.execution.executors.contract import Phase, RunState, Word
from tests.integration.compute.slurm.runs import WAITS, Runs
from tests.servers import eventually
from tests.slurm import Slurm


def test_runs_outlive_their_controller(runs: Runs, slurm: Slurm) -> None:
    """Unknown while it is away, then as before: those that are over, run, or wait."""
    hasty = runs.executor_behind(deadline_seconds=0.5)
    over = runs.submitted("true", Phase.ENDED)
    running = runs.submitted(WAITS, Phase.RUNNING)
    with slurm.drained("tests"):
        every = [over, running, runs.submitted("true", Phase.QUEUED)]
        slurm.save()
        slurm.kill_controller()
        assert {state.phase for state in hasty.poll(every).values()} == {Phase.UNKNOWN}
        slurm.start_controller()
        states = runs.executor.poll(every).values()
        assert [state.phase for state in states] == [Phase.ENDED, Phase.RUNNING, Phase.QUEUED]
    runs.release(running)
    for run in every:
        runs.wait(run, Phase.ENDED, Word.COMPLETED)
        assert len(runs.ledger(run)) == 1


def test_silent_controller_leaves_runs_unknown(runs: Runs, slurm: Slurm) -> None:
    """It is asked for a moment; then nobody waits for it, and nothing is concluded."""
    run = runs.submitted(WAITS, Phase.RUNNING)
    hasty = runs.executor_behind(deadline_seconds=0.5)
    with slurm.frozen():
        state = hasty.poll([run])[run.run_id]
    reason = "squeue did not answer within 0.5 s"
    assert state == RunState(Phase.UNKNOWN, reason=reason)
    assert runs.state(run).phase == Phase.RUNNING


def test_running_job_that_the_controller_forgot_is_not_over(runs: Runs, slurm: Slurm) -> None:
    """What it took in just before it died it does not know; the job ends when its node is asked."""
    runs.executor = runs.executor_behind(patience_seconds=8)
    with slurm.forgetting():
        run = runs.submitted(f"echo $$ > pid; {WAITS}", Phase.RUNNING)
    process = psutil.Process(int((run.folder / "pid").read_text()))
    assert runs.jobs(run) == []
    assert runs.state(run) == RunState(Phase.UNKNOWN, reason="it started, and is not listed")
    assert process.is_running()
    runs.wait(run, Phase.ENDED)
    assert not process.is_running()


def test_queued_job_that_the_controller_forgot_never_starts(runs: Runs, slurm: Slurm) -> None:
    """It is over at once, so that its job can be run anew; whatever the controller finds later."""
    with slurm.drained("tests"):
        submission = runs.new("true")
        with slurm.forgetting():
            runs.executor.submit(submission)
        assert runs.jobs(submission.run) == []
        assert runs.state(submission.run) == RunState(Phase.ENDED, Word.NEVER_STARTED)
        runs.executor._queue(submission)  # type: ignore[attr-defined]
    eventually((submission.run.folder / "stderr.log").exists, "a start")
    assert runs.wait(submission.run, Phase.ENDED, Word.NEVER_STARTED)
    assert runs.ledger(submission.run) == []


def test_end_that_the_controller_forgot_stays(runs: Runs, slurm: Slurm) -> None:
    """It takes for running what noted its end: a success at once, a failure when it is overdue."""
    both = [runs.submitted(f"{WAITS}; exit {status}", Phase.RUNNING) for status in (0, 3)]
    with slurm.forgetting():
        for run in both:
            runs.release(run)
            runs.wait(run, Phase.ENDED)
    succeeded, failed = (runs.state(run) for run in both)
    assert succeeded == RunState(Phase.ENDED, Word.COMPLETED)
    assert failed.phase == Phase.RUNNING
    runs.wait(both[1], Phase.ENDED, Word.FAILED)
    assert [len(runs.ledger(run)) for run in both] == [1, 1]


def test_shared_folder_that_is_gone_leaves_runs_unknown(runs: Runs) -> None:
    """What is not to be read proves nothing."""
    submission = runs.new("true")
    submission.run.folder.rmdir()
    assert runs.state(submission.run).phase == Phase.UNKNOWN
