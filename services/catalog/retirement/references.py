"""Which stored files the catalogue refers to."""

from collections.abc import Collection

from services.catalog.access.dataset_use import Use
from services.catalog.datasets.model import Dataset
from services.catalog.harvesting.model import Harvest
from services.catalog.joins.snapshot import ID, JoinSnapshot
from services.catalog.ledger.commands import needed
from shared.endings.orphans import named_by
from shared.indexes.computed import complete_index
from shared.store import Store

HASHES, _OF_HARVESTS = "hashes", "harvests"


def files_in_use(store: Store, hashes: Collection[str]) -> set[str]:
    """Of those hashes, the ones of files that a document refers to; of a deleted dataset none."""
    complete_index(store, Dataset, HASHES)
    complete_index(store, Harvest, _OF_HARVESTS)
    uses = store.of(Use).find
    results = {one for one in hashes if uses({"result.sha256": one}, limit=1)}
    snapshot = store.of(JoinSnapshot).find_one(ID)
    kept = [snapshot.file, *snapshot.stale] if snapshot else []
    indexes = {file.sha256 for file in kept if file} & set(hashes)
    found = (named_by(store, cls, hashes) for cls in (Dataset, Harvest))
    return results.union(indexes, needed(store, hashes), *found)
