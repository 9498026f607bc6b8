"""Full jobs that are asked for at the same moment, or anew after a crash."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.compute.jobs.commands import Commands
from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from services.compute.jobs.release_review import ReleaseDecision
from services.compute.jobs.views import ListJobs
from services.compute.jobs.workspace import Workspace
from shared.aggregate import caused_id, new_id, now
from shared.auth import Caller
from shared.engine.tables.release import ReleaseRecord
from shared.events import (
    AccessRevoked,
    Envelope,
    FileRef,
    ProjectEquipped,
    ProjectStaffed,
    TreatmentChanged,
)
from shared.store import Store
from tests.events import enveloped
from tests.integration.compute.lab import HOLDER, summing

AT_ONCE = 8
STAFF = Caller("lab", frozenset({"operator"}))


def equipped(store: Store) -> str:
    """The id of a project that may compute and has a treatment, but no team."""
    workspace = Workspace(id=new_id("prj"))
    workspace.open(HOLDER, (), 3600)
    workspace.equip(HOLDER, summing("dts_1"), sequence=3)
    return store.of(Workspace).save(workspace).id


def staffed(store: Store) -> str:
    """The id of a project whose full job may run."""
    project = equipped(store)
    store.of(Workspace).change(project, lambda workspace: workspace.staff(now()))
    return project


def team_formed(project: str) -> Envelope[ProjectStaffed]:
    """The event that queues a project's first full job."""
    event = ProjectStaffed(project_id=project, holder_id=HOLDER, team=("mbr_expert",))
    return enveloped(event, project, 6)


def equipped_again(project: str, sequence: int) -> Envelope[ProjectEquipped]:
    """The event that a reviewer's other treatment comes with."""
    event = ProjectEquipped(project_id=project, holder_id=HOLDER, treatment=summing("dts_2"))
    return enveloped(event, project, sequence)


def end(store: Store, job: str) -> None:
    """Let a queued job end."""
    store.of(Job).change(job, lambda job: job.cancel("assez"))


def give_up(store: Store, job_id: str) -> None:
    """Let a job meet a fault of the lab's."""

    def decide(job: Job) -> None:
        job.take("run", now(), timedelta(seconds=15))
        job.give_up("run", 1.0, "erreur interne")

    store.of(Job).change(job_id, decide)


def test_full_jobs_asked_for_at_once_are_one_job(store: Store) -> None:
    """Round after round: while it runs the answer is that job, afterwards a new one."""
    project = staffed(store)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(3):
            asked = pool.map(lambda _: Commands(store).submit(project, "").id, range(AT_ONCE))
            (job,) = set(asked)
            end(store, job)
    assert len(store.of(Job).find({"project_id": project})) == 3


def hold(store: Store, job_id: str) -> None:
    """Let a job of others' restricted data end."""

    def decide(job: Job) -> None:
        job.take("run", now(), timedelta(seconds=15))
        job.begin("run", is_protected=True)
        job.succeed("run", 1.0, FileRef(sha256="a" * 64, size=2), (), release=ReleaseRecord())

    store.of(Job).change(job_id, decide)


def test_a_held_job_is_asked_for_again_as_one_that_runs(store: Store) -> None:
    """Whoever asks does not learn whether it ended; another is made once that is decided."""
    project = staffed(store)
    first = Commands(store).submit(project, "").id
    hold(store, first)
    assert Commands(store).submit(project, "").id == first
    refusal = ReleaseDecision(decision="refuse", decided_by="mbr_r", reason="relu")
    store.of(Job).change(first, lambda job: job.decide_release(refusal))
    assert Commands(store).submit(project, "").id != first


def test_a_held_result_goes_with_the_access_to_its_data(store: Store) -> None:
    """No reviewer lets it leave after the data's owners took that back."""
    project = staffed(store)
    job = Commands(store).submit(project, "").id
    hold(store, job)
    about = {"dataset_id": "dts_1", "holder_id": HOLDER, "owner_id": "mbr_o", "reason": "repris"}
    revoked = AccessRevoked(project_id=project, **about)
    Commands(store).note_access(enveloped(revoked, project, 7))
    assert store.of(Job).get(job).state == "cancelled"


def test_a_held_result_of_another_treatment_is_cancelled(store: Store) -> None:
    """As a job is that still runs."""
    project = staffed(store)
    job = Commands(store).submit(project, "").id
    hold(store, job)
    event = equipped_again(project, 7).data.model_copy(update={"proposal": 2})
    Commands(store).queue_trial(enveloped(event, project, 7))
    assert store.of(Job).get(job).state == "cancelled"


def test_a_team_told_of_again_queues_nothing(store: Store) -> None:
    """Not even when a later full job is under way."""
    project = equipped(store)
    Commands(store).queue_full(team_formed(project))
    (first,) = store.of(Job).find({"project_id": project})
    end(store, first.id)
    again = Commands(store).submit(project, "")
    Commands(store).queue_full(team_formed(project))
    assert [job.id for job in store.of(Job).find({"project_id": project})] == [first.id, again.id]


def test_a_full_job_that_a_crash_left_unqueued_is_queued_by_the_next_request(store: Store) -> None:
    """The process died between the two writes: nothing is blocked, nothing is doubled."""
    project = staffed(store)
    store.of(Workspace).change(
        project, lambda workspace: workspace.claim_full("job_lost", lambda _: False)
    )
    assert Commands(store).submit(project, "").id == "job_lost"
    assert Commands(store).submit(project, "").id == "job_lost"


def test_trial_whose_event_overtakes_the_securing_belongs_to_the_holder(store: Store) -> None:
    """The queues keep no order between them; a job without an owner is hidden from everybody."""
    project = new_id("prj")
    Commands(store).queue_trial(equipped_again(project, 3))
    (trial,) = store.of(Job).find({"project_id": project})
    assert (trial.kind, trial.owner_id) == ("trial", HOLDER)


def test_another_treatment_of_a_staffed_project_runs_in_full(store: Store) -> None:
    """Told twice it is one job; a trial would hold up what has its team."""
    project = staffed(store)
    first = Commands(store).submit(project, "")
    end(store, first.id)
    event = equipped_again(project, 7)
    for _ in range(2):
        Commands(store).queue_trial(event)
    _, second = store.of(Job).find({"project_id": project})
    assert (second.kind, second.treatment) == ("full", summing("dts_2"))


def test_another_treatment_waits_for_the_full_job_under_way(store: Store) -> None:
    """That one ends first; the next full job has the new treatment."""
    project = staffed(store)
    first = Commands(store).submit(project, "")
    Commands(store).queue_trial(equipped_again(project, 7))
    assert [job.id for job in store.of(Job).find({"project_id": project})] == [first.id]
    end(store, first.id)
    assert Commands(store).submit(project, "").treatment == summing("dts_2")


@pytest.mark.parametrize("first_told", ["changed", "equipped"])
def test_changed_treatment_cancels_what_the_one_before_it_computes(
    store: Store, first_told: str
) -> None:
    """Whichever is heard of first; what runs still is no reason to wait, and is told apart."""
    project = staffed(store)
    old = Commands(store).submit(project, "")
    store.of(Job).change(old.id, lambda job: job.take("run", now(), timedelta(seconds=15)))
    about = {"project_id": project, "holder_id": HOLDER, "treatment": summing("dts_2")}
    fields = {**about, "dataset_ids": ("dts_2",), "proposal": 2, "decided_by": HOLDER}
    changed = enveloped(TreatmentChanged.model_validate(fields), project, 6)
    equipped = enveloped(ProjectEquipped.model_validate({**about, "proposal": 2}), project, 7)
    do: list[Callable[[], None]] = [
        lambda: Commands(store).check_proposal(changed),
        lambda: Commands(store).queue_trial(equipped),
    ]
    for handle in do if first_told == "changed" else reversed(do):
        handle()
    before, new = store.of(Job).find({"project_id": project})
    assert (before.cancel_requested, new.cancel_requested) == (True, False)
    assert (new.kind, new.treatment, new.proposal) == ("full", summing("dts_2"), 2)


def test_another_treatment_takes_the_place_of_a_full_job_that_was_given_up(store: Store) -> None:
    """Nobody has to retry what nobody wants any more; told twice, it is one job."""
    project = staffed(store)
    first = Commands(store).submit(project, "")
    give_up(store, first.id)
    assert Commands(store).submit(project, "").id == first.id
    event = equipped_again(project, 7)
    for _ in range(2):
        Commands(store).queue_trial(event)
    old, new = store.of(Job).find({"project_id": project})
    assert (old.state, old.reason) == ("cancelled", "le projet a un autre traitement")
    assert (new.state, new.treatment) == ("queued", summing("dts_2"))


def test_full_jobs_with_keys_are_listed_in_the_order_in_which_they_were_asked_for(
    store: Store,
) -> None:
    """Page by page each once, either way, also while others come."""
    project, asked = staffed(store), list[str]()

    def ask() -> None:
        asked.append(Commands(store).submit(project, f"key {len(asked)}").id)
        end(store, asked[-1])

    for _ in range(6):
        ask()
    for newest in (False, True):
        seen, after, before = list[str](), None, list(asked)
        while True:
            query = ListJobs(project_id=project, after=after, limit=2, newest=newest)
            page = Queries(store).jobs(STAFF, query)
            seen += [job.id for job in page.items]
            if (after := page.next) is None:
                break
            if len(seen) == 4:
                ask()
        assert seen == (before[::-1] if newest else asked)


def test_key_is_answered_with_the_job_that_it_was_answered_with_first(store: Store) -> None:
    """Also where that was one under way, or others were asked for since; it stays the last one."""
    project = staffed(store)
    first = Commands(store).submit(project, "a").id
    assert Commands(store).submit(project, "b").id == first
    end(store, first)
    second = Commands(store).submit(project, "c").id
    end(store, second)
    assert [Commands(store).submit(project, key).id for key in "abc"] == [first, first, second]
    assert second != first
    assert store.of(Workspace).get(project).runs_again(second)


def test_key_of_before_is_answered_with_the_job_that_was_called_after_it(store: Store) -> None:
    """A request that is repeated after an upgrade runs nothing twice."""
    project = staffed(store)
    before = caused_id("job", f"{project}:key", store.of(Workspace).get(project).staffed_at)
    store.of(Workspace).change(
        project, lambda workspace: workspace.claim_full(before, lambda _: False)
    )
    assert Commands(store).submit(project, "").id == before
    end(store, before)
    assert Commands(store).submit(project, "key").id == before
    assert Commands(store).submit(project, "other").id != before
