"""A member leaves, or is erased: its datasets end, nobody waits for it, its words are taken out."""

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

from services.catalog.access.dataset_use import FailedJob, Use
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.retirement.commands import delete_as
from shared.aggregate import now
from shared.endings import departures
from shared.endings.departures import GONE, left_among
from shared.endings.redaction import ERASED, redact, redacted
from shared.events import CatalogErased, Envelope, ErasedCount, ErasureRequested, Event
from shared.store import Store

_KEPT = (
    "Les identifiants, dates et empreintes de ses jeux de données, pour prouver leurs usages.",
    "Le titre de ses données là où résultats et demandes d'autres les citent : licence oblige.",
)


def erase(store: Store, envelope: Envelope[ErasureRequested]) -> None:
    """Erase what the catalogue holds of a member, and answer."""
    event = envelope.data
    departures.note_erasure(store, event.member_id, event.erasure_id)
    dataset_ids = _datasets_of(store, event.member_id)
    counts = [ErasedCount(kind=kind, count=n) for kind, n in _erase(store, event.member_id)]
    answer = CatalogErased(
        erasure_id=event.erasure_id,
        member_id=event.member_id,
        counts=tuple(counts),
        kept=_KEPT,
        dataset_ids=tuple(sorted(dataset_ids)),
    )
    departures.answer(store, answer, envelope)


def forgetting(handle: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap an event's handler: afterwards, erase what it brought of erased members."""

    @wraps(handle)
    def handle_and_forget(service: Any, envelope: Any) -> None:  # noqa: ANN401 - any service's
        handle(service, envelope)
        _erase_late(service.documents, envelope.data)

    return handle_and_forget


def _erase_late(store: Store, event: Event) -> None:
    if not departures.any_erased(store):
        return
    access = store.of(ProjectAccess).find_one(getattr(event, "project_id", "") or "")
    dataset = store.of(Dataset).find_one(getattr(event, "dataset_id", "") or "")
    named = [getattr(event, field, "") for field in ("holder_id", "owner_id")]
    named += [access.holder_id if access else "", dataset.owner_id if dataset else ""]
    for member_id in departures.erased_among(store, named):
        list(_erase(store, member_id))


def _erase(store: Store, member_id: str) -> Iterator[tuple[str, int]]:
    retire_datasets(store, member_id)
    dataset_ids = _datasets_of(store, member_id)
    for dataset_id in dataset_ids:
        store.of(Dataset).change(dataset_id, partial(_delete, store, member_id))
    yield "jeux de données", len(dataset_ids)
    held = {
        access.id for access in store.of(ProjectAccess).every() if access.holder_id == member_id
    }
    for project_id in held:
        store.of(ProjectAccess).change(project_id, redact)
    yield "projets", len(held)
    yield "projets d'autres membres", _leave_others(store, member_id, dataset_ids)
    yield "usages", _redact_uses(store, member_id, dataset_ids)
    for failed in store.of(FailedJob).every():
        if failed.project_id in held:
            store.of(FailedJob).change(failed.id, redact)
    yield "catalogues moissonnés", _redact_sources(store, member_id)


def _datasets_of(store: Store, member_id: str) -> frozenset[str]:
    return frozenset(dataset.id for dataset in store.of(Dataset).every({"owner_id": member_id}))


def _delete(store: Store, member_id: str, dataset: Dataset) -> None:
    """Erase the dataset's content; keep its owner, its terms and the marks of its versions."""
    delete_as(store, dataset, member_id, GONE, ERASED)
    metadata = dataset.metadata
    dataset.metadata = Metadata(
        title=ERASED, theme=ERASED, licence=metadata.licence, access=metadata.access
    )
    dataset.harvested, dataset.taken, dataset.sent = None, None, ""
    dataset.versions = [_emptied(version) for version in dataset.versions]
    dataset.changed_at = now()


def _emptied(version: Version) -> Version:
    nothing = {"table": None, "profile": None, "keys_file": None, "files": (), "note": ""}
    rejected = {"state": "rejected", "reason": ERASED, "filename": ERASED}
    return redacted(version).model_copy(update=nothing | rejected)


def _leave_others(store: Store, member_id: str, dataset_ids: frozenset[str]) -> int:
    """Redact the member's words in others' projects; return how many projects had some."""

    def take_out(access: ProjectAccess) -> None:
        access.matches = tuple(
            redacted(match) if match.dataset_id in dataset_ids else match
            for match in access.matches
        )
        if proposed := access.proposed:
            access.proposed = proposed.without(dataset_ids)
        for grant in access.grants:
            if grant.dataset_id in dataset_ids:
                redact(grant)
            grant.conditions = [
                redacted(condition) if condition.decider == member_id else condition
                for condition in grant.conditions
            ]

    project_count = 0
    for access in store.of(ProjectAccess).every():
        named = {match.dataset_id for match in access.matches}
        named |= {grant.dataset_id for grant in access.grants}
        named |= {*access.proposed.dataset_ids} if access.proposed else set()
        deciders = {condition.decider for grant in access.grants for condition in grant.conditions}
        if access.holder_id != member_id and (named & dataset_ids or member_id in deciders):
            store.of(ProjectAccess).change(access.id, take_out)
            project_count += 1
    return project_count


def _redact_uses(store: Store, member_id: str, dataset_ids: frozenset[str]) -> int:
    uses = [
        use
        for use in store.of(Use).every()
        if use.holder_id == member_id or use.dataset_id in dataset_ids
    ]
    for use in uses:
        store.of(Use).change(use.id, redact)
    return len(uses)


def _redact_sources(store: Store, member_id: str) -> int:
    sources = list(store.of(RemoteSource).every({"owner_id": member_id}))
    for source in sources:
        store.of(RemoteSource).change(source.id, _forget_source)
        for harvest in store.of(Harvest).every({"source_id": source.id}):
            store.of(Harvest).change(harvest.id, _forget_harvest)
    return len(sources)


def _forget_source(source: RemoteSource) -> None:
    source.title, source.url, source.theme, source.sent = ERASED, "", ERASED, ""


def _forget_harvest(harvest: Harvest) -> None:
    harvest.title, harvest.next_url, harvest.pages, harvest.refused = ERASED, "", [], []
    harvest.reason = ERASED if harvest.reason else ""


def retire_datasets(store: Store, member_id: str) -> None:
    """Retire every dataset of a member who left; what it is and was stays known."""
    for dataset in store.of(Dataset).every({"owner_id": member_id}):
        if dataset.retirement is None:
            store.of(Dataset).change(
                dataset.id, lambda current: current.retire_here(member_id, GONE)
            )


def answer_for(store: Store, member_id: str) -> None:
    """Refuse what waits for the word of a member who left, and end what it granted."""
    asked = {"asked_of": {"$in": [member_id]}, "closed": False}
    for access in store.of(ProjectAccess).every(asked):
        _answer(store, access, member_id)


def answer_for_departed(store: Store, project_id: str) -> None:
    """Refuse what a project asked those who left, also when they left before it asked."""
    access = store.of(ProjectAccess).find_one(project_id)
    if access is None or access.closed:
        return
    asked = {decider for grant in access.grants if grant.asked for decider in grant.deciders}
    for member_id in left_among(store, asked):
        _answer(store, access, member_id)


def _answer(store: Store, access: ProjectAccess, member_id: str) -> None:
    def decide(access: ProjectAccess) -> None:
        for grant in () if access.closed else access.grants:
            if member_id not in grant.deciders:
                continue
            if grant.state == "requested":
                access.decide(grant.dataset_id, member_id, "refuse", GONE)
            elif grant.state == "granted":
                access.decide(grant.dataset_id, member_id, "revoke", GONE)

    open_states = {"requested", "granted"}
    if any(grant.state in open_states and member_id in grant.deciders for grant in access.grants):
        store.of(ProjectAccess).change(access.id, decide)
