"""Follows the documents of a class: what an index of them has not seen yet.

Each process keeps indexes of its own and asks, before it answers from them, for what changed. The
documents are the truth: a lost index is made again from all of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from shared.aggregate import LONG_AGO, Followed, now
from shared.store import PAGE_LIMIT, Store

A = TypeVar("A", bound=Followed)

MARGIN = timedelta(minutes=5)
"""How much later than its `changed_at` a document may be saved: clocks differ, writes are tried
again."""

JUST_NOW = timedelta(seconds=2)
"""Before an answer only what was saved as soon as it changed is looked for; the rest comes by."""

_FEW = 8


class Look(NamedTuple):
    """What was found to be new: the ids of documents, or None for all, and when it was looked.

    `is_whole` is False where more may be new than was asked for.
    """

    began: datetime
    margin: timedelta
    ids: tuple[str, ...] | None
    is_whole: bool = True


class ChangeFeed(Generic[A]):
    """Tells each state of each document once, as far as `since` is known to have been told.

    `every` reads all of them, where that is not done page by page. `seen_versions` are, with
    their `changed_at`, those that an index had when it was saved.
    """

    def __init__(
        self,
        cls: type[A],
        since: datetime | None = None,
        every: Callable[[Store], Iterable[A]] | None = None,
        seen_versions: Mapping[str, tuple[int, datetime]] | None = None,
    ) -> None:
        self._cls, self.since = cls, since
        self._every = every or (lambda store: store.of(cls).every())
        self._told_versions = dict(seen_versions or {})
        self._looked: dict[timedelta, datetime] = {}

    def changes(self, store: Store, margin: timedelta = MARGIN) -> Iterator[A]:
        """The documents that changed since they were told; all of them at first.

        One counts as told once the next one is asked for, so that a failure tells it again.
        Who asks often gives a shorter `margin`, and now and then the whole one.
        """
        return self.read(store, self.look(store, margin))

    def look(self, store: Store, margin: timedelta = MARGIN, most: int | None = None) -> Look:
        """Which these are, without a document: after a harvest they are looked for among many.

        With `most` only that many of the newest are looked at; a later look finds the rest.
        """
        began = now()
        if self.since is None:
            return Look(began, margin, None)
        ids, is_whole = self._recent(store, self._unseen(self.since, margin), most)
        return Look(began, margin, ids, is_whole)

    def read(self, store: Store, look: Look) -> Iterator[A]:
        """These documents, as they are by now."""
        latest, repository = self.since, store.of(self._cls)
        documents = self._every(store) if look.ids is None else repository.of_ids(look.ids)
        for document in documents:
            if self._version_told(document.id) >= document.version:
                continue
            yield document
            if not self.is_outdated(document):
                self._told_versions[document.id] = document.version, document.changed_at
            latest = max(latest or document.changed_at, document.changed_at)
        margins = {JUST_NOW, look.margin} if look.is_whole else set()
        self._looked |= {margin: look.began for margin in margins if margin <= look.margin}
        # Of before, when documents did not say it, or there are none: all were read a moment ago.
        self._forget_before(max(latest or LONG_AGO, look.began - MARGIN))

    def is_outdated(self, document: A) -> bool:
        """Whether another look told a later version, while this one waited to be taken in."""
        return self._version_told(document.id) > document.version

    def _unseen(self, latest: datetime, margin: timedelta) -> datetime:
        """When the oldest change was that may have been saved since the last look.

        After a harvest much has changed within the margin before the latest, and was seen.
        """
        looked = self._looked.get(margin, LONG_AGO)
        return max(latest - margin, min(latest, looked - margin))

    def _recent(
        self, store: Store, since: datetime, most: int | None
    ) -> tuple[tuple[str, ...], bool]:
        """The ids of those that changed at that time or later, and were not told as they are now.

        And whether these are all. Times are compared here: a query by date walks through all
        documents on some servers.
        """
        documents, newest = store.of(self._cls), list[tuple[str, int, datetime]]()
        limit, is_whole = min(_FEW, most or _FEW), False
        while not is_whole and limit > 0:
            # What changes meanwhile comes first, and moves the others back: none is left out.
            newest += (page := documents.newest("changed_at", limit, skip=len(newest)))
            is_whole = len(page) < limit or page[-1][2] < since
            limit = PAGE_LIMIT if most is None else min(PAGE_LIMIT, most - len(newest))
        ids = tuple(
            identifier
            for identifier, version, changed_at in newest
            if changed_at >= since and self._version_told(identifier) != version
        )
        return ids, is_whole

    def _version_told(self, identifier: str) -> int:
        """The newest version that was told of a document; less than any where none was."""
        version, _ = self._told_versions.get(identifier, (-1, LONG_AGO))
        return version

    def _forget_before(self, latest: datetime) -> None:
        # Another look may have ended while this one was read.
        self.since = max(latest, self.since or latest)
        entries = self._told_versions.items()
        self._told_versions = {
            id_: entry for id_, entry in entries if entry[1] >= self.since - MARGIN
        }
