"""A member is erased: its jobs end, and neither they nor its workspaces keep its words."""

from contextlib import suppress

from services.compute.jobs.commands import Commands
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.endings import departures
from shared.endings.redaction import ERASED, redacted
from shared.errors import Unavailable, WrongStage
from shared.events import ComputeErased, Envelope, ErasedCount, ErasureRequested, Event
from shared.store import Store

_KEPT = ("Les identifiants, dates, durées et empreintes de ses calculs, sans texte, comme preuve.",)


def erase(store: Store, envelope: Envelope[ErasureRequested]) -> None:
    """Erase what compute holds of a member, and answer.

    Raises Unavailable while a job of the member still runs: it stops within seconds.
    """
    event = envelope.data
    departures.note_erasure(store, event.member_id, event.erasure_id)
    jobs, workspaces = _take_words_out(store, event.member_id)
    answer = ComputeErased(
        erasure_id=event.erasure_id,
        member_id=event.member_id,
        counts=(
            ErasedCount(kind="calculs", count=jobs),
            ErasedCount(kind="espaces de calcul", count=workspaces),
        ),
        kept=_KEPT,
    )
    departures.answer(store, answer, envelope)


def erase_late(store: Store, event: Event) -> None:
    """Take out what an event that came late brought of members who were erased."""
    named = (getattr(event, field, "") for field in ("holder_id", "owner_id"))
    for member_id in departures.erased_among(store, named):
        _take_words_out(store, member_id)


def _take_words_out(store: Store, member_id: str) -> tuple[int, int]:
    """How many jobs and workspaces are without words now."""
    jobs = list(store.of(Job).every({"owner_id": member_id}))
    for job in jobs:
        if job.is_active:
            with suppress(WrongStage):
                Commands(store).cancel(job.id, "les données du membre sont effacées")
        store.of(Job).change(job.id, redact_job)
    workspaces = list(store.of(Workspace).every({"holder_id": member_id}))
    for workspace in workspaces:
        store.of(Workspace).change(workspace.id, redact_workspace)
    return len(jobs), len(workspaces)


def redact_job(job: Job) -> None:
    """Keep what the job was, when and how long; raises Unavailable while it runs."""
    if job.is_active:
        raise Unavailable("a job of the member still runs")
    job.title = job.filename = job.url = job.message = job.log_tail = ""
    job.reason = ERASED if job.reason else ""
    job.repairs, job.is_erased = (), True
    job.treatment = redacted(job.treatment) if job.treatment else None
    job.privacy = redacted(job.privacy) if job.privacy else None


def redact_workspace(workspace: Workspace) -> None:
    """Keep whose it was and what it used."""
    workspace.is_erased = True
    workspace.reason = ERASED if workspace.reason else ""
    workspace.treatment = redacted(workspace.treatment) if workspace.treatment else None
