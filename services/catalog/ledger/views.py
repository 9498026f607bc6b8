"""What is asked and shown of what left of a dataset."""

from datetime import datetime

from pydantic import Field

from services.catalog.ledger.model import Release, ReleaseState
from shared.aggregate import View, ViewPage
from shared.engine.tables.release import LedgerEntry
from shared.events.event import FileRef, Frozen


class ReleaseClaim(Frozen):
    """A place in a ledger that a job's result asks for: the length of the ledger that it read."""

    place: int = Field(ge=0)
    entry: LedgerEntry
    file: FileRef


class ReleaseView(View):
    """What left of a dataset, as its owners and the lab's staff see it."""

    id: str
    dataset_id: str
    dataset_version: int
    project_id: str
    job_id: str
    state: ReleaseState = Field(description="held: a reviewer decides")
    by: tuple[str, ...] = Field(description="columns of the result that make its cells")
    filters: str = Field(description="which rows count, in French")
    figures: tuple[str, ...]
    cells: int = Field(description="that show a figure")
    units: int = Field(description="behind all cells together")
    unit: str = Field(description="the column that tells units apart; empty: rows")
    minimum_units: int = Field(description="that a cell needed")
    reserved_at: datetime
    settled_at: datetime | None

    @classmethod
    def of_release(cls, release: Release) -> "ReleaseView":
        """View of one release; it omits the file with its cells, which only the rules read."""
        entry = release.entry.model_dump(exclude={"dataset_id", "version", "sha256", "file"})
        about = release.model_dump(include=set(cls.model_fields) - set(entry))
        return cls(**about, **entry)


class ReleasePage(ViewPage[ReleaseView]):
    """A page of releases; `next` is the cursor of the following one."""
