"""How long the catalogue keeps who used which data; how often it was used stays."""

from collections.abc import Iterator
from datetime import datetime

from services.catalog.access.dataset_use import Use
from services.catalog.datasets.model import Dataset
from shared.endings.redaction import redact
from shared.endings.retention import Batch, Policy, Thing
from shared.settings import Settings
from shared.store import Store

_BATCH = 200


def policies(store: Store, settings: Settings) -> list[Policy]:
    """Uses keep the dataset's version, the job, what became of it and its dates."""
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
        found, following = uses.page(where, after=cursor or None, limit=_BATCH)
        old = [use for use in found if use.holder_id and use.opened_at <= through]
        for use in old:
            uses.change(use.id, _forget_user)
        return Batch({"usages": len(old)} if old else {}, following or "", not following)

    return [
        Policy(
            kind="uses",
            days=settings.retention_uses_days,
            things=things,
            erase=erase,
            what="le nom des utilisateurs d'un jeu de données",
            advice="Pour le garder, enregistrez-en la liste (GET /datasets/{dataset_id}/uses).",
        )
    ]


def _forget_user(use: Use) -> None:
    redact(use)
    use.holder_id = ""
