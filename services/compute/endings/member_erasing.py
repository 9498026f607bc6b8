"""A member is erased: its jobs end, and neither they nor its workspaces keep its words."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from services.compute.jobs.commands import Commands, shared_by_others
from services.compute.jobs.data_contract import DataContract
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from services.compute.recipes.model import Recipe
from services.compute.renewal.model import DeliveredService
from shared.endings import departures
from shared.endings.redaction import ERASED, redacted
from shared.errors import Unavailable, WrongStage
from shared.events import ComputeErased, Envelope, ErasedCount, ErasureRequested, Event
from shared.store import Store

_FORGOTTEN = "effacé à la fin de sa durée de conservation, ou à la demande du porteur"

_KEPT = ("Les identifiants, dates, durées et empreintes de ses calculs, sans texte, comme preuve.",)


def erase(store: Store, envelope: Envelope[ErasureRequested]) -> None:
    """Erase what compute holds of a member, and answer.

    Raises Unavailable while a job of the member still runs: it stops within seconds.
    """
    event = envelope.data
    departures.note_erasure(store, event.member_id, event.erasure_id)
    jobs, workspaces = _take_words_out(store, event.member_id)
    recipes = list(store.of(Recipe).every({"member_id": event.member_id}))
    for recipe in recipes:
        store.of(Recipe).change(recipe.id, lambda retiring: retiring.retire(is_erased=True))
    answer = ComputeErased(
        erasure_id=event.erasure_id,
        member_id=event.member_id,
        counts=(
            ErasedCount(kind="calculs", count=jobs),
            ErasedCount(kind="espaces de calcul", count=workspaces),
            ErasedCount(kind="recettes", count=len(recipes)),
        ),
        kept=_KEPT,
    )
    departures.answer(store, answer, envelope)


def erase_late(store: Store, event: Event) -> None:
    """Remove what a late event brought of members who were erased."""
    named = (getattr(event, field, "") for field in ("holder_id", "owner_id"))
    for member_id in departures.erased_among(store, named):
        _take_words_out(store, member_id)


def _take_words_out(store: Store, member_id: str) -> tuple[int, int]:
    """Remove the words of jobs and workspaces; returns how many there were."""
    # Before its jobs: a service that lives would queue another.
    for service in store.of(DeliveredService).every({"holder_id": member_id}):
        store.of(DeliveredService).change(service.id, DeliveredService.redact)
    jobs = list(store.of(Job).every({"owner_id": member_id}))
    for job in jobs:
        if job.is_active:
            with suppress(WrongStage):
                Commands(store).cancel(job.id, "les données du membre sont effacées")
    redact_jobs(store, jobs)
    workspaces = list(store.of(Workspace).every({"holder_id": member_id}))
    for workspace in workspaces:
        store.of(Workspace).change(workspace.id, redact_workspace)
    return len(jobs), len(workspaces)


def redact_jobs(store: Store, jobs: Sequence[Job]) -> None:
    """Keep only what the jobs were, when and how long; Unavailable while one runs.

    Their files are given to the catalogue to be erased, unless other jobs made the same.
    """
    shared_hashes = shared_by_others(store, jobs)
    replays = store.of(Job).every({"replays": {"$in": [job.id for job in jobs]}})
    for job in (*jobs, *replays):
        store.of(Job).change(job.id, lambda kept_job: _redact_job(kept_job, shared_hashes))


def _redact_job(job: Job, shared_hashes: Collection[str]) -> None:
    if job.is_active:
        raise Unavailable("a job of the member still runs")
    job.title = job.purpose = job.filename = job.sheet = job.url = job.message = job.log_tail = ""
    job.reason = ERASED if job.reason else ""
    job.repairs, job.is_erased = (), True
    job.treatment = redacted(job.treatment) if job.treatment else None
    job.privacy, job.size_warning, job.counted, job.comparison = None, "", None, None
    job.read = job.changes = ()
    job.contract, job.observed = None, DataContract()
    job.decision = redacted(job.decision) if job.decision else None
    job.questions = tuple(map(redacted, job.questions))
    if job.result:
        job.forget("", _FORGOTTEN, shared_hashes)


def redact_workspace(workspace: Workspace) -> None:
    """Keep only whose workspace it was and what it used."""
    workspace.is_erased, workspace.pseudonym_key = True, ""
    workspace.title = workspace.problem = ""
    workspace.reason = ERASED if workspace.reason else ""
    workspace.quota_request = None
    if workspace.quota_decision:
        workspace.quota_decision = redacted(workspace.quota_decision)
    workspace.treatment = redacted(workspace.treatment) if workspace.treatment else None
