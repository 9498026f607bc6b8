"""A job whose result the rules of release hold back."""

import pytest

from services.compute.jobs.model import Decision, Job, ReleaseDecision
from shared.engine.tables.manifest import Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.release import ReleaseRecord
from shared.errors import WrongStage
from shared.events import JobSucceeded, ResultHeld, ResultReleased
from tests.events import topics
from tests.unit.compute.jobs.test_model import MANIFEST, a_running_job

HELD = ReleaseRecord(verdict="held", told="La population a été choisie par le porteur.")
PRIVACY = Privacy(verdict="quasi", subject="persons", k=1, rows_below=3, share_below=0.5)
OUTPUTS = (Output(name="result.parquet", file=MANIFEST),)


def a_held_job() -> Job:
    """A full job that ended well, and whose result is held."""
    job = a_running_job()
    job.succeed("first", 1.0, MANIFEST, OUTPUTS, PRIVACY, release=HELD)
    return job


def reviewer_decision(decision: Decision) -> ReleaseDecision:
    """A reviewer's word."""
    return ReleaseDecision(decision=decision, decided_by="mbr_r", reason="relu")


def test_held_result_ends_its_job_and_waits() -> None:
    """The job succeeded; what its table tells is told only once it leaves."""
    job = a_held_job()
    assert (job.state, job.is_held) == ("succeeded", True)
    assert topics(job)[-2:] == ["job_succeeded", "result_held"]
    end, held = job.recorded()[-2:]
    assert isinstance(end, JobSucceeded)
    assert (end.is_held, end.verdict, end.warning) == (True, None, "")
    assert isinstance(held, ResultHeld)
    assert HELD.told in job.unreleased


def test_released_result_tells_what_was_kept_back() -> None:
    """Once, however often it is said."""
    job = a_held_job()
    for _ in range(2):
        job.decide_release(reviewer_decision("release"))
    assert topics(job)[-2:] == ["result_held", "result_released"]
    event = job.recorded()[-1]
    assert isinstance(event, ResultReleased)
    assert (event.verdict, event.warning) == ("quasi", job.warning)
    assert (job.is_held, job.unreleased) == (False, "")


def test_refused_result_stays_for_good() -> None:
    """Its holder reads why, and no other word follows."""
    job = a_held_job()
    job.decide_release(reviewer_decision("refuse"))
    assert topics(job)[-1] == "result_refused"
    assert job.unreleased.endswith("relu")
    with pytest.raises(WrongStage):
        job.decide_release(reviewer_decision("release"))


@pytest.mark.parametrize("record", [None, ReleaseRecord(verdict="suppressed", told="3 cellules")])
def test_result_that_left_waits_for_nobody(record: ReleaseRecord | None) -> None:
    """Cells that were left empty do not hold the rest back."""
    job = a_running_job()
    job.succeed("first", 1.0, MANIFEST, OUTPUTS, release=record)
    assert (job.is_held, job.unreleased) == (False, "")
    with pytest.raises(WrongStage):
        job.decide_release(reviewer_decision("release"))


def test_forgotten_result_waits_for_nobody() -> None:
    """There is nothing left to decide on."""
    job = a_held_job()
    job.forget("dts_1", "supprimé")
    assert (job.is_held, job.release) == (False, None)
