"""How long the catalogue keeps who used which data, and what ended projects asked for."""

from collections.abc import Iterator
from datetime import datetime

from services.catalog.access.dataset_use import Use
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from shared.endings.redaction import ERASED, redact
from shared.endings.retention import Batch, Policy, Thing
from shared.settings import Settings
from shared.store import Store

_BATCH = 200


def policies(store: Store, settings: Settings) -> list[Policy]:
    """The policies for what is kept for a time only: uses of data, requests of ended projects."""
    return [_of_uses(store, settings), _of_requests(store, settings)]


def _of_requests(store: Store, settings: Settings) -> Policy:
    """Policy for requests; who decided what of which data, and when, is kept."""
    accesses = store.of(ProjectAccess)

    def things() -> Iterator[Thing]:
        for access in accesses.every({"closed": True}):
            if access.title != ERASED and access.holder_id and access.grants:
                yield Thing(access.id, access.holder_id, _ended_at(access))

    def erase(project_id: str, through: datetime, _cursor: str) -> Batch:
        access = accesses.find_one(project_id)
        if not access or not access.closed or access.title == ERASED:
            return Batch({}, is_last=True)
        if _ended_at(access) > through:
            return Batch({}, is_last=True)
        accesses.change(project_id, _forget_request)
        return Batch({"demandes": len(access.grants)}, is_last=True)

    return Policy(
        kind="projects",
        days=settings.retention_projects_days,
        things=things,
        erase=erase,
        what="le texte des demandes d'accès du projet terminé",
        advice="Pour le garder, enregistrez-les (GET /access-requests/{request_id}).",
    )


def _ended_at(access: ProjectAccess) -> datetime:
    return max(grant.ended_at or grant.requested_at for grant in access.grants)


def _forget_request(access: ProjectAccess) -> None:
    redact(access)
    access.title = ERASED


def _of_uses(store: Store, settings: Settings) -> Policy:
    """Policy for users' names in uses; a use keeps its version, job, outcome and dates."""
    uses, datasets = store.of(Use), store.of(Dataset)

    def things() -> Iterator[Thing]:
        oldest: dict[str, datetime] = {}
        for use in uses.every():
            if use.holder_id:
                since = oldest.get(use.dataset_id, use.opened_at)
                oldest[use.dataset_id] = min(since, use.opened_at)
        for dataset_id, since in oldest.items():
            if dataset := datasets.find_one(dataset_id):
                yield Thing(dataset_id, dataset.owner_id, since)

    def erase(dataset_id: str, through: datetime, cursor: str) -> Batch:
        where = {"dataset_id": dataset_id}
        page, following = uses.page(where, after=cursor or None, limit=_BATCH)
        old = [use for use in page if use.holder_id and use.opened_at <= through]
        for use in old:
            uses.change(use.id, _forget_user)
        return Batch({"usages": len(old)} if old else {}, following or "", not following)

    return Policy(
        kind="uses",
        days=settings.retention_uses_days,
        things=things,
        erase=erase,
        what="le nom des utilisateurs d'un jeu de données",
        advice="Pour le garder, enregistrez-en la liste (GET /datasets/{dataset_id}/uses).",
    )


def _forget_user(use: Use) -> None:
    redact(use)
    use.holder_id = ""
