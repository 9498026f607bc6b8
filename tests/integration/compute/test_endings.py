"""A member is erased: its jobs end, without words, and none comes back with an event."""

from datetime import timedelta

import pytest

from services.compute.endings.member_erasing import erase, erase_late
from services.compute.jobs.commands import Commands, ingest_job
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import now
from shared.endings.departures import Departure
from shared.errors import Unavailable
from shared.events import DatasetRegistered, ErasureRequested, FileRef, ProjectEquipped
from shared.store import Store
from tests.events import enveloped
from tests.integration.compute.lab import summing

MEMBER, MARK = "mbr_gone", "zenobie"
ERASURE = enveloped(ErasureRequested(erasure_id="ers_1", member_id=MEMBER), "ers_1")
REGISTERED = enveloped(
    DatasetRegistered(
        dataset_id="dts_1",
        owner_id=MEMBER,
        title=MARK,
        version=1,
        file=FileRef(sha256="a" * 64, size=1),
        filename=f"{MARK}.csv",
    ),
    "dts_1",
)
TREATMENT = summing("dts_1").model_copy(update={"inputs": {MARK: "dts_1"}})
EQUIPPED = enveloped(
    ProjectEquipped(project_id="prj_1", holder_id=MEMBER, treatment=TREATMENT), "prj_1"
)


def work(store: Store) -> None:
    """Let compute hear of the member's file and project."""
    Commands(store).queue(ingest_job(REGISTERED), REGISTERED)
    Commands(store).queue_trial(EQUIPPED)
    for envelope in (REGISTERED, EQUIPPED):
        erase_late(store, envelope.data)


def kept(store: Store) -> str:
    """All that the service holds, as one text."""
    return "\n".join(
        repr(aggregate) for cls in (Job, Workspace) for aggregate in store.of(cls).every()
    )


def test_no_word_of_an_erased_member_is_kept(store: Store) -> None:
    """Its jobs are cancelled; what they were stays counted."""
    work(store)
    assert MARK in kept(store)
    for _ in range(2):
        erase(store, ERASURE)
    assert MARK not in kept(store)
    assert {job.state for job in store.of(Job).every()} <= {"cancelled", "failed"}
    (answer,) = store.of(Departure).get(MEMBER).outbox
    counts = {count["kind"]: count["count"] for count in answer["data"]["counts"]}
    assert counts == {"calculs": 2, "espaces de calcul": 1, "recettes": 0}


def test_events_that_come_late_bring_nothing_back(store: Store) -> None:
    """They waited in an outbox or a queue."""
    erase(store, ERASURE)
    work(store)
    assert MARK not in kept(store)
    assert not any(job.is_active for job in store.of(Job).every())


def test_erasure_waits_for_a_job_that_runs(store: Store) -> None:
    """What it says of itself until it stops would come back."""
    Commands(store).queue(ingest_job(REGISTERED), REGISTERED)
    (job,) = store.of(Job).every()
    store.of(Job).change(job.id, lambda job: job.take("run", now(), timedelta(seconds=9)))
    with pytest.raises(Unavailable):
        erase(store, ERASURE)
    assert store.of(Job).get(job.id).cancel_requested
    assert store.of(Departure).get(MEMBER).outbox == []
    store.of(Job).change(job.id, lambda job: job.fail("run", 1.0, MARK))
    erase(store, ERASURE)
    assert MARK not in kept(store)
