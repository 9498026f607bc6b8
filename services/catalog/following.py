"""Follows the catalogue's documents: what an index of them has not seen yet.

Each catalog process keeps indexes of its own and asks, before it answers from them, for what
changed. The documents are the truth: a lost index is made again from all of them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.catalog.model import Dataset
from shared.store import Store

_MARGIN = timedelta(minutes=5)
"""How much later than its `changed_at` a document may be saved: clocks differ, writes are tried
again."""

_PAGE = 200


class Follower:
    """Tells each state of each dataset once, as far as `since` is known to have been told."""

    def __init__(self, since: datetime | None = None) -> None:
        self.since = since
        self._told: dict[str, tuple[int, datetime]] = {}

    def changes(self, store: Store) -> Iterator[Dataset]:
        """The datasets that changed since they were told; all of them at first.

        A dataset counts as told once the next one is asked for, so that a failure tells it again.
        """
        where = {"changed_at": {"$gte": self.since - _MARGIN}} if self.since else None
        cursor, latest = None, self.since
        while True:
            page, cursor = store.of(Dataset).page(where, after=cursor, limit=_PAGE)
            for dataset in page:
                if self._told.get(dataset.id, (0, None))[0] == dataset.version:
                    continue
                yield dataset
                self._told[dataset.id] = dataset.version, dataset.changed_at
                latest = max(latest or dataset.changed_at, dataset.changed_at)
            if cursor is None:
                break
        self._forget_before(latest)

    def _forget_before(self, latest: datetime | None) -> None:
        self.since = latest
        if latest:
            told = self._told.items()
            self._told = {id_: one for id_, one in told if one[1] >= latest - _MARGIN}
