"""Erases a member who left: asks every service, erases intake's own part, keeps the receipt."""

from collections.abc import Iterable
from itertools import chain
from typing import TypeVar

from services.intake import metrics
from services.intake.accounts.commands import forget_all
from services.intake.departures.erasure import Erasure
from services.intake.departures.membership_end import withdraw_held
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import Check, Guidance
from services.intake.submission import Submission
from services.intake.workshops.commands import forget
from shared.aggregate import caused_id, now
from shared.auth import Caller
from shared.endings import departures
from shared.endings.redaction import ERASED, redact, redacted
from shared.errors import WrongStage
from shared.events import CatalogErased, Envelope, ErasedCount, ErasureAnswer, ErasureRequested
from shared.events.event import Frozen
from shared.store import Store

F = TypeVar("F", bound=Frozen)

_KEPT = (
    "Son identifiant, sa nature et ses dates, sans nom ni SIREN : les comptes s'y réfèrent.",
    "Les étapes et dates de ses projets, sans texte, comme preuve (RGPD, article 5(2)).",
    "Les motifs de ses décisions sur les projets d'autres, sans leur auteur : ils y ont droit.",
)


def request(store: Store, caller: Caller, member_id: str, reason: str) -> Erasure:
    """Have a member erased; asked again, the answer is the same erasure.

    Raises NotFound for an id that is no member's, WrongStage for one who has not left.
    """
    if not departures.has_left(store, member_id):
        store.of(Member).get(member_id)
        raise WrongStage("ce membre n'a pas quitté le Datalab : mettez d'abord fin à son adhésion")
    erasure = Erasure(
        id=caused_id("ers", member_id),
        member_id=member_id,
        reason=reason,
        requested_by=caller.member_id,
    )
    erasure.request()
    return store.of(Erasure).add(erasure)


def erase(store: Store, envelope: Envelope[ErasureRequested]) -> None:
    """Erase what intake holds of a member, and answer for intake."""
    event = envelope.data
    departures.note_erasure(store, event.member_id, event.erasure_id)
    counts = tuple(ErasedCount(kind=kind, count=n) for kind, n in _erase(store, event.member_id))
    store.of(Erasure).change(
        event.erasure_id, lambda erasure: erasure.answer("intake", counts, _KEPT), because=envelope
    )


def note_answer(store: Store, envelope: Envelope[ErasureAnswer]) -> None:
    """Another service has erased its part; what others were told of its data goes here, too."""
    event = envelope.data
    if isinstance(event, CatalogErased) and event.dataset_ids:
        _forget_datasets(store, frozenset(event.dataset_ids))
    store.of(Erasure).change(
        event.erasure_id,
        lambda erasure: erasure.answer(event.source, event.counts, event.kept),
        because=envelope,
    )


def measure(service: str, store: Store) -> None:
    """Measure how long the erasure that has waited longest waits for a service that is silent."""
    first = store.of(Erasure).find(sort="waits_since", limit=1)
    waited = (now() - first[0].waits_since).total_seconds() if first else 0
    metrics.erasure_oldest_waiting.labels(service).set(max(waited, 0))


def _erase(store: Store, member_id: str) -> Iterable[tuple[str, int]]:
    withdraw_held(store, member_id)
    if store.of(Member).find_one(member_id):
        store.of(Member).change(member_id, Member.erase)
        yield "fiches de membre", 1
    held = [project.id for project in store.of(Project).every({"holder_id": member_id})]
    for project_id in held:
        store.of(Project).change(project_id, redact_project)
    yield "projets", len(held)
    yield "projets d'autres membres", _leave_others(store, member_id)
    submitted_ids = {member_id, *held}
    keys = [
        submission
        for submission in store.of(Submission).every()
        if submission.made_id in submitted_ids
    ]
    for submission in keys:
        store.of(Submission).change(submission.id, _forget_sent)
    yield "clés de dépôt", len(keys)
    yield "ateliers où étaient inscrites de ses personnes", forget(store, member_id)
    yield "liens, sessions et clés d'accès", forget_all(store, member_id)


def redact_project(project: Project) -> None:
    """Erase a project's words; keep its stages, its dates and who was asked for which part."""
    parts = project.parts
    redact(project)
    invitations = tuple(redacted(invitation) for invitation in parts.all)
    project.parts = parts.model_copy(update={"all": invitations})


def _forget_sent(submission: Submission) -> None:
    submission.sha256 = ""


def _leave_others(store: Store, member_id: str) -> int:
    """Take the member out of all projects' guidance and histories; count those of other holders."""
    others = 0
    for project in store.of(Project).every():
        if _names(project, member_id):
            others += project.holder_id != member_id
            store.of(Project).change(
                project.id, lambda changed_project: _take_out(changed_project, member_id)
            )
    return others


def _names(project: Project, member_id: str) -> bool:
    guidance = project.guidance or Guidance()
    suggested = {suggestion.member_id for suggestion in (*guidance.experts, *guidance.pilot_sites)}
    is_in_records = any(
        entry.by == member_id or member_id in entry.why for entry in project.history
    )
    is_in_records = is_in_records or member_id in project.owners
    asked = {invitation.member_id for invitation in project.invitations}
    return is_in_records or member_id in suggested | asked


def _take_out(project: Project, member_id: str) -> None:
    project.history = [
        entry.model_copy(
            update={
                "by": ERASED if entry.by == member_id else entry.by,
                "why": entry.why.replace(member_id, ERASED),
            }
        )
        for entry in project.history
    ]
    project.reviews = project.reviews.without(member_id)
    invitations = tuple(
        redacted(invitation) if invitation.member_id == member_id else invitation
        for invitation in project.parts.all
    )
    project.parts = project.parts.model_copy(update={"all": invitations})
    if guidance := project.guidance:
        others = {
            kind: tuple(
                suggestion
                for suggestion in getattr(guidance, kind)
                if suggestion.member_id != member_id
            )
            for kind in ("experts", "pilot_sites")
        }
        project.guidance = guidance.model_copy(update=others)


def _forget_datasets(store: Store, dataset_ids: frozenset[str]) -> None:
    """Take erased datasets out of the guidance, checks and histories of all projects."""

    def forget(project: Project) -> None:
        titles = _titles(project, dataset_ids)
        if guidance := project.guidance:
            matches = tuple(
                redacted(match) if match.dataset_id in dataset_ids else match
                for match in guidance.datasets
            )
            applications = tuple(
                _untitled(application, "reasons", titles) for application in guidance.applications
            )
            update = {"datasets": matches, "applications": applications}
            project.guidance = guidance.model_copy(update=update)
        project.history = [_untitled(entry, "why", titles) for entry in project.history]
        project.checks = tuple(_without(check, dataset_ids) for check in project.checks)
        project.reviews = project.reviews.unseen()
        project.accesses = tuple(
            redacted(access) if access.dataset_id in dataset_ids else access
            for access in project.accesses
        )

    for project in store.of(Project).every():
        advised = project.guidance.datasets if project.guidance else ()
        checked = chain.from_iterable(check.persons for check in project.checks)
        named = {match.dataset_id for match in advised} | {note.dataset_id for note in checked}
        named |= {access.dataset_id for access in project.accesses}
        if dataset_ids & named:
            store.of(Project).change(project.id, forget)


def _titles(project: Project, dataset_ids: frozenset[str]) -> frozenset[str]:
    """Return the titles by which the project names these datasets."""
    matches = project.guidance.datasets if project.guidance else ()
    called = chain(
        ((match.dataset_id, match.title) for match in matches),
        ((access.dataset_id, access.title) for access in project.accesses),
    )
    return frozenset(title for dataset_id, title in called if title and dataset_id in dataset_ids)


def _untitled(document: F, name: str, titles: frozenset[str]) -> F:
    """Return the document with these titles erased from its field `name`, a text or several."""

    def without(text: str) -> str:
        for title in titles:
            text = text.replace(f"« {title} »", f"« {ERASED} »")
        return text

    text = getattr(document, name)
    new = without(text) if isinstance(text, str) else tuple(map(without, text))
    return document.model_copy(update={name: new})


def _without(check: Check, dataset_ids: frozenset[str]) -> Check:
    persons = (redacted(note) if note.dataset_id in dataset_ids else note for note in check.persons)
    return check.model_copy(update={"persons": tuple(persons)})
