"""A version as callers see it: what it changed, and hashes for those who may read it."""

from pydantic import ConfigDict, Field

from services.catalog.changes import Changes
from services.catalog.versions import Version
from shared.events import Frozen


class FileView(Frozen):
    """A file of a version; its hash is for those who may read it: it proves what somebody has."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str | None
    size: int
    media_type: str


class OutputView(Frozen):
    """A file that came with a project's result."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    file: FileView


class VersionView(Version):
    """A version, and what it changed of the one published before it."""

    file: FileView  # type: ignore[assignment]  # a reference that may lack its hash
    files: tuple[OutputView, ...] = ()  # type: ignore[assignment]
    table: FileView | None = None  # type: ignore[assignment]
    keys_file: FileView | None = Field(  # type: ignore[assignment]
        default=None, description="values of its key columns"
    )
    changes: Changes | None = None

    def without_hashes(self) -> "VersionView":
        """The same for those who may not read it."""
        hidden = {
            "file": _unproven(self.file),
            "files": tuple(
                one.model_copy(update={"file": _unproven(one.file)}) for one in self.files
            ),
            "table": self.table and _unproven(self.table),
            "keys_file": self.keys_file and _unproven(self.keys_file),
        }
        return self.model_copy(update=hidden)


def _unproven(file: FileView) -> FileView:
    return file.model_copy(update={"sha256": None})
