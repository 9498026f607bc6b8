"""What Slurm says of jobs that wait or end, and what that means for a run."""

import pytest

from services.compute.execution.executors.contract import Phase, Run, RunState, Word
from tests.integration.compute.slurm.runs import WAITS, Runs
from tests.servers import PATIENCE_SECONDS, eventually
from tests.slurm import URGENT, Slurm

DEVOURS = "exec python3 -c 'x = b\"a\" * 400_000_000; import time; time.sleep(600)'"


@pytest.fixture(scope="module", autouse=True)
def overdue(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose time is over: before all tests, for Slurm looks only twice a minute."""
    runs = Runs(slurm, tmp_path_factory.mktemp("overdue"))
    run = runs.submitted(f"trap 'echo bye; exit 1' TERM; {WAITS}", Phase.RUNNING)
    slurm("scontrol", "update", f"JobId={runs.jobs(run)[0]}", "EndTime=now")
    return run


def test_drained_node_keeps_runs_queued(runs: Runs, slurm: Slurm) -> None:
    """With Slurm's reason; they run when the node is given back."""
    with slurm.drained("tests"):
        run = runs.submitted("true")
        eventually(lambda: "DRAINED" in runs.state(run).reason, "a reason")
        assert runs.state(run).phase == Phase.QUEUED
        assert runs.ledger(run) == []
    runs.wait(run, Phase.ENDED, Word.COMPLETED)


def test_preempted_run_ends_and_is_not_queued_again(runs: Runs) -> None:
    """The cluster's way is to queue it again; who submits it decides that here."""
    options = {"memory_bytes": 60_000 << 20}
    run = runs.submitted(WAITS, Phase.RUNNING, **options)
    urgent = runs.submitted(WAITS, Phase.RUNNING, partition=URGENT, **options)
    runs.wait(run, Phase.ENDED, Word.PREEMPTED)
    runs.release(urgent)
    runs.wait(urgent, Phase.ENDED, Word.COMPLETED)
    assert runs.state(run) == RunState(Phase.ENDED, Word.PREEMPTED)
    assert len(runs.ledger(run)) == 1


def test_run_out_of_memory_is_killed(runs: Runs) -> None:
    """Without cgroups Slurm calls it failed; its log says of what."""
    run = runs.submitted(DEVOURS)
    runs.wait(run, Phase.ENDED, Word.FAILED)
    assert "exceeded memory limit" in (run.folder / "stderr.log").read_text()


def test_node_that_starts_again_keeps_its_runs(runs: Runs, slurm: Slurm) -> None:
    """Its daemon is away for a moment, the processes of its jobs are not."""
    run = runs.submitted(WAITS, Phase.RUNNING)
    slurm.kill_node()
    assert runs.state(run).phase == Phase.RUNNING
    slurm.start_node()
    runs.release(run)
    runs.wait(run, Phase.ENDED, Word.COMPLETED)


def test_run_over_its_time_is_told_to_end(runs: Runs, overdue: Run) -> None:
    """Slurm sees it within half a minute; the run may tidy up, and its end is no success."""
    # As patient as the lab's: on a busy machine Slurm's own word may take more than a second.
    runs.executor = runs.executor_behind(patience_seconds=PATIENCE_SECONDS)
    assert runs.wait(overdue, Phase.ENDED, Word.TIMEOUT).reason == "TimeLimit"
    assert (overdue.folder / "stdout.log").read_text() == "bye\n"
