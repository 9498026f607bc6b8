"""A job whose result waits for a reviewer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.compute.jobs.model import Job
from services.compute.jobs.release_review import Decision, MaskedOutputs, ReleaseDecision
from services.compute.jobs.views import JobView
from shared.aggregate import NEVER, now
from shared.engine.tables.manifest import Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.release import ReleaseRecord
from shared.errors import WrongStage
from shared.events import JobSucceeded, ResultRefused, ResultReleased
from tests.events import topics
from tests.unit.compute.jobs.test_model import MANIFEST, a_running_job

HELD = ReleaseRecord()
_TIMES = {"queued_at", "started_at", "id"}
PRIVACY = Privacy(verdict="quasi", subject="persons", k=1, rows_below=3, share_below=0.5)
OUTPUTS = (Output(name="result.parquet", file=MANIFEST),)


def a_held_job() -> Job:
    """A full job of others' restricted data that ended."""
    job = a_begun_job()
    job.succeed("first", 1.0, MANIFEST, OUTPUTS, PRIVACY, release=HELD)
    return job


def a_begun_job() -> Job:
    """A full job of others' restricted data that runs."""
    job = a_running_job()
    job.begin("first", is_protected=True)
    job.report("first", NEVER, 0.5, "lit Caen", "14118", log_lines=1)
    return job


def seen_by_holder(job: Job) -> dict[str, Any]:
    """What its holder reads of a job, and what everybody hears of it."""
    view = JobView.of(job).for_holder(job).withholding(job.unreleased)
    public = [event.public for event in job.recorded() if not event.for_staff]
    return {**view.model_dump(exclude=_TIMES), "events": public}


def reviewer_decision(decision: Decision) -> ReleaseDecision:
    """A reviewer's word."""
    return ReleaseDecision(decision=decision, decided_by="mbr_r", reason="relu")


def test_held_result_is_told_to_the_staff_alone() -> None:
    """Its holder reads the same from its start on; it hears of the end once that is decided."""
    job, running = a_held_job(), a_begun_job()
    assert (job.state, job.is_held, job.public_state) == ("succeeded", True, "held")
    assert topics(job)[-1] == "result_held"
    assert job.recorded()[-1].for_staff
    assert seen_by_holder(running) == seen_by_holder(job)


def test_released_result_tells_what_was_kept_back() -> None:
    """Once, however often it is said."""
    job = a_held_job()
    for _ in range(2):
        job.decide_release(reviewer_decision("release"))
    assert topics(job)[-3:] == ["result_held", "job_succeeded", "result_released"]
    end, event = job.recorded()[-2:]
    assert isinstance(end, JobSucceeded)
    assert (end.is_held, end.verdict, end.warning) == (True, "quasi", job.warning)
    assert (end.seconds, end.public.seconds) == (1.0, 0.0)
    assert isinstance(event, ResultReleased)
    assert (event.verdict, event.warning, event.is_masked) == ("quasi", job.warning, False)
    assert (job.is_held, job.unreleased) == (False, "")


def test_masked_result_leaves_in_its_place() -> None:
    """With the files that have cells masked, and no others; where there are some."""
    job = a_held_job()
    with pytest.raises(WrongStage, match="ne masquent rien"):
        job.decide_release(reviewer_decision("mask"))
    other = MANIFEST.model_copy(update={"sha256": "b" * 64})
    job.masked, job.near = MaskedOutputs(result=other, outputs=()), "Caen"
    job.decide_release(reviewer_decision("mask"))
    end, event = job.recorded()[-2:]
    assert isinstance(end, JobSucceeded)
    assert isinstance(event, ResultReleased)
    assert (end.result, job.result, job.outputs, event.is_masked) == (other, other, (), True)
    # What was said of the whole is of cells that do not leave.
    assert (job.privacy, job.near, end.verdict) == (None, "", None)
    assert event.unreleased == (MANIFEST,)
    assert event.public.unreleased == ()


def test_held_job_is_cancelled_as_one_that_runs() -> None:
    """Who cancels or forgets it does not learn whether it had ended; its files are given up."""
    endings: list[Callable[[Job], None]] = [
        lambda job: job.cancel("assez"),
        lambda job: job.forget("dts_1", "assez"),
    ]
    for end in endings:
        held, running = a_held_job(), a_begun_job()
        for job in (held, running):
            end(job)
        assert (held.state, held.is_held, running.state) == ("cancelled", False, "running")
        assert "job_forgotten" in topics(held)
        assert seen_by_holder(held) == seen_by_holder(running)
        running.fail("first", 9.0, "interrompu")
        assert running.state == "cancelled"
        assert seen_by_holder(held) == seen_by_holder(running)


def test_run_of_a_cancelled_protected_job_tells_nothing_later() -> None:
    """Whether it came to a result meanwhile, was lost, or never began."""
    job = a_begun_job()
    job.cancel("assez")
    seen = seen_by_holder(job)
    job.succeed("first", 1.0, MANIFEST, OUTPUTS, PRIVACY, release=HELD)
    assert seen_by_holder(job) == seen
    late = a_running_job()
    late.cancel("assez")
    late.begin("first", is_protected=True)
    late.report("first", NEVER, 0.5, "lit Caen", "14118", log_lines=1)
    late.fail("first", 1.0, "interrompu")
    assert topics(late)[-1] == "job_cancelled"
    seen = seen_by_holder(late)
    assert (seen["log_tail"], seen["seconds"], late.is_protected) == ("", 0.0, True)


def test_what_happens_to_a_protected_job_is_the_staff_s() -> None:
    """That it is given up, or begun again, may come of what it reads."""
    job = a_begun_job()
    job.give_up("first", 1.0, "cinq arrêts")
    job.retry()
    job.take("second", now(), timedelta(minutes=1))
    before = job.started_at
    job.begin("second", is_protected=True)
    assert job.started_at == before
    assert seen_by_holder(job) == seen_by_holder(a_begun_job())


def test_failure_that_is_released_is_no_success() -> None:
    """The project does not go on by it; its holder reads why."""
    job = a_begun_job()
    job.succeed("first", 1.0, MANIFEST, (), release=ReleaseRecord(failure="ligne 3 : KeyError"))
    job.decide_release(reviewer_decision("release"))
    end = job.recorded()[-2]
    assert isinstance(end, JobSucceeded)
    assert end.fault == "le traitement ne s'est pas achevé : ligne 3 : KeyError"


def test_files_of_other_jobs_are_not_given_up() -> None:
    """Who runs the same twice has the same bytes twice."""
    for shared_hashes, given_up in (((), 1), ({"c" * 64}, 0)):
        job = a_held_job()
        output = MANIFEST.model_copy(update={"sha256": "c" * 64})
        job.outputs = (Output(name="result.parquet", file=output),)
        job.decide_release(reviewer_decision("refuse"), shared_hashes=shared_hashes)
        event = job.recorded()[-1]
        assert isinstance(event, ResultRefused)
        assert len(event.unreleased) == given_up


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


def test_files_of_a_reading_that_is_forgotten_are_of_no_dataset() -> None:
    """The catalogue erases them itself, unless a dataset has them; one that lives erases none."""
    job = a_running_job()
    job.kind, job.project_id, job.dataset_id = "ingest", None, "dts_1"
    job.succeed("first", 1.0, MANIFEST, OUTPUTS)
    job.forget("", "effacé")
    assert getattr(job.recorded()[-1], "dataset_id", None) == ""


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
