"""A Slurm that soon forgets jobs, gives their ids to others, and gives up its node."""

from collections.abc import Iterator

import pytest

from services.compute.execution.executors.contract import Phase, RunState, Submission, Word
from tests.integration.compute.slurm.runs import WAITS, Runs
from tests.servers import eventually
from tests.slurm import Slurm, running_slurm


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """It has four ids, forgets jobs after two seconds, and a silent node after six."""
    settings = {"MinJobAge": 2, "FirstJobId": 100, "MaxJobId": 104, "SlurmdTimeout": 6}
    with running_slurm(tmp_path_factory.mktemp("slurm"), **settings) as slurm:
        yield slurm


@pytest.fixture(scope="module")
def runs(forgetful: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Runs on that one."""
    runs = Runs(forgetful, tmp_path_factory.mktemp("runs"))
    yield runs
    runs.close()


@pytest.fixture(scope="module")
def forgotten(runs: Runs) -> tuple[Submission, Submission]:
    """Two runs that Slurm lists no more: one noted its end, one was killed before it could."""
    both = runs.new("true"), runs.new("kill -9 $PPID")
    for submission in both:
        runs.executor.submit(submission)
    for submission, word in zip(both, (Word.COMPLETED, Word.FAILED), strict=True):
        runs.wait(submission.run, Phase.ENDED, word)
    eventually(lambda: not any(runs.jobs(submission.run) for submission in both), "oblivion")
    return both


def test_forgotten_run_has_ended(runs: Runs, forgotten: tuple[Submission, Submission]) -> None:
    """By the note of its end; and who submits it again finds that of its start."""
    noted, _ = forgotten
    assert runs.state(noted.run) == RunState(Phase.ENDED, Word.COMPLETED)
    assert [runs.executor.submit(noted)] == runs.ledger(noted.run)
    assert runs.jobs(noted.run) == []


def test_forgotten_run_without_a_note_ends_when_it_is_missed(
    runs: Runs, forgotten: tuple[Submission, Submission]
) -> None:
    """Nothing but its absence speaks of its end."""
    _, killed = forgotten
    assert runs.state(killed.run).phase == Phase.UNKNOWN
    runs.wait(killed.run, Phase.ENDED, Word.FORGOTTEN)


def test_id_of_another_job_is_not_mistaken(
    runs: Runs, forgotten: tuple[Submission, Submission]
) -> None:
    """It got the id of a run that was forgotten: it is neither shown as its state nor cancelled."""
    run, others = forgotten[0].run, []

    def is_reused() -> bool:
        submission = runs.new(WAITS)
        others.append(submission.run)
        if [runs.executor.submit(submission)] == runs.ledger(run):
            return True
        runs.executor.cancel(submission.run)
        return False

    eventually(is_reused, "the same id")
    runs.wait(others[-1], Phase.RUNNING)
    assert runs.state(run) == RunState(Phase.ENDED, Word.COMPLETED)
    runs.executor.cancel(run)
    assert runs.state(others[-1]).phase == Phase.RUNNING


def test_lost_node_ends_its_runs(runs: Runs, forgetful: Slurm) -> None:
    """Once Slurm gave it up; until then they are running, for all that anybody can tell."""
    run = runs.submitted(WAITS, Phase.RUNNING)
    forgetful.cut_power()
    assert runs.state(run).phase == Phase.RUNNING
    runs.wait(run, Phase.ENDED, Word.NODE_FAILED)
