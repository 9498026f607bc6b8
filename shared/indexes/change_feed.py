"""Follows the documents of a class: what an index of them has not seen yet.

Each process keeps indexes of its own and asks, before it answers from them, for what changed. The
documents are the truth: a lost index is made again from all of them.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from shared.aggregate import LONG_AGO, Followed, now
from shared.store import Store

A = TypeVar("A", bound=Followed)

MARGIN = timedelta(minutes=5)
"""How much later than its `changed_at` a document may be saved: clocks differ, writes are tried
again."""

JUST_NOW = timedelta(seconds=2)
"""Before an answer only what was saved as soon as it changed is looked for; the rest comes by."""

_FEW = 8


class ChangeFeed(Generic[A]):
    """Tells each state of each document once, as far as `since` is known to have been told.

    `every` reads all of them, where that is not done page by page.
    """

    def __init__(
        self,
        cls: type[A],
        since: datetime | None = None,
        every: Callable[[Store], Iterable[A]] | None = None,
    ) -> None:
        self._cls, self.since = cls, since
        self._every = every or (lambda store: store.of(cls).every())
        self._told: dict[str, tuple[int, datetime]] = {}
        self._looked: dict[timedelta, datetime] = {}

    def changes(self, store: Store, margin: timedelta = MARGIN) -> Iterator[A]:
        """The documents that changed since they were told; all of them at first.

        One counts as told once the next one is asked for, so that a failure tells it again.
        Who asks often gives a shorter `margin`, and now and then the whole one.
        """
        latest, began = self.since, now()
        found = self._recent(store, self._unseen(latest, margin)) if latest else self._every(store)
        for one in found:
            yield one
            self._told[one.id] = one.version, one.changed_at
            latest = max(latest or one.changed_at, one.changed_at)
        self._looked |= {one: began for one in {JUST_NOW, margin} if one <= margin}
        # Of before, when documents did not say it, or there are none: all were read a moment ago.
        self._forget_before(max(latest or LONG_AGO, began - MARGIN))

    def _unseen(self, latest: datetime, margin: timedelta) -> datetime:
        """When the oldest change was that may have been saved since the last look.

        After a harvest much has changed within the margin before the latest, and was seen.
        """
        looked = self._looked.get(margin, LONG_AGO)
        return max(latest - margin, min(latest, looked - margin))

    def _recent(self, store: Store, since: datetime) -> Iterator[A]:
        """Those that changed at that time or later and were not told as they are now.

        Times are compared here: a query by date walks through all documents on some servers. Only
        what is new is read whole: after a harvest most of the recent ones were told.
        """
        documents, limit = store.of(self._cls), _FEW
        while True:
            found = documents.newest("changed_at", limit)
            if len(found) < limit or found[-1][2] < since:
                break
            limit *= 4
        return documents.of_ids(
            identifier
            for identifier, version, changed_at in found
            if changed_at >= since and self._told.get(identifier, (0, None))[0] != version
        )

    def _forget_before(self, latest: datetime) -> None:
        self.since = latest
        told = self._told.items()
        self._told = {id_: one for id_, one in told if one[1] >= latest - MARGIN}
