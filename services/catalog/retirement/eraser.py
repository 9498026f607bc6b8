"""Erases the content of deleted datasets from the file store, unless other data has the same bytes.

Files lie by their content, so another dataset may have one, or be about to: what was put is put
again under the same name, and the document that refers to it comes later. So a file is erased only
when no document refers to it and it was not put within the grace period. Every process may erase;
the documents say what is left to do, so a crash in between changes nothing.
"""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from services.catalog import metrics
from services.catalog.access.dataset_use import Use
from services.catalog.datasets.model import Dataset
from services.catalog.decisions.dataset_end import Deletion
from services.catalog.harvesting.model import Harvest
from services.catalog.ledger.commands import forget, needed
from services.catalog.retirement.released import ReleasedFiles
from services.catalog.snapshots.saved_index import hashes_of_snapshots, is_forgotten
from shared.aggregate import now
from shared.background import Loop
from shared.endings.orphans import Used, named_by
from shared.events import FileRef
from shared.indexes.computed import complete_index
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store

HASHES, _OF_HARVESTS = "hashes", "harvests"
_LOOK_SECONDS = 5.0
_AT_ONCE = 20


def files_in_use(store: Store, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that documents refer to; a deleted dataset's do not count."""
    complete_index(store, Dataset, HASHES)
    complete_index(store, Harvest, _OF_HARVESTS)
    uses = store.of(Use).find
    results = {sha256 for sha256 in hashes if uses({"result.sha256": sha256}, limit=1)}
    indexes = hashes_of_snapshots(store, hashes)
    named_hashes = (named_by(store, cls, hashes) for cls in (Dataset, Harvest))
    return results.union(indexes, needed(store, hashes), *named_hashes)


class Eraser(Loop):
    """Erases what is pending, and notes on the receipt what became of it.

    `used` are those of some hashes that jobs refer to: it raises Unavailable while nobody knows.
    """

    def __init__(
        self, service: str, store: Store, files: Storage, settings: Settings, used: Used
    ) -> None:
        super().__init__(_LOOK_SECONDS, self._look, self._look_released)
        self._service, self._store, self._files, self._used = service, store, files, used
        self._datasets, self._released = store.of(Dataset), store.of(ReleasedFiles)
        self._grace = timedelta(seconds=settings.erasure_grace_seconds)

    def _look(self) -> None:
        waiting = list(self._datasets.every({"is_erasing": True}))
        ages = [now() - dataset.deletion.deleted_at for dataset in waiting if dataset.deletion]
        late = max(ages, default=timedelta()) - self._grace
        metrics.erasure_oldest_due.labels(self._service).set(max(late.total_seconds(), 0))
        if waiting:
            complete_index(self._store, Dataset, HASHES)
        for dataset in waiting:
            if dataset.deletion and not self.stopping.is_set():
                self._erase(dataset, dataset.deletion)

    def _erase(self, dataset: Dataset, deletion: Deletion) -> None:
        forget(self._store, dataset.id)
        files = {file.sha256: file for file in deletion.files}
        own = dataset.project_id or ""
        kept = [sha256 for sha256 in deletion.pending if self._is_referred_to(sha256, own)]
        rest = (files[sha256] for sha256 in deletion.pending if sha256 not in kept)
        gone = [file.sha256 for file in rest if self._files.erase(file, self._grace)]
        is_clean = is_forgotten(self._store, deletion.deleted_at)
        if gone or kept or (is_clean and not deletion.pending):
            self._datasets.change(
                dataset.id, lambda current: current.settle_deletion(gone, kept, is_clean=is_clean)
            )

    def _look_released(self) -> None:
        # Dates are compared here: a query by date walks through all documents on some servers.
        released_files = self._released.find(sort="due_at", limit=_AT_ONCE)
        due = [released for released in released_files if released.due_at <= now()]
        if due:
            complete_index(self._store, Dataset, HASHES)
        for released in due:
            if self.stopping.is_set():
                return
            over = {file.sha256 for file in released.files if self._is_over(file)}
            self._released.change(released.id, partial(self._settle, over=over))

    def _settle(self, released: ReleasedFiles, over: Collection[str]) -> None:
        released.settle(over, now() + max(self._grace, timedelta(seconds=_LOOK_SECONDS)))

    def _is_over(self, file: FileRef) -> bool:
        """Whether a file is gone, or stays as a dataset or another job has it."""
        if self._is_referred_to(file.sha256) or self._used([file.sha256]):
            return True
        return self._files.erase(file, self._grace)

    def _is_referred_to(self, sha256: str, project_id: str = "") -> bool:
        """Whether a dataset, a ledger, or the result of another project has such a file.

        What was delivered is a dataset; what was made of deleted data counts for nothing.
        """
        if self._datasets.find({"hashes": {"$in": [sha256]}}, limit=1):
            return True
        if needed(self._store, [sha256]):
            return True
        for use in self._store.of(Use).every({"result.sha256": sha256}):
            read = map(self._datasets.find_one, use.read_ids)
            is_deleted = any(dataset is None or dataset.deletion for dataset in read)
            if not (is_deleted or use.delivered_as or use.project_id == project_id):
                return True
        return False
