"""The life of a job."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.compute.jobs.commands import replay_job
from services.compute.jobs.comparison import Comparison
from services.compute.jobs.model import MAX_DELAYS, MAX_LOSSES, WAITING, Job, TakenOver
from services.compute.jobs.views import JobView
from shared.aggregate import NEVER, now
from shared.engine.tables.manifest import Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.release import ReleaseRecord
from shared.errors import WrongStage
from shared.events import FileRef, JobCancelled, JobKind, JobSucceeded, Step, Treatment
from tests.events import topics

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=15)
LATER = NOW + timedelta(seconds=16)
WAIT = timedelta(seconds=60)
MANIFEST = FileRef(sha256="a" * 64, size=10)
TREATMENT = Treatment(
    inputs={"homes": "dts_1"},
    steps=(Step(application="aggregate", inputs={"table": "homes"}, output="result"),),
)


ENDINGS: dict[str, Callable[[Job], None]] = {
    "succeed": lambda job: job.succeed("first", 1.0, MANIFEST, ()),
    "fail": lambda job: job.fail("first", 1.0, "trop de mémoire"),
    "give_up": lambda job: job.give_up("first", 1.0, "erreur interne"),
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


@pytest.mark.parametrize(
    ("kind", "message"),
    [("full", "ne reste aucune ligne"), ("trial", "ne dit rien de ce qu'il vaut")],
)
def test_result_without_a_row_is_warned_of(kind: JobKind, message: str) -> None:
    """Where it ends, and where it is shown; of a held one only to who decides on it."""
    job = a_running_job()
    job.kind = kind
    job.succeed("first", 1.0, MANIFEST, (), is_empty=True)
    end = job.recorded()[-1]
    assert isinstance(end, JobSucceeded)
    assert end.is_empty
    assert message in end.warning
    secret = a_running_job()
    secret.kind = kind
    secret.succeed("first", 1.0, MANIFEST, (), is_empty=True, withheld="Une valeur est secrète.")
    assert message in secret.warning
    held = a_running_job()
    held.kind = kind
    held.succeed("first", 1.0, MANIFEST, (), release=ReleaseRecord(), is_empty=True)
    assert message in held.warning
    view = JobView.of(held).withholding(held.unreleased)
    assert (view.is_empty, view.warning) == (False, "")
    assert not [event for event in held.recorded() if isinstance(event, JobSucceeded)]


@pytest.mark.parametrize(
    ("kind", "lost", "fault"),
    [
        ("full", "le filtre ne garde rien", "le filtre ne garde rien"),
        ("trial", "", "il n'en reste aucune ligne"),
    ],
)
def test_result_without_a_row_is_no_success(kind: JobKind, lost: str, fault: str) -> None:
    """No event tells a value of data."""
    job = a_running_job()
    job.kind = kind
    near = "valeur proche : CA Flers Agglo"
    about: dict[str, Any] = {"is_empty": True, "lost": lost, "near": near}
    job.succeed("first", 1.0, MANIFEST, (), **about)
    end = job.recorded()[-1]
    assert isinstance(end, JobSucceeded)
    assert (end.fault, near in end.model_dump_json()) == (fault, False)
    view = JobView.of(job)
    assert (view.fault, view.near) == (fault, near)


def test_job_under_a_lease_is_neither_taken_nor_lost() -> None:
    """While it lasts, whoever looks at the job changes nothing."""
    job = a_running_job()
    assert not job.is_due(NOW + LEASE)
    with pytest.raises(TakenOver):
        job.take("second", NOW, LEASE)
    with pytest.raises(TakenOver):
        job.lose(NOW + LEASE, WAIT)
    assert (job.state, job.losses) == ("running", 0)


@pytest.mark.parametrize("ending", ENDINGS)
def test_run_that_was_taken_over_changes_nothing(ending: str) -> None:
    """Whatever a lost run has to say comes too late."""
    job = a_running_job()
    job.lose(LATER, WAIT)
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


def lose(job: Job, times: int, *, is_watched: bool) -> None:
    """Let the processes that run the job end so often, each while it runs."""
    for number in range(times):
        if job.state != "running":
            job.take(f"run {number}", job.not_before, LEASE, is_watched=is_watched)
        job.lose(job.lease_until + timedelta(seconds=1), WAIT)


def test_deaths_of_the_service_give_no_job_up() -> None:
    """However often a process ends that was young, or did other things beside the job."""
    job = a_running_job()
    lose(job, 50, is_watched=False)
    assert (job.state, job.losses, job.own_losses) == ("queued", 50, 0)
    assert topics(job) == ["job_queued", "job_started"]


def test_job_that_processes_died_under_waits_and_is_suspect() -> None:
    """The first loss tells nothing; after the second the job waits, and says so."""
    job = a_running_job()
    lose(job, 1, is_watched=False)
    assert (job.is_suspect, job.message, job.not_before) == (False, "", LATER)
    lose(job, 1, is_watched=False)
    assert job.is_suspect
    assert "s'est arrêté 2 fois pendant ce traitement, qui reprendra seul" in job.message
    assert job.not_before - LATER > WAIT


def test_job_that_ends_its_processes_is_given_up_and_waits_for_an_operator() -> None:
    """It has not ended: it is retried, or cancelled."""
    job = a_running_job()
    lose(job, MAX_LOSSES, is_watched=False)
    lose(job, MAX_LOSSES - 1, is_watched=True)
    assert job.state == "queued"
    lose(job, 1, is_watched=True)
    assert (job.state, job.is_active, job.ended_at) == ("given_up", True, NEVER)
    assert not job.is_due(NEVER)
    assert topics(job)[-1] == "job_given_up"
    assert f"s'est arrêté {MAX_LOSSES} fois pendant ce traitement" in job.reason


def test_cancelled_job_of_a_dead_process_ends() -> None:
    """Nobody runs it again to find that it was cancelled."""
    job = a_running_job()
    job.cancel("projet retiré")
    job.lose(LATER, WAIT)
    assert topics(job)[-1] == "job_cancelled"


def given_up() -> Job:
    """A job that met a fault of the lab's."""
    job = a_running_job()
    job.give_up("first", 1.0, "erreur interne")
    return job


def test_retried_job_begins_anew() -> None:
    """What was counted against it is forgotten."""
    job = given_up()
    job.retry()
    assert (job.state, job.losses, job.own_losses, job.delays) == ("queued", 0, 0, 0)
    assert (job.reason, job.is_due(now())) == ("", True)
    assert topics(job)[-2:] == ["job_given_up", "job_retried"]
    with pytest.raises(WrongStage, match="il n'y a rien à relancer"):
        job.retry()


def test_job_that_was_given_up_is_cancelled_at_once() -> None:
    """Nothing has to be stopped."""
    job = given_up()
    job.cancel("projet retiré")
    assert topics(job)[-2:] == ["job_given_up", "job_cancelled"]


def test_page_of_a_catalogue_fails_instead_of_being_given_up() -> None:
    """Its harvest ends, and the next one reads it anew."""
    job = a_running_job()
    job.kind = "harvest"
    job.give_up("first", 1.0, "erreur interne")
    assert (job.state, topics(job)[-1]) == ("failed", "job_failed")


def test_waits_grow_until_the_job_is_given_up() -> None:
    """What a job needs may be away for long, but not for ever."""
    job, waits = a_running_job(), (1.0, 5.0)
    for delays in range(MAX_DELAYS):
        assert job.delays == delays
        job.put_off("first", 0.0, "catalogue injoignable", waits)
        wait = (job.not_before - now()).total_seconds()
        assert wait == pytest.approx(waits[min(delays, 1)], abs=0.5)
        job.take("first", job.not_before, LEASE)
    job.put_off("first", 0.0, f"{WAITING}catalogue injoignable", waits)
    assert (job.state, job.reason) == ("given_up", "catalogue injoignable")


def test_queued_job_is_cancelled_at_once_and_once() -> None:
    """Nothing has to be stopped; a repeated request is answered like the first."""
    job = a_job()
    job.cancel("projet retiré")
    assert job.state == "cancelled"
    assert topics(job) == ["job_queued", "job_cancelled"]
    job.cancel("encore")
    assert job.reason == "projet retiré"
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


def test_ended_job_is_not_cancelled() -> None:
    """A job that succeeded stays so."""
    job = a_running_job()
    job.succeed("first", 1.0, MANIFEST, ())
    with pytest.raises(WrongStage):
        job.cancel("trop tard")


def test_job_that_is_given_back_is_queued_and_counts_no_loss() -> None:
    """A graceful stop leaves nothing for a takeover to find, but its seconds count."""
    job = a_running_job()
    job.give_back("first", 0.0, "", NOW)
    assert (job.state, job.run, job.lease_until) == ("queued", "", NEVER)
    job = a_running_job()
    job.give_back("first", 2.0, "arrêt du service", NOW)
    job.take("second", NOW, LEASE)
    assert (job.losses, job.seconds) == (0, 2.0)


@pytest.mark.parametrize(
    "end",
    [
        lambda job: job.conclude("first", 1.0, Comparison(verdict="identical")),
        ENDINGS["fail"],
        ENDINGS["give_up"],
        lambda job: (job.cancel("annulé"), job.give_back("first", 1.0, "", NOW)),
    ],
)
def test_replay_ends_without_an_event(end: Callable[[Job], object]) -> None:
    """Its project hears nothing of it, whichever way it ends, and it leaves no file."""
    replay = replay_job(a_job(), "mbr_2")
    replay.take("first", now(), LEASE)
    replay.begin("first", is_protected=True)
    end(replay)
    assert not replay.is_active
    assert topics(replay) == []
    assert (replay.result, replay.files) == (None, [])


@pytest.mark.parametrize("change", [{"outputs": ()}, {"kind": "ingest"}, {"is_erased": True}])
def test_what_made_nothing_is_not_repeated(change: dict[str, object]) -> None:
    """Neither is what reads a file, nor what was erased."""
    outputs = (Output(name="result.csv", file=MANIFEST),)
    made = a_job().model_copy(update={"outputs": outputs})
    made.check_replayable()
    with pytest.raises(WrongStage):
        made.model_copy(update=change).check_replayable()
