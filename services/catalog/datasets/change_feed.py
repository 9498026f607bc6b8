"""Follows the catalogue's documents: what an index of them has not seen yet.

Each catalog process keeps indexes of its own and asks, before it answers from them, for what
changed. The documents are the truth: a lost index is made again from all of them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.catalog.datasets.model import Dataset
from shared.store import Store

MARGIN = timedelta(minutes=5)
"""How much later than its `changed_at` a document may be saved: clocks differ, writes are tried
again."""

JUST_NOW = timedelta(seconds=2)
"""Before an answer only what was saved as soon as it changed is looked for; the rest comes by."""

_FEW = 8


class ChangeFeed:
    """Tells each state of each dataset once, as far as `since` is known to have been told."""

    def __init__(self, since: datetime | None = None) -> None:
        self.since = since
        self._told: dict[str, tuple[int, datetime]] = {}

    def changes(self, store: Store, margin: timedelta = MARGIN) -> Iterator[Dataset]:
        """The datasets that changed since they were told; all of them at first.

        A dataset counts as told once the next one is asked for, so that a failure tells it again.
        Who asks often gives a shorter `margin`, and now and then the whole one.
        """
        latest = self.since
        datasets = store.of(Dataset)
        for dataset in self._recent(store, self.since - margin) if self.since else datasets.every():
            if self._told.get(dataset.id, (0, None))[0] == dataset.version:
                continue
            yield dataset
            self._told[dataset.id] = dataset.version, dataset.changed_at
            latest = max(latest or dataset.changed_at, dataset.changed_at)
        self._forget_before(latest)

    @staticmethod
    def _recent(store: Store, since: datetime) -> Iterator[Dataset]:
        """Those that changed at that time or later, the newest first.

        Times are compared here: a query by date walks through all documents on some servers.
        """
        limit = _FEW
        while True:
            found = store.of(Dataset).find(sort="changed_at", descending=True, limit=limit)
            if len(found) < limit or found[-1].changed_at < since:
                return (dataset for dataset in found if dataset.changed_at >= since)
            limit *= 4

    def _forget_before(self, latest: datetime | None) -> None:
        self.since = latest
        if latest:
            told = self._told.items()
            self._told = {id_: one for id_, one in told if one[1] >= latest - MARGIN}
