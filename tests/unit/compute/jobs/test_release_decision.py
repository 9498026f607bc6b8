"""A job whose result waits for a reviewer."""

import pytest

from services.compute.jobs.model import Decision, Job, MaskedOutputs, ReleaseDecision
from services.compute.jobs.views import JobView
from shared.engine.tables.manifest import Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.release import ReleaseRecord
from shared.errors import WrongStage
from shared.events import JobSucceeded, ResultReleased
from tests.events import topics
from tests.unit.compute.jobs.test_model import MANIFEST, a_running_job

HELD = ReleaseRecord()
_TIMES = {"queued_at", "started_at", "id"}
PRIVACY = Privacy(verdict="quasi", subject="persons", k=1, rows_below=3, share_below=0.5)
OUTPUTS = (Output(name="result.parquet", file=MANIFEST),)


def a_held_job() -> Job:
    """A full job of others' restricted data that ended."""
    job = a_running_job()
    job.begin("first", is_protected=True)
    job.succeed("first", 1.0, MANIFEST, OUTPUTS, PRIVACY, release=HELD)
    return job


def reviewer_decision(decision: Decision) -> ReleaseDecision:
    """A reviewer's word."""
    return ReleaseDecision(decision=decision, decided_by="mbr_r", reason="relu")


def test_held_result_is_told_to_the_staff_alone() -> None:
    """Its holder reads the same from its start on; it hears of the end once that is decided."""
    job, running = a_held_job(), a_running_job()
    running.begin("first", is_protected=True)
    assert (job.state, job.is_held, job.public_state) == ("succeeded", True, "held")
    assert topics(job)[-1] == "result_held"
    assert job.recorded()[-1].for_staff
    seen = [
        JobView.of(other).for_holder(other.public_state).withholding(other.unreleased)
        for other in (running, job)
    ]
    assert seen[0].model_dump(exclude=_TIMES) == seen[1].model_dump(exclude=_TIMES)


def test_released_result_tells_what_was_kept_back() -> None:
    """Once, however often it is said."""
    job = a_held_job()
    for _ in range(2):
        job.decide_release(reviewer_decision("release"))
    assert topics(job)[-3:] == ["result_held", "job_succeeded", "result_released"]
    end, event = job.recorded()[-2:]
    assert isinstance(end, JobSucceeded)
    assert (end.is_held, end.verdict, end.warning, end.public.seconds) == (True, None, "", 0.0)
    assert isinstance(event, ResultReleased)
    assert (event.verdict, event.warning, event.is_masked) == ("quasi", job.warning, False)
    assert (job.is_held, job.unreleased) == (False, "")


def test_masked_result_leaves_in_its_place() -> None:
    """With the files that have cells masked, and no others; where there are some."""
    job = a_held_job()
    with pytest.raises(WrongStage, match="ne masquent rien"):
        job.decide_release(reviewer_decision("mask"))
    other = MANIFEST.model_copy(update={"sha256": "b" * 64})
    job.masked = MaskedOutputs(result=other, outputs=())
    job.decide_release(reviewer_decision("mask"))
    end, event = job.recorded()[-2:]
    assert isinstance(end, JobSucceeded)
    assert isinstance(event, ResultReleased)
    assert (end.result, job.result, job.outputs, event.is_masked) == (other, other, (), True)


def test_held_job_is_cancelled_as_one_that_runs() -> None:
    """Who cancels it does not learn whether it had ended; its files are given up."""
    job = a_held_job()
    job.cancel("plus besoin")
    assert (job.state, job.public_state, job.is_held) == ("cancelled", "cancelled", False)
    assert topics(job)[-2:] == ["job_forgotten", "job_cancelled"]


def test_refused_result_stays_for_good() -> None:
    """Its holder reads why, and no other word follows."""
    job = a_held_job()
    job.decide_release(reviewer_decision("refuse"))
    assert topics(job)[-1] == "result_refused"
    assert job.unreleased.endswith("relu")
    with pytest.raises(WrongStage):
        job.decide_release(reviewer_decision("release"))


@pytest.mark.parametrize("record", [None, ReleaseRecord(verdict="suppressed")])
def test_result_that_left_waits_for_nobody(record: ReleaseRecord | None) -> None:
    """It has nothing of others' restricted data, or left before such results waited by form."""
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


def test_reviewer_asks_the_holder_one_question_at_a_time() -> None:
    """Which decides nothing; both are told, once however often they are said."""
    job = a_held_job()
    for _ in range(2):
        job.ask_holder("À qui sert la ligne « autres » ?", "mbr_r")
    with pytest.raises(WrongStage, match="n'a pas encore répondu"):
        job.ask_holder("Et la suivante ?", "mbr_r")
    for _ in range(2):
        job.answer_reviewer("Au total.")
    assert topics(job)[-2:] == ["release_question_asked", "release_question_answered"]
    assert [question.answer for question in job.questions] == ["Au total."]
    assert job.is_held
    with pytest.raises(WrongStage, match="aucune question"):
        job.answer_reviewer("Encore.")


def test_nothing_is_asked_or_answered_once_it_is_decided() -> None:
    """A question that waits then stays without an answer."""
    job = a_held_job()
    job.ask_holder("À qui sert la ligne « autres » ?", "mbr_r")
    job.decide_release(reviewer_decision("refuse"))
    with pytest.raises(WrongStage, match="n'attend pas de décision"):
        job.ask_holder("Trop tard ?", "mbr_r")
    with pytest.raises(WrongStage, match="aucune question"):
        job.answer_reviewer("Au total.")
