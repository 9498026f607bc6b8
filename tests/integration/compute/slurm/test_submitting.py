"""A run is one job, however often it is submitted and whoever dies meanwhile."""

import pytest

from services.compute.execution.executors.contract import Phase, Run, RunState, Word
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import Transport
from shared.errors import Rejected, Unavailable
from tests.integration.compute.slurm.runs import WAITS, Runs
from tests.servers import eventually
from tests.slurm import Slurm

_DIE = 'case "$*" in (*sbatch*) "$@" > /dev/null; kill -9 $$;; (*) exec "$@";; esac'
DIES = ("/bin/sh", "-c", _DIE, "sh")
"""Runs a command; if that is sbatch, ends before anybody hears what it answered."""


def test_job_runs_and_ends(runs: Runs) -> None:
    """Its output is in two files of its folder, and it sees nothing of who submitted it."""
    run = runs.submitted("echo out; echo err >&2; env > env; exit 3")
    state = runs.wait(run, Phase.ENDED, Word.FAILED)
    assert state.reason == "NonZeroExitCode"
    assert (run.folder / "stdout.log").read_text() == "out\n"
    assert (run.folder / "stderr.log").read_text() == "err\n"
    environment = (run.folder / "env").read_text()
    assert "PATH=/usr/local/bin:/usr/bin:/bin\n" in environment
    assert "PYTEST" not in environment


def test_words_and_folders_reach_the_node_as_they_are(runs: Runs, slurm: Slurm) -> None:
    """Whatever a shell would make of them, here and behind a prefix that is one."""
    words = "a b'c", '$HOME "x" `id` \\', "*;#&|<>", "%j%%", ""
    submission = runs.new("", command=("/usr/bin/printf", "<%s>", *words))
    folder = submission.run.folder.parent / "it's $HOME & #1"
    folder.mkdir()
    run = Run(submission.run.run_id, folder)
    elsewhere = Transport(("env", "A=b", "sh", "-c"), joins_words=True)
    executor = SlurmExecutor(Transport((*slurm.prefix, "sh", "-c"), joins_words=True))
    assert elsewhere.run(["printf", "%s", *words]) == "".join(words)
    submission = runs.new("", run=run, command=submission.command)
    executor.submit(submission)
    runs.wait(run, Phase.ENDED, Word.COMPLETED)
    expected = "".join(f"<{word}>" for word in words)
    assert (folder / "stdout.log").read_text() == expected


def test_run_submitted_twice_is_one_job(runs: Runs) -> None:
    """Also by an executor that knows nothing of the first time, and when the job is over."""
    submission = runs.new(WAITS)
    job_id = runs.executor.submit(submission)
    assert runs.executor_behind().submit(submission) == job_id
    runs.release(submission.run)
    runs.wait(submission.run, Phase.ENDED, Word.COMPLETED)
    assert runs.executor_behind().submit(submission) == job_id
    assert runs.jobs(submission.run) == [job_id]


def test_service_that_dies_after_sbatch_finds_its_job(runs: Runs) -> None:
    """The id is lost with the process; the name is not."""
    submission = runs.new(WAITS)
    with pytest.raises(Unavailable, match="exit status -9"):
        runs.executor_behind(*DIES).submit(submission)
    (job_id,) = runs.jobs(submission.run)
    assert runs.executor.submit(submission) == job_id
    assert runs.jobs(submission.run) == [job_id]


def test_job_that_appears_late_does_the_work_once(runs: Runs, slurm: Slurm) -> None:
    """An sbatch that was given up is heard when the controller wakes up: two jobs, one start."""
    submission, hasty = runs.new("true"), runs.executor_behind(deadline_seconds=0.5)
    with pytest.raises(Unavailable, match=r"did not answer within 0\.5 s"), slurm.frozen():
        hasty._queue(submission)  # what `submit` does next, had squeue just answered
    eventually(lambda: runs.jobs(submission.run), "the late job")
    second = runs.executor._queue(submission)  # type: ignore[attr-defined] # and had not seen it
    assert len(runs.jobs(submission.run)) == 2
    run = submission.run
    runs.wait(run, Phase.ENDED, Word.COMPLETED)
    eventually(lambda: not slurm("squeue", "--noheader", f"--name=datalab-{run.run_id}"), second)
    assert len(runs.ledger(run)) == 1
    assert runs.state(run) == RunState(Phase.ENDED, Word.COMPLETED)


@pytest.mark.parametrize(
    "options", [{"partition": "nowhere"}, {"memory_bytes": 10**15}], ids=["partition", "memory"]
)
def test_run_that_never_fits_is_rejected(runs: Runs, options: dict[str, object]) -> None:
    """At once, in Slurm's words; it need not be tried again."""
    with pytest.raises(Rejected, match="sbatch: error: "):
        runs.executor.submit(runs.new("true", **options))


def test_many_runs_are_polled_by_one_call(runs: Runs) -> None:
    """One squeue for all of them, ended or not, and none for nothing."""
    many = [runs.submitted(WAITS) for _ in range(3)]
    calls = many[0].folder / "calls"
    count = f'echo >> {calls}; exec "$@"'
    executor = runs.executor_behind("/bin/sh", "-c", count, "sh")
    assert executor.poll([]) == {}
    assert executor.poll(many).keys() == {run.run_id for run in many}
    assert calls.read_text() == "\n"
