"""One result that was made of a version of restricted data, in the ledger of its dataset."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field, computed_field

from shared.aggregate import Aggregate, now
from shared.engine.tables.release import EarlierRelease, LedgerEntry
from shared.events import FileRef

ReleaseState = Literal["reserved", "held", "released", "refused", "dropped"]
"""`held` until a reviewer decides; `dropped`: nothing came of it, or it is forgotten. `reserved`
until their job ended were releases of before all waited."""

_COUNTS: frozenset[ReleaseState] = frozenset({"reserved", "held", "released"})


class Release(Aggregate):
    """What a job's result tells of a version of a dataset; it has its place in the ledger for good.

    A dataset's versions have one ledger: what differs between them tells, too. Its id is
    `<dataset id>.<place>`: of two jobs that were checked against the same ledger one finds its
    place taken, and is checked again.
    """

    collection: ClassVar[str] = "releases"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("dataset_id", "job_id", "hashes")

    dataset_id: str
    dataset_version: int
    project_id: str
    job_id: str
    entry: LedgerEntry
    file: FileRef = Field(description="which rows of the dataset are behind which figures")
    state: ReleaseState = "held"
    reserved_at: datetime = Field(default_factory=now)
    settled_at: datetime | None = None
    is_masked: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hashes(self) -> list[str]:
        """Hashes of the file that it needs."""
        return [self.file.sha256] if self.counts else []

    @property
    def counts(self) -> bool:
        """Whether later results are checked against it: it left, or may."""
        return self.state in _COUNTS

    @property
    def earlier(self) -> EarlierRelease:
        """The part of it that the release rules see."""
        return EarlierRelease(
            entry=self.entry,
            file=self.file,
            job_id=self.job_id,
            project_id=self.project_id,
            is_masked=self.is_masked,
        )

    def settle(self, state: ReleaseState, *, is_masked: bool = False) -> None:
        """Note its outcome; what has left stays released, whatever is heard later."""
        if self.state in (state, "released"):
            return
        self.state, self.settled_at, self.is_masked = state, now(), is_masked

    @property
    def is_forgotten(self) -> bool:
        """Whether its content is no longer kept."""
        return not (self.entry.by or self.entry.filters or self.entry.figures)

    def forget(self) -> None:
        """Forget its content, as its dataset is deleted; its job, date and hashes stay."""
        self.entry = self.entry.model_copy(update={"by": (), "filters": "", "figures": ()})
