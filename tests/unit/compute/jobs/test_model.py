"""The life of a job."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.compute.jobs.model import MAX_DELAYS, MAX_LOSSES, Job, TakenOver
from shared.aggregate import NEVER, now
from shared.errors import WrongStage
from shared.events import FileRef, JobCancelled, JobKind, JobSucceeded, Step, Treatment
from shared.tables.privacy import Privacy
from tests.events import topics

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=15)
LATER = NOW + timedelta(seconds=16)
MANIFEST = FileRef(sha256="a" * 64, size=10)
TREATMENT = Treatment(
    inputs={"homes": "dts_1"},
    steps=(Step(application="aggregate", inputs={"table": "homes"}, output="result"),),
)


ENDINGS: dict[str, Callable[[Job], None]] = {
    "succeed": lambda job: job.succeed("first", 1.0, MANIFEST, ()),
    "fail": lambda job: job.fail("first", 1.0, "trop de mémoire"),
    "give_back": lambda job: job.give_back("first", 1.0, "arrêt du service", NOW),
}


def a_job() -> Job:
    """A full job in the queue."""
    job = Job(
        id="job_1",
        kind="full",
        project_id="prj_1",
        owner_id="mbr_1",
        lane="prj_1",
        treatment=TREATMENT,
        queued_at=NOW,
    )
    job.queue()
    return job


def a_running_job(run: str = "first") -> Job:
    """A full job in the sandbox."""
    job = a_job()
    job.take(run, NOW, LEASE)
    job.begin(run)
    return job


def test_job_tells_its_life_in_three_events() -> None:
    """Queued, started, succeeded: each is recorded once."""
    job = a_running_job()
    job.succeed("first", 4.5, MANIFEST, ())
    assert job.state == "succeeded"
    assert job.seconds == 4.5
    assert topics(job) == ["job_queued", "job_started", "job_succeeded"]


@pytest.mark.parametrize(("kind", "starts"), [("full", "Données"), ("trial", "Sur l'échantillon")])
def test_end_tells_what_the_result_tells_about_persons(kind: JobKind, starts: str) -> None:
    """The verdict, and in French what to think of; a trial knows its sample only."""
    job = a_running_job()
    job.kind = kind
    privacy = Privacy(verdict="quasi", subject="persons", k=1, rows_below=3, share_below=0.5)
    job.succeed("first", 1.0, MANIFEST, (), privacy)
    end = job.recorded()[-1]
    assert isinstance(end, JobSucceeded)
    assert (end.verdict, end.warning) == ("quasi", job.warning)
    assert end.warning.startswith(starts)


def test_job_under_a_lease_is_not_due() -> None:
    """A running job is taken by nobody else while its lease lasts."""
    job = a_running_job()
    assert not job.is_due(NOW + LEASE)
    with pytest.raises(TakenOver):
        job.take("second", NOW, LEASE)


def test_job_is_not_due_before_its_date() -> None:
    """A job that was put off waits for its date."""
    job = a_running_job()
    job.give_back("first", 1.0, "catalogue injoignable", not_before=LATER)
    assert not job.is_due(NOW)
    assert job.is_due(LATER)


def test_job_whose_lease_ended_is_taken_over() -> None:
    """A process that went silent loses its job to the next one."""
    job = a_running_job()
    job.take("second", LATER, LEASE)
    job.begin("second")
    assert (job.run, job.losses, job.attempt) == ("second", 1, 2)


@pytest.mark.parametrize("ending", ENDINGS)
def test_run_that_was_taken_over_changes_nothing(ending: str) -> None:
    """Whatever a lost run has to say comes too late."""
    job = a_running_job()
    job.take("second", LATER, LEASE)
    before = (job.model_dump(), topics(job))
    with pytest.raises(TakenOver):
        ENDINGS[ending](job)
    with pytest.raises(TakenOver):
        job.report("first", NOW, 0.5, "", "")
    assert (job.model_dump(), topics(job)) == before


def test_ended_job_does_not_end_again() -> None:
    """The run that ended a job cannot end it a second time."""
    job = a_running_job()
    job.fail("first", 1.0, "trop de mémoire")
    with pytest.raises(TakenOver):
        job.succeed("first", 1.0, MANIFEST, ())
    assert topics(job) == ["job_queued", "job_started", "job_failed"]


def test_job_that_outlives_no_process_is_spent() -> None:
    """A job under which process after process dies is given up."""
    job = a_running_job()
    for number in range(MAX_LOSSES):
        assert not job.is_spent
        job.take(f"run {number}", LATER + timedelta(minutes=number), LEASE)
    assert job.is_spent


def test_waits_grow_until_the_job_is_given_up() -> None:
    """What a job needs may be away for long, but not for ever."""
    job, waits = a_running_job(), (1.0, 5.0)
    for delays in range(MAX_DELAYS):
        assert job.delays == delays
        job.put_off("first", 0.0, "catalogue injoignable", waits)
        wait = (job.not_before - now()).total_seconds()
        assert wait == pytest.approx(waits[min(delays, 1)], abs=0.5)
        job.take("first", job.not_before, LEASE)
    job.put_off("first", 0.0, "catalogue injoignable", waits)
    assert (job.state, job.reason) == ("failed", "catalogue injoignable")


def test_giving_back_counts_as_no_loss() -> None:
    """A graceful stop does not bring a job closer to being given up, but its seconds count."""
    job = a_running_job()
    job.give_back("first", 2.0, "arrêt du service", NOW)
    job.take("second", NOW, LEASE)
    assert (job.losses, job.seconds) == (0, 2.0)


def test_queued_job_is_cancelled_at_once() -> None:
    """Nothing has to be stopped, so the job ends when it is asked to."""
    job = a_job()
    job.cancel("projet retiré")
    assert job.state == "cancelled"
    assert topics(job) == ["job_queued", "job_cancelled"]


def test_cancelled_ingest_names_the_version_it_did_not_read() -> None:
    """The catalogue can tell which upload nobody will read."""
    job = Job(
        id="job_1",
        kind="ingest",
        dataset_id="dts_1",
        dataset_version=2,
        owner_id="mbr_1",
        lane="mbr_1",
        queued_at=NOW,
    )
    job.cancel("annulé")
    assert job.recorded() == [
        JobCancelled(
            job_id="job_1", kind="ingest", dataset_id="dts_1", dataset_version=2, reason="annulé"
        )
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_cancellation_wins_over_whatever_end_comes_after(ending: str) -> None:
    """Once a cancellation was accepted, the run's end is that cancellation."""
    job = a_running_job()
    job.cancel("projet retiré")
    assert job.state == "running"
    ENDINGS[ending](job)
    assert (job.state, job.reason, job.result) == ("cancelled", "projet retiré", None)
    assert topics(job) == ["job_queued", "job_started", "job_cancelled"]


def test_cancelling_twice_is_one_cancellation() -> None:
    """A repeated request is answered like the first."""
    job = a_job()
    job.cancel("projet retiré")
    job.cancel("encore")
    assert job.reason == "projet retiré"
    assert topics(job) == ["job_queued", "job_cancelled"]


def test_ended_job_is_not_cancelled() -> None:
    """A job that succeeded stays so."""
    job = a_running_job()
    job.succeed("first", 1.0, MANIFEST, ())
    with pytest.raises(WrongStage):
        job.cancel("trop tard")


def test_queued_job_holds_no_lease() -> None:
    """A job that was given back leaves nothing for a takeover to find."""
    job = a_running_job()
    job.give_back("first", 0.0, "", NOW)
    assert (job.state, job.run, job.lease_until) == ("queued", "", NEVER)
