"""How a dataset ended: retired by somebody, or deleted with its content."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from shared.aggregate import now
from shared.events.event import FileRef, Frozen


class Retirement(Frozen):
    """Somebody took the dataset out of the catalogue, for good; `reason` is French."""

    retired_by: str
    retired_at: datetime
    reason: str


class Deletion(Frozen):
    """Somebody deleted the dataset: what content it had, and what became of that.

    `pending` are the hashes of files that are still to be erased, `kept` of those that stay, as
    other data has the same bytes. It is over at `erased_at`; what comes later is erased as well.
    """

    deleted_by: str
    deleted_at: datetime
    reason: str
    files: tuple[FileRef, ...] = Field(default=(), description="all content that it had")
    pending: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    erased_at: datetime | None = None

    def of_also(self, files: Iterable[FileRef]) -> "Deletion":
        """The same with these files to erase too."""
        added = {file.sha256: file for file in (*self.files, *files)}
        pending = {*self.pending, *(file.sha256 for file in files)}
        if pending == {*self.pending}:
            return self
        return self.model_copy(
            update={
                "files": tuple(added.values()),
                "pending": tuple(sorted(pending)),
                "kept": tuple(sha256 for sha256 in self.kept if sha256 not in pending),
                "erased_at": None,
            }
        )

    def settled(self, gone: Iterable[str], kept: Iterable[str], *, is_clean: bool) -> "Deletion":
        """The same once these files are gone, and those are kept for others.

        It is over when nothing is pending, and indexes `is_clean`.
        """
        done = {*gone, *kept}
        pending = tuple(sha256 for sha256 in self.pending if sha256 not in done)
        return self.model_copy(
            update={
                "pending": pending,
                "kept": tuple(sorted({*self.kept, *kept})),
                "erased_at": None if pending or not is_clean else now(),
            }
        )
