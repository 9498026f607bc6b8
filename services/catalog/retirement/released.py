"""Files that a job left and nobody needs any more; they go as those of deleted datasets do."""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from shared.aggregate import NEVER, Aggregate, now
from shared.events import FileRef


class ReleasedFiles(Aggregate):
    """What a forgotten job left, to be erased unless a dataset has the same; id: the job's."""

    collection: ClassVar[str] = "released_files"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("due_at",)

    files: tuple[FileRef, ...] = ()
    due_at: datetime = NEVER

    def release(self, files: tuple[FileRef, ...]) -> None:
        """Note files that are no longer needed."""
        added = {file.sha256: file for file in (*self.files, *files)}
        self.files, self.due_at = tuple(added.values()), now()

    def settle(self, over: Collection[str], again_at: datetime) -> None:
        """Drop files that are gone or that a dataset has; the rest is looked at again."""
        self.files = tuple(file for file in self.files if file.sha256 not in over)
        self.due_at = again_at if self.files else NEVER
