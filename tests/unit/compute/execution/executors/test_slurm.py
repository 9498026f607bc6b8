"""How squeue's answers are read, and what each of Slurm's states means."""

import pytest

from services.compute.execution.executors.contract import Phase, RunState, Word
from services.compute.execution.executors.slurm import MEANINGS, _furthest, _Job, _read_jobs
from shared.errors import Unavailable

RUN_ID = "0123456789abcdef"


def test_jobs_are_found_by_the_name_of_their_run() -> None:
    """Two of one run, in spite of all that may stand in a reason; others are left out."""
    reason = "ReqNodeNotAvail, UnavailableNodes:datalab-node[1-2] | (held)"
    answer = (
        f"12|PENDING|datalab-{RUN_ID}|{reason}\n"
        "13_[1-9]|PENDING|array|None\n"
        "14|RUNNING|datalab-demo|None\n"
        "15|RUNNING|a|b|None\n"
        f"16|COMPLETED|datalab-{RUN_ID}|None\n"
    )
    jobs = [_Job("12", "PENDING", reason), _Job("16", "COMPLETED", "")]
    assert _read_jobs(answer) == {RUN_ID: jobs}
    assert _read_jobs("") == {}


@pytest.mark.parametrize(
    "line",
    [
        "slurm_load_jobs error: Unable to contact slurm controller",
        "12|RUN",
        f"|RUNNING|datalab-{RUN_ID}|None",
        "12|R|UNNING",
        '{"jobs": []}',
    ],
)
def test_answer_that_is_no_list_of_jobs_says_nothing(line: str) -> None:
    """Not that the others are gone, either."""
    with pytest.raises(Unavailable, match="squeue answered"):
        _read_jobs(f"11|RUNNING|datalab-{RUN_ID}|None\n{line}\n")


def test_state_that_nobody_has_heard_of_is_unknown() -> None:
    """A later Slurm may have more of them."""
    state = _furthest([_Job("12", "TELEPORTING", "None")])
    assert state == RunState(Phase.UNKNOWN, None, "TELEPORTING")


@pytest.mark.parametrize(
    ("reason", "is_stuck"),
    [
        ("", False),
        ("Priority", False),
        ("Resources", False),
        ("AssocGrpCpuLimit", False),
        ("AssocGrpCPURunMinutesLimit", False),
        ("QOSMaxJobsPerUserLimit", False),
        ("MaxCpuPerAccount", False),
        ("AssocGrpCPUMinutesLimit", True),
        ("QOSMaxWallDurationPerJobLimit", True),
        ("MaxMemPerLimit", True),
        ("PartitionTimeLimit", True),
        ("JobHeldAdmin", True),
        ("Nodes required for job are DOWN, DRAINED or reserved", True),
        ("SomethingNew", True),
    ],
)
def test_job_is_stuck_where_no_end_of_others_lets_it_start(reason: str, *, is_stuck: bool) -> None:
    """A reason that nobody has heard of counts as such; what runs is never stuck."""
    assert _furthest([_Job("12", "PENDING", reason)]).is_stuck == is_stuck
    assert not _furthest([_Job("12", "RUNNING", reason)]).is_stuck


def test_only_what_has_ended_has_a_last_word() -> None:
    """And whatever has ended has one."""
    assert {meaning.phase for meaning in MEANINGS.values() if meaning.word} == {Phase.ENDED}
    assert all(meaning.word for meaning in MEANINGS.values() if meaning.phase == Phase.ENDED)


def test_run_is_as_alive_as_its_most_alive_job() -> None:
    """One that is queued again under the same name goes on."""
    ended, queued = _Job("12", "FAILED", ""), _Job("13", "PENDING", "Priority")
    running = _Job("14", "COMPLETING", "")
    assert _furthest([ended]) == RunState(Phase.ENDED, Word.FAILED)
    assert _furthest([ended, queued]) == RunState(Phase.QUEUED, None, "Priority")
    assert _furthest([ended, queued, running]) == RunState(Phase.RUNNING)
