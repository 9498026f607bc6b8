"""What was kept of steps ends with what it is made of, with its time, and where it is damaged."""

from datetime import timedelta

import pytest

from services.compute.execution.step_cache.cache import StepCache, StepExpiry
from services.compute.execution.step_cache.model import KeptStep
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import now
from shared.events import AccessRevoked
from tests.events import enveloped
from tests.integration.compute.step_cache.projects import Project
from tests.integration.compute.step_cache.test_reuse import add_up, cross


def cache(project: Project) -> StepCache:
    """The kept steps of all projects."""
    return StepCache(project.store, project.files)


@pytest.mark.parametrize(
    "where",
    [{"owner_id": "mbr_1"}, {"dataset_ids": {"$in": ["dts_homes"]}}],
    ids=["its member", "a dataset"],
)
def test_kept_steps_are_erased_with_what_ends(project: Project, where: dict[str, str]) -> None:
    """Documents and files, at once; the next job does all anew."""
    project.run(cross(), add_up())
    files = [file for kept_step in project.kept for file in kept_step.files]
    assert all(map(project.stored, files))
    cache(project).drop(where)
    assert project.kept == []
    assert not any(map(project.stored, files))
    assert project.run(cross(), add_up()).reused == []


def test_revoked_access_of_one_project_leaves_the_others(project: Project) -> None:
    """The others may read the data still."""
    other = Project(project.store, project.files, project.home, project.tables)
    for asking_project in (project, other):
        asking_project.run(cross(), add_up())
    cache(project).drop_of_dataset("dts_homes", project.id)
    assert (project.kept, len(other.kept)) == ([], 2)


def test_job_that_ends_after_its_data_keeps_nothing(project: Project) -> None:
    """Deleted, taken away or with its project's end: who erased what was kept saw nothing later."""
    done = project.run(cross(), add_up())
    cache(project).drop({"job_id": done.job.id})
    project.store.of(Job).change(done.job.id, lambda job: job.forget("dts_homes", "supprimé"))
    cache(project).keep(done.job, [], {}, None, 10**9)  # type: ignore[arg-type]
    assert project.kept == []
    about = {"project_id": project.id, "owner_id": "mbr_2", "reason": "fin"}
    event = AccessRevoked.model_validate({"dataset_id": "dts_homes", **about})
    for end in (
        lambda workspace: workspace.note_access(enveloped(event, "dts_homes")),
        lambda workspace: workspace.close("mbr_1", "le projet est retiré"),
    ):
        project.store.of(Workspace).change(project.id, end)
        project.run(cross(), add_up())
        assert project.kept == []


@pytest.mark.parametrize("content", [b"", b"PAR1 something else PAR1", None])
def test_damaged_or_missing_file_is_made_anew(project: Project, content: bytes | None) -> None:
    """The job does not fail, and what it makes is kept in its place."""
    first = project.run(cross(), add_up())
    (table,) = [kept_step.table for kept_step in project.kept if kept_step.table]
    path = project.home / "files" / "sha256" / table.sha256[:2] / table.sha256
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    again = project.run(cross(), add_up())
    assert again.reused == []
    assert again.result.equals(first.result)
    assert project.run(cross(), add_up()).reused == ["crossed", "summed"]


def test_table_that_no_engine_reads_is_made_anew(project: Project) -> None:
    """Its hash is right: a sandbox wrote it so."""
    first = project.run(cross(), add_up())
    (kept,) = [kept_step for kept_step in project.kept if kept_step.table]
    bad = project.files.put([b"no table"], "application/octet-stream")
    project.store.of(KeptStep).change(kept.id, lambda kept_step: setattr(kept_step, "table", bad))
    again = project.run(cross(), add_up())
    assert again.reused == []
    assert again.result.equals(first.result)


def test_same_steps_of_two_jobs_at_once_are_kept_once(project: Project) -> None:
    """The second finds the first's; its own files are referred to by nothing and are swept."""
    project.run(cross(), add_up())
    before = project.kept
    project.run(cross(), add_up(), is_kept=False)
    assert project.kept == before


def test_budget_of_a_project_holds(project: Project) -> None:
    """The oldest go first."""
    project.run(cross(), add_up())
    size = sum(kept_step.size for kept_step in project.kept)
    project.settings = project.settings.model_copy(update={"step_cache_bytes": size})
    project.run(cross(how="left"), add_up("street"))
    assert 0 < sum(kept_step.size for kept_step in project.kept) <= size
    assert project.run(cross(), add_up()).reused == []


def test_nothing_is_kept_without_a_budget(project: Project) -> None:
    """0 switches it off."""
    project.settings = project.settings.model_copy(update={"step_cache_bytes": 0})
    project.run(cross(), add_up())
    assert project.kept == []


def test_kept_steps_go_after_their_time(project: Project) -> None:
    """Not before, and never where no time is set."""
    project.run(cross(), add_up())
    old = now() - timedelta(days=31)
    for kept_step in project.kept:
        project.store.of(KeptStep).change(
            kept_step.id, lambda kept_step: setattr(kept_step, "kept_at", old)
        )
    StepExpiry(cache(project), 0).look()
    StepExpiry(cache(project), 32).look()
    assert len(project.kept) == 2
    StepExpiry(cache(project), 30).look()
    assert project.kept == []
