"""A use of a dataset, and the jobs that made nothing of theirs."""

from datetime import datetime
from typing import ClassVar, Literal, Self

from pydantic import Field

from services.catalog.access.grants import UseRelease, UseState
from services.catalog.access.model import ProjectAccess
from shared.aggregate import Aggregate, now
from shared.auth import Caller
from shared.engine.tables.manifest import RESULT, Manifest
from shared.errors import Invalid
from shared.events import FileRef, JobCancelled, JobFailed, JobKind
from shared.store import Store

_BY_THE_LAB = "Téléchargement par l'équipe du Datalab."
_BY_THE_TEAM = "Téléchargement par un membre de l'équipe du projet."


class Use(Aggregate):
    """A job's use of a dataset, however often the job is run; without a job, one opening.

    Its id is `<job id>.<dataset id>`, so that uses stand in the order of jobs.
    """

    collection: ClassVar[str] = "uses"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("dataset_id", "tables_id", "job_id", "result.sha256")

    dataset_id: str
    job_id: str = ""
    tables_id: str = Field(
        default="", description="the protected tables that were read instead; of these the version"
    )
    dataset_version: int = 0
    project_id: str = ""
    project_title: str = ""
    holder_id: str = ""
    purpose: str = ""
    until: str | None = None
    columns: tuple[str, ...] | None = None
    conditions: tuple[str, ...] = ()
    openings: int = 0
    opened_at: datetime = Field(default_factory=now)
    last_opened_at: datetime = Field(default_factory=now)
    state: UseState = "opened"
    kind: JobKind | None = None
    ended_at: datetime | None = None
    reason: str = ""
    result: FileRef | None = None
    rows: int | None = None
    release: UseRelease = ""
    delivered_as: str | None = None
    stale_since: datetime | None = None

    @property
    def read_ids(self) -> set[str]:
        """The ids of the datasets that it is a use of: the data, and tables read instead."""
        return {self.dataset_id, self.tables_id} - {""}

    @property
    def is_told(self) -> bool:
        """Whether its result is named to others: not while it is held back, nor once refused.

        The owner of one input may hold the project, and read the size of what is kept from it.
        """
        return self.release not in ("held", "refused")

    @property
    def released_result(self) -> FileRef | None:
        """The table that the job made; None when that is not named to others."""
        return self.result if self.is_told else None

    @property
    def released_rows(self) -> int | None:
        """The number of rows of that table; None when it is not named to others."""
        return self.rows if self.is_told else None

    @property
    def once_opened(self) -> Self:
        """The same without how often the job began, and when it last did."""
        return self.model_copy(update={"openings": 1, "last_opened_at": self.opened_at})

    def open(
        self,
        access: ProjectAccess,
        version: int,
        columns: tuple[str, ...] | None = None,
        tables_id: str = "",
    ) -> None:
        """Note that the project reads these columns (None: all) of that version, on which terms.

        Raises Invalid when the job that it names was another project's before.
        """
        grant = access.granted(self.dataset_id)
        if self.project_id not in ("", access.id):
            raise Invalid("est un traitement d'un autre projet", "job_id")
        self.project_id, self.project_title = access.id, access.title
        self.holder_id, self.dataset_version = access.holder_id, version
        self.purpose, self.until = grant.purpose, grant.until
        self.columns, self.conditions, self.tables_id = columns, grant.wordings, tables_id
        self.openings += 1
        self.last_opened_at = now()

    def note_download(self, caller: Caller, version: int) -> None:
        """Note that one of the lab's staff, or of the team that made it, downloaded a version."""
        self.holder_id, self.dataset_version = caller.member_id, version
        self.purpose = _BY_THE_LAB if caller.is_staff else _BY_THE_TEAM
        self.openings = 1

    def succeed(self, kind: JobKind, manifest: Manifest) -> None:
        """Note what the job made of it."""
        self.release = "released"
        self.kind, self.state, self.ended_at = kind, "succeeded", now()
        self.result, self.rows = manifest.output(RESULT), _rows_of(manifest)

    def note_stale(self, since: datetime) -> None:
        """Note that what the job's result is made of changed then; the first time counts."""
        self.stale_since = min(since, self.stale_since or since)

    def refuse(self, kind: JobKind) -> None:
        """Note that a reviewer lets nothing leave of what the job made of it."""
        self.kind, self.state, self.release, self.ended_at = kind, "failed", "refused", now()
        self.result = self.rows = None

    def end(self, kind: JobKind, state: Literal["failed", "cancelled"], reason: str) -> None:
        """Note that the job made nothing of it, and why."""
        self.kind, self.state, self.reason, self.ended_at = kind, state, reason, now()


def uses_of(store: Store, dataset_id: str) -> list[Use]:
    """The uses of a dataset; of protected tables also those that are noted at their source."""
    at_source = store.of(Use).every({"tables_id": dataset_id})
    return [*store.of(Use).every({"dataset_id": dataset_id}), *at_source]


class FailedJob(Aggregate):
    """A project's job that made nothing, kept for a use of it that is saved after its end.

    Compute does not wait for ever for data to be opened, nor does it cancel a job only after that.
    Its id is the job's.
    """

    collection: ClassVar[str] = "vain_jobs"
    has_events: ClassVar[bool] = False

    project_id: str | None
    kind: JobKind
    state: Literal["failed", "cancelled"]
    reason: str

    @classmethod
    def of(cls, event: JobFailed | JobCancelled) -> Self:
        """The job that the event tells of."""
        return cls(
            id=event.job_id,
            project_id=event.project_id,
            kind=event.kind,
            state="cancelled" if isinstance(event, JobCancelled) else "failed",
            reason=event.reason,
        )

    def end(self, use: Use) -> None:
        """Note on a use of the job that nothing came of it, unless another project has the use."""
        if use.project_id == self.project_id:
            use.end(self.kind, self.state, self.reason)


def _rows_of(manifest: Manifest) -> int | None:
    """The number of rows that the last step reports; None when it reports no such number."""
    counts = manifest.reports[-1].get("rows") if manifest.reports else None
    rows = counts.get("out") if isinstance(counts, dict) else None
    return rows if isinstance(rows, int) else None
