"""Asks the owners of data for a project, takes their decisions, and lists what they are asked."""

from collections.abc import Callable
from typing import Any

from services.catalog.access.amending import changes_of
from services.catalog.access.asking import ProjectFacts
from services.catalog.access.bodies import NewDecision, RequestQuery
from services.catalog.access.grants import Deadlines
from services.catalog.access.model import STAFF, ProjectAccess
from services.catalog.access.obstacles import RETIRED
from services.catalog.access.views import AccessRequest, RequestPage
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import known_to
from shared.auth import Caller
from shared.endings.departures import check_present
from shared.endings.retitling import retitle
from shared.errors import Invalid, NotFound
from shared.events import (
    Envelope,
    ProjectDelivered,
    ProjectEnd,
    ProjectRejected,
    ProjectSecured,
    ProjectSubmitted,
    ProjectWithdrawn,
    ServiceRetired,
    TreatmentApproved,
    TreatmentChanged,
    TreatmentProposed,
)
from shared.events.event import ReadingChange
from shared.settings import Settings
from shared.store import Store

_DELIVERED = "Projet livré."
_SERVICE_ENDED = "Le service livré a pris fin."
_END_REASONS: dict[type[ProjectEnd], str] = {
    ProjectRejected: "Projet refusé.",
    ProjectWithdrawn: "Projet retiré.",
}


def change_access(
    store: Store,
    because: Envelope[
        ProjectSubmitted
        | TreatmentProposed
        | ProjectSecured
        | TreatmentChanged
        | TreatmentApproved
        | ProjectEnd
        | ServiceRetired
    ],
    decide: Callable[[ProjectAccess], object],
) -> ProjectAccess:
    """Change the access of the event's project, which is made when there is none yet."""
    project_id = because.data.project_id
    return store.of(ProjectAccess).change(
        project_id, decide, because=because, new=lambda: ProjectAccess(id=project_id)
    )


def request_access(store: Store, settings: Settings, envelope: Envelope[ProjectSecured]) -> None:
    """Ask for every dataset that a secured project's treatment reads."""
    event, deadlines = envelope.data, _deadlines(settings)
    datasets = known_to(store, event.holder_id, event.dataset_ids)
    facts = ProjectFacts.of(event)
    access = change_access(
        store, envelope, lambda access: access.secure(event.holder_id, datasets, deadlines, facts)
    )
    # What changed between the look and the save was told to nobody.
    for dataset_id in event.dataset_ids:
        if dataset := store.of(Dataset).find_one(dataset_id):
            _adjust(store, access, dataset)


def change_treatment(
    store: Store, settings: Settings, event: TreatmentChanged, access: ProjectAccess
) -> tuple[ReadingChange, ...] | None:
    """Take in a secured project's changed treatment: owners are asked where it reads more.

    Returns what of that was not reviewed; None for an older treatment, which changes nothing.
    """
    facts = ProjectFacts.of(event)
    if facts is None:
        return None
    before = access.reviewed or access.facts or facts
    datasets = known_to(store, facts.holder_id, {*facts.reads, *before.reads})
    is_reviewed = event.decided_by not in {"", facts.holder_id}
    deadlines = _deadlines(settings)
    reviewed = access.change_treatment(facts, datasets, deadlines, is_reviewed=is_reviewed)
    return changes_of(reviewed, facts, datasets) if reviewed else None


def _deadlines(settings: Settings) -> Deadlines:
    return Deadlines(
        remind_seconds=settings.access_reminder_seconds,
        expire_seconds=settings.access_expiry_seconds,
    )


def note_review(store: Store, envelope: Envelope[TreatmentApproved]) -> None:
    """Note that a reviewer agreed to a changed treatment."""
    proposal = envelope.data.proposal
    change_access(store, envelope, lambda access: access.note_review(proposal))


def adjust_access(store: Store, dataset_id: str) -> None:
    """Adjust what projects may read of a dataset that was published, described or retired."""
    dataset = store.of(Dataset).get(dataset_id)
    where = {"needs": {"$in": [dataset_id]}, "closed": False}
    for access in store.of(ProjectAccess).every(where):
        _adjust(store, access, dataset)


def _adjust(store: Store, access: ProjectAccess, dataset: Dataset) -> None:
    accesses = store.of(ProjectAccess)
    if dataset.retirement:
        accesses.change(access.id, lambda current: _end(current, dataset))
        return
    if (proposed := access.proposed) and dataset.id in proposed.dataset_ids:
        inputs = known_to(store, access.holder_id, proposed.dataset_ids)
        if access.says_otherwise(inputs):
            access = accesses.change(access.id, lambda current: current.tell_again(inputs))
    datasets = known_to(store, access.holder_id, access.reads or (dataset.id,))
    if access.asks_otherwise(datasets):
        access = accesses.change(access.id, lambda current: current.ask_otherwise(datasets))
    # Each is saved by itself: what it tells of a dataset is newer than what the one before told.
    if access.was_unknown(dataset):
        access = accesses.change(
            access.id, lambda current: current.find_after_all(dataset, datasets)
        )
    if access.can_reconsider(dataset, datasets):
        access = accesses.change(access.id, lambda current: current.reconsider(dataset, datasets))
    if access.must_ask_again(dataset, datasets):
        accesses.change(access.id, lambda current: current.ask_again(dataset, datasets))


def _end(access: ProjectAccess, dataset: Dataset) -> None:
    # What tells of the end calls deleted data as it is called now.
    if dataset.deletion:
        retitle(access, dataset.id, dataset.metadata.title)
    access.end_dataset(dataset.id, RETIRED.format(dataset.retired))


def keep_for_service(store: Store, envelope: Envelope[ProjectDelivered]) -> None:
    """Leave a delivered project what its service may go on reading."""
    change_access(store, envelope, lambda access: access.deliver(_DELIVERED))


def revoke_access(store: Store, envelope: Envelope[ProjectEnd]) -> None:
    """Close a project that ended, even one that is not known here yet."""
    reason = _END_REASONS[type(envelope.data)]
    change_access(store, envelope, lambda access: access.close(reason))


def end_service(store: Store, envelope: Envelope[ServiceRetired]) -> None:
    """Close the project of a delivered service that ended."""
    change_access(store, envelope, lambda access: access.close(_SERVICE_ENDED))


def decide_access(
    store: Store, request_id: str, decider: str, decision: NewDecision
) -> AccessRequest:
    """Take a decider's answer to `<project id>.<dataset id>`.

    Raises NotFound, also for anybody but its deciders, WrongStage when it is too late, Invalid for
    a refusal or revocation without a reason, Forbidden for a member who left.
    """
    if decision.decision != "grant" and not decision.reason:
        raise Invalid("un refus ou un retrait se motive", "reason")
    project_id, _, dataset_id = request_id.partition(".")
    if store.of(ProjectAccess).find_one(project_id) is None:
        raise NotFound.of(request_id)
    check_present(store, decider)
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset and dataset.retirement and decision.decision == "grant":
        dataset.check_present()
    answer = decision.decision, decision.reason, decision.terms
    access = store.of(ProjectAccess).change(
        project_id,
        lambda current: current.decide(
            dataset_id, decider, *answer, fingerprint=decision.fingerprint
        ),
    )
    return AccessRequest.of(access, access.request_for(dataset_id), decider, dataset)


def read_request(store: Store, request_id: str, caller: Caller) -> AccessRequest:
    """One request, for those who decide on it, its project's holder and staff; NotFound else."""
    project_id, _, dataset_id = request_id.partition(".")
    access = store.of(ProjectAccess).find_one(project_id)
    grant = access.grant_of(dataset_id) if access else None
    if not (access and grant and grant.asked and caller.may_see(access.holder_id, *grant.deciders)):
        raise NotFound.of(request_id)
    dataset = store.of(Dataset).find_one(dataset_id)
    return AccessRequest.of(access, grant, caller.member_id, dataset)


def list_requests(store: Store, query: RequestQuery, caller: Caller) -> RequestPage:
    """One page of the requests to `caller`; of all requests for staff."""
    member = _addressee(caller)
    where: dict[str, Any] = {"waits_for" if query.waiting else "asked_of": {"$in": [member]}}
    if query.after:
        where["_id"] = {"$gte": query.after.partition(".")[0]}
    # Each document holds at least one request, all but the cursor's own one after the cursor.
    documents = store.of(ProjectAccess).find(where, limit=query.limit + 2)
    requests = [
        request
        for access in documents
        for request in _shown_to(store, access, caller, waiting=query.waiting)
        if not query.after or request.id > query.after
    ]
    more = len(requests) > query.limit
    page = requests[: query.limit]
    return RequestPage(items=page, next=page[-1].id if more else None)


def _addressee(caller: Caller) -> str:
    """Return whose requests a caller sees: a member's own, or those of all as STAFF."""
    return STAFF if caller.is_staff else caller.member_id


def _shown_to(
    store: Store, access: ProjectAccess, caller: Caller, *, waiting: bool
) -> list[AccessRequest]:
    """The project's requests that the caller sees, by dataset."""
    member = _addressee(caller)
    grants = [
        grant
        for grant in sorted(access.grants, key=lambda grant: grant.dataset_id)
        if grant.asked
        and member in (*(grant.missing if waiting else grant.deciders), STAFF)
        and (not waiting or grant.missing)
    ]
    dataset_ids = [grant.dataset_id for grant in grants]
    datasets = {dataset.id: dataset for dataset in store.of(Dataset).of_ids(dataset_ids)}
    return [
        AccessRequest.of(access, grant, caller.member_id, datasets.get(grant.dataset_id))
        for grant in grants
    ]
