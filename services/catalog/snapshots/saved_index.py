"""Where an index was saved last: a restart reads that file in place of all that it was made of.

Documents and their files are the truth: an index whose file cannot be read is made of them anew.
"""

import logging
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Literal, TypeVar, get_args

from pydantic import Field

from shared.aggregate import LONG_AGO, Aggregate
from shared.errors import LabError, NotFound
from shared.events.event import FileRef
from shared.storage import Storage
from shared.store import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

IndexName = Literal["joins", "search"]

UNREADABLE = (NotFound, ValueError, LookupError, TypeError, zlib.error)
"""What comes of reading a file that is gone, or whose bytes are no snapshot of ours."""


class SavedIndex(Aggregate):
    """Where the newest snapshot of an index lies; the document's id is the index's name."""

    # Its name is from when only joins were saved: under another one the files of then were lost.
    collection: ClassVar[str] = "join_snapshots"
    has_events: ClassVar[bool] = False

    file: FileRef | None = None
    since: datetime = LONG_AGO
    stale: list[FileRef] = Field(default=[], description="earlier ones, to be removed")

    def point_to(self, file: FileRef, since: datetime) -> None:
        """Have `file` for the newest snapshot, unless another process saved a newer one."""
        is_newest = self.file is None or since >= self.since
        replaced = self.file if is_newest else file
        if is_newest:
            self.file, self.since = file, since
        stale = [*self.stale, replaced] if replaced else self.stale
        self.stale = [file for file in stale if file != self.file]

    def forgets(self, deleted_at: datetime) -> bool:
        """Whether it was made when a deletion of that time was known."""
        return self.file is None or self.since >= deleted_at


def is_forgotten(store: Store, deleted_at: datetime) -> bool:
    """Whether every saved index was made without what was deleted then."""
    return all(saved.forgets(deleted_at) for saved in _saved_indexes(store))


def hashes_of_snapshots(store: Store, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that name files of saved indexes, or files to be removed."""
    files = [file for saved in _saved_indexes(store) for file in (saved.file, *saved.stale)]
    return {file.sha256 for file in files if file} & set(hashes)


def _saved_indexes(store: Store) -> Iterator[SavedIndex]:
    return store.of(SavedIndex).of_ids(get_args(IndexName))


class Snapshots:
    """Saves and loads one index; `in_thread` makes the calls that compute."""

    def __init__(
        self, name: IndexName, store: Store, files: Storage, in_thread: Callable[..., Any]
    ) -> None:
        self._name, self._files, self._in_thread = name, files, in_thread
        self._documents = store.of(SavedIndex)

    def newest(self) -> SavedIndex:
        """Where the index was saved last, if it was."""
        return self._documents.find_one(self._name) or SavedIndex(id=self._name)

    def save(self, pieces: Iterable[bytes], since: datetime) -> None:
        """Write a snapshot, then point to it; the ones before are removed."""
        file = self._files.put(pieces, "application/octet-stream")
        saved = self._documents.change(
            self._name,
            lambda saved: saved.point_to(file, since),
            new=lambda: SavedIndex(id=self._name),
        )
        # Another process may be about to read one: then it makes its index anew.
        removed = [file for file in saved.stale if self._files.erase(file, timedelta())]

        def forget(saved: SavedIndex) -> None:
            saved.stale = [file for file in saved.stale if file not in removed]

        if removed:
            self._documents.change(self._name, forget)

    def load(self, parse: Callable[[Iterator[bytes]], T]) -> T | None:
        """What `parse` makes of the newest snapshot, if there is one that can be read."""
        file = self.newest().file
        if file is None:
            return None
        try:
            return parse(self.chunks(file))
        except (LabError, *UNREADABLE) as error:
            about = {"index": self._name, "error": str(error)}
            log.warning("a saved index cannot be read, and is made anew", extra=about)
            return None

    def chunks(self, file: FileRef) -> Iterator[bytes]:
        """The bytes of a snapshot; after the last ones ValueError when they are not those saved."""
        digest = sha256()
        for chunk in self._files.chunks(file):
            self._in_thread(digest.update, chunk)
            yield chunk
        if digest.hexdigest() != file.sha256:
            raise ValueError("the bytes changed")
