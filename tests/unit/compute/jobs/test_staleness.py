"""A result whose sources changed says so, once for each cause."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.compute.endings.member_erasing import _redact_job
from services.compute.jobs.model import Job
from services.compute.jobs.staleness import ReadVersion, SourceChange
from services.compute.jobs.views import JobView
from shared.aggregate import NEVER
from shared.errors import WrongStage
from shared.events import (
    AccessRevoked,
    DatasetDeleted,
    DatasetPublished,
    DatasetRetired,
    Event,
    RecipePublished,
    ResultStale,
)
from tests.events import enveloped, topics
from tests.unit.compute.jobs.test_model import LEASE, MANIFEST, TREATMENT, a_job
from tests.unit.compute.jobs.test_release_decision import HELD, reviewer_decision

SINCE = datetime(2026, 12, 3, 5, tzinfo=UTC)
THIRD = (SINCE + timedelta(hours=3)).isoformat()
ABOUT = {"dataset_id": "dts_1", "owner_id": "mbr_o", "title": "Titre secret"}
READ = (ReadVersion(name="homes", dataset_id="dts_1", version=2),)


def published(version: int, **changed: Any) -> DatasetPublished:
    """The event that a version of the data can be read."""
    return DatasetPublished(**{**ABOUT, **changed}, version=version, rows=1, keys=())


def change(event: Event, hours: int = 0) -> SourceChange:
    """What the event changes, so many hours later."""
    return SourceChange.of(enveloped(event, "dts_1", time=SINCE + timedelta(hours=hours)))


def a_begun_job(**fields: Any) -> Job:
    """A full job that reads the second version of its data."""
    job = a_job()
    job.treatment = TREATMENT.model_copy(update={"recipe": "vacance@1"})
    job.take("first", SINCE, LEASE)
    job.begin("first", read=READ, **fields)
    return job


def a_done_job() -> Job:
    """The same, ended well."""
    job = a_begun_job()
    job.succeed("first", 1.0, MANIFEST, ())
    return job


def causes(job: Job) -> list[str]:
    """What the job was told to be stale for."""
    return [event.cause for event in job.recorded() if isinstance(event, ResultStale)]


def test_newer_version_makes_a_result_stale_once() -> None:
    """A version as old as the one that was read does not, nor does a second newer one."""
    job = a_done_job()
    for version in (1, 2, 3, 3, 4):
        job.note_change(change(published(version), hours=version))
    assert causes(job) == ["new_version"]
    [stale] = job.staleness
    assert (stale.read_id, stale.since) == ("dts_1", THIRD)


def test_order_of_the_events_changes_nothing() -> None:
    """The first of two newer versions counts, whichever is heard first."""
    for versions in ((3, 4), (4, 3)):
        job = a_done_job()
        for version in versions:
            job.note_change(change(published(version), hours=version))
        assert [stale.since for stale in job.staleness] == [THIRD]
        assert causes(job) == ["new_version"]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (published(3), "les données « homes » ont une version plus récente"),
        (DatasetRetired(**ABOUT, reason="-"), "les données « homes » ne sont plus au catalogue"),
        (
            DatasetDeleted(**ABOUT, reason="-", deleted_by="mbr_o"),
            "les données « homes » sont supprimées",
        ),
        (
            AccessRevoked(project_id="prj_1", dataset_id="dts_1", owner_id="mbr_o", reason="-"),
            "l'accès aux données « homes » est retiré",
        ),
        (
            RecipePublished(name="vacance", number=2, title="-", member_id="mbr_r", inputs={}),
            "la recette « vacance » a une version plus récente",
        ),
    ],
)
def test_holder_reads_what_changed_and_since_when(event: Event, sentence: str) -> None:
    """In words of the treatment: the dataset's title of now may not be for its eyes."""
    job = a_done_job()
    job.note_change(change(event))
    [stale] = JobView.of(job).staleness
    assert stale.change == f"{sentence} depuis le 03/12/2026"
    assert "secret" not in str(job.recorded()[-1])
    assert job.recorded()[-1].dataset_id is None  # type: ignore[attr-defined]


def test_change_while_the_job_runs_is_told_at_its_end() -> None:
    """What came before it read the data is in its result."""
    job = a_begun_job()
    job.note_change(change(published(3)))
    assert (job.staleness, causes(job)) == ((), [])
    job.succeed("first", 1.0, MANIFEST, ())
    assert topics(job)[-2:] == ["job_succeeded", "result_stale"]
    waiting = a_job()
    waiting.note_change(change(published(2)))
    waiting.take("first", SINCE, LEASE)
    waiting.begin("first", read=READ)
    waiting.succeed("first", 1.0, MANIFEST, ())
    assert not waiting.staleness
    waiting.note_change(change(published(3), hours=1))
    assert causes(waiting) == ["new_version"]


def held() -> Job:
    """A job of others' restricted data whose result waits."""
    job = a_begun_job(is_protected=True)
    job.succeed("first", 1.0, MANIFEST, (), release=HELD)
    return job


def test_held_result_is_stale_only_once_it_is_released() -> None:
    """Before, that would tell that the job has ended; of what does not leave nothing is told."""
    job, refused = held(), held()
    for waiting in (job, refused):
        waiting.note_change(change(published(3)))
        assert (waiting.staleness, causes(waiting)) == ((), [])
    job.decide_release(reviewer_decision("release"))
    assert causes(job) == ["new_version"]
    refused.decide_release(reviewer_decision("refuse"))
    assert (refused.staleness, causes(refused)) == ((), [])


def test_new_grant_ends_what_the_end_of_the_access_began() -> None:
    """The rest stays."""
    job = a_done_job()
    job.note_change(change(published(3)))
    event = AccessRevoked(project_id="prj_1", dataset_id="dts_1", owner_id="mbr_o", reason="-")
    job.note_change(change(event))
    job.note_granted("dts_1")
    assert [stale.cause for stale in job.staleness] == ["new_version"]


ENDS: dict[str, Callable[[Job], None]] = {
    "fail": lambda job: job.fail("first", 1.0, "trop de mémoire"),
    "report": lambda job: job.report("first", NEVER, 0.5, "lit", ""),
    "erase": lambda job: job.succeed("first", 1.0, MANIFEST, ()),
}


@pytest.mark.parametrize("end", ENDS)
def test_job_without_a_result_is_not_stale(end: str) -> None:
    """It failed, goes on, or its holder was erased."""
    job = a_begun_job()
    ENDS[end](job)
    if end == "erase":
        _redact_job(job, ())
    job.note_change(change(DatasetRetired(**ABOUT, reason="-")))
    assert (job.staleness, causes(job)) == ((), [])


def test_job_is_found_by_what_it_is_made_of() -> None:
    """By its data, tables that were read in their place, and its recipe; a trial by nothing."""
    job = a_done_job()
    job.read = (ReadVersion(name="homes", dataset_id="dts_tables", version=1),)
    assert job.made_of == ["dts_1", "dts_tables", "vacance"]
    job.note_change(change(published(2, dataset_id="dts_tables")))
    assert [stale.name for stale in job.staleness] == ["homes"]
    assert job.model_copy(update={"kind": "trial"}).made_of == []


def test_result_is_made_anew_by_the_same_treatment_alone() -> None:
    """Under what it may still read, once: the refusal says which of these it lacks."""
    job = a_done_job()
    job.note_change(change(published(3)))
    assert job.treatment
    job.check_rerun(job.treatment)
    with pytest.raises(WrongStage, match="un autre traitement"):
        job.check_rerun(TREATMENT)
    job.note_change(change(DatasetRetired(**ABOUT, reason="-")))
    with pytest.raises(WrongStage, match="« homes » ne sont plus au catalogue"):
        job.check_rerun(job.treatment)
    with pytest.raises(WrongStage, match="traitement complet"):
        a_begun_job().check_rerun(job.treatment)


def test_next_edition_ends_what_was_stale() -> None:
    """It names the one that it renews, which names it; nothing more is told of that one."""
    job, following = a_done_job(), a_job()
    following.renew(job)
    assert (following.renews, following.edition) == (job.id, 2)
    job.note_change(change(published(3)))
    job.note_renewed("job_2")
    job.note_change(change(DatasetRetired(**ABOUT, reason="-")))
    assert (job.staleness, causes(job)) == ((), ["new_version"])
    assert job.treatment
    with pytest.raises(WrongStage, match="déjà remplacé par l'édition 2"):
        job.check_rerun(job.treatment)


def test_version_that_came_while_a_run_waited_elsewhere_makes_it_stale() -> None:
    """What it reads is known from its staging on, not only from its start."""
    job = a_job()
    job.treatment = TREATMENT
    job.note_change(change(published(2)))
    job.take("first", SINCE, LEASE)
    job.stage_for_cluster("first", "first", READ)
    job.note_change(change(published(3), 2))
    job.begin("first", read=READ)
    job.succeed("first", 1.0, MANIFEST, ())
    assert causes(job) == ["new_version"]


def test_data_that_came_back_with_a_version_is_not_retired_any_more() -> None:
    """Its result can be made anew."""
    job = a_done_job()
    about = {"dataset_id": "dts_1", "owner_id": "mbr_o", "title": "T", "reason": "x"}
    job.note_change(change(DatasetRetired.model_validate(about)))
    job.note_change(change(published(3), 2))
    assert [stale.cause for stale in job.staleness] == ["new_version"]
    job.check_rerun(job.treatment or TREATMENT)
