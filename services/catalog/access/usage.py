"""Opens data to projects, and keeps who used which, for which job and with what result."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, Field

from services.catalog.access.model import ProjectAccess
from services.catalog.access.views import GrantedDataset
from services.catalog.datasets.manifests import read_manifest
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import downloadable, file_of, visible
from shared.aggregate import Aggregate, new_id, now
from shared.auth import Caller
from shared.errors import Forbidden, Invalid
from shared.events import (
    Envelope,
    FileRef,
    JobCancelled,
    JobFailed,
    JobKind,
    JobSucceeded,
    ProjectDelivered,
)
from shared.inbound import Paging
from shared.storage import Storage
from shared.store import Store
from shared.tables.manifest import RESULT, Manifest

_DOWNLOAD = "Téléchargement par l'équipe du Datalab."

UseState = Literal["opened", "succeeded", "failed", "cancelled"]


_TREATING: tuple[JobKind, ...] = ("trial", "full")
"""The kinds of jobs that read what a project was granted."""


class Use(Aggregate):
    """A job's use of a dataset, however often the job is run; without a job, one opening.

    Its id is `<job id>.<dataset id>`, so that uses stand in the order of jobs.
    """

    collection: ClassVar[str] = "uses"
    indexes: ClassVar[tuple[str, ...]] = ("dataset_id", "job_id")

    dataset_id: str
    job_id: str = ""
    dataset_version: int = 0
    project_id: str = ""
    project_title: str = ""
    holder_id: str = ""
    purpose: str = ""
    until: str | None = None
    openings: int = 0
    opened_at: datetime = Field(default_factory=now)
    last_opened_at: datetime = Field(default_factory=now)
    state: UseState = "opened"
    kind: JobKind | None = None
    ended_at: datetime | None = None
    reason: str = ""
    result: FileRef | None = None
    rows: int | None = None
    delivered_as: str | None = None

    def open(self, access: ProjectAccess, version: int) -> None:
        """Note that the project reads that version, under its grant's conditions.

        Raises Invalid when the job that it names was another project's before.
        """
        grant = access.granted(self.dataset_id)
        if self.project_id not in ("", access.id):
            raise Invalid("est un traitement d'un autre projet", "job_id")
        self.project_id, self.project_title = access.id, access.title
        self.holder_id, self.dataset_version = access.holder_id, version
        self.purpose, self.until = grant.purpose, grant.until
        self.openings += 1
        self.last_opened_at = now()

    def note_download(self, member_id: str, version: int) -> None:
        """Note that a member of the lab's staff downloaded that version."""
        self.holder_id, self.dataset_version = member_id, version
        self.purpose, self.openings = _DOWNLOAD, 1

    def succeed(self, kind: JobKind, manifest: Manifest) -> None:
        """Note what the job made of it."""
        self.kind, self.state, self.ended_at = kind, "succeeded", manifest.ended
        self.result, self.rows = manifest.output(RESULT), _rows_of(manifest)

    def end(self, kind: JobKind, state: Literal["failed", "cancelled"], reason: str) -> None:
        """Note that the job made nothing of it, and why."""
        self.kind, self.state, self.reason, self.ended_at = kind, state, reason, now()


class FailedJob(Aggregate):
    """A project's job that made nothing, kept for a use of it that is saved after its end.

    Compute does not wait for ever for data to be opened, nor does it cancel a job only after that.
    Its id is the job's.
    """

    collection: ClassVar[str] = "vain_jobs"

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
        """Note on a use of the job that nothing was made of it, unless another project names it."""
        if use.project_id == self.project_id:
            use.end(self.kind, self.state, self.reason)


class UseQuery(Paging):
    """Which uses, newest first."""


class UseView(BaseModel):
    """A use as the dataset's owners and the lab's staff see it."""

    id: str
    dataset_id: str
    dataset_version: int
    project_id: str
    project_title: str
    holder_id: str = Field(description="the project's; of a download, who took the file away")
    job_id: str = Field(description="empty when no job was named")
    kind: JobKind | None = Field(description="of the job, once it ended")
    purpose: str = Field(description="what it was granted for")
    until: str | None = Field(description="the last day it was granted for")
    openings: int = Field(description="how often it was opened: once for each run of the job")
    opened_at: datetime
    last_opened_at: datetime
    state: UseState = Field(description="what became of the job")
    ended_at: datetime | None
    reason: str = Field(description="why the job made nothing of it")
    result: FileRef | None = Field(description="the table the job made")
    rows: int | None = Field(description="how many rows that has")
    delivered_as: str | None = Field(description="the dataset that the result became")


class UsePage(BaseModel):
    """One page of uses."""

    items: list[UseView]
    next: str | None


def _rows_of(manifest: Manifest) -> int | None:
    """What the last step reports; whatever else it wrote there, applications being many."""
    counts = manifest.reports[-1].get("rows") if manifest.reports else None
    rows = counts.get("out") if isinstance(counts, dict) else None
    return rows if isinstance(rows, int) else None


def open_dataset(
    store: Store, project_id: str, dataset_id: str, job_id: str = ""
) -> GrantedDataset:
    """The only door to data: what a granted project reads now, recorded as a use.

    Raises Forbidden without a grant, Unavailable while the first version is being read, WrongStage
    when no version could be, Invalid for another project's job.
    """
    access = store.of(ProjectAccess).find_one(project_id)
    if access is None:
        raise Forbidden(f"le projet {project_id} n'a pas accès à {dataset_id}")
    access.granted(dataset_id)
    dataset = store.of(Dataset).get(dataset_id)
    if access.must_ask_again(dataset):
        store.of(ProjectAccess).change(project_id, lambda access: access.ask_again(dataset))
        raise Forbidden(f"l'accès à {dataset_id} est devenu restreint : ses propriétaires décident")
    version, table = dataset.readable()
    access = store.of(ProjectAccess).change(
        project_id, lambda access: access.count_use(dataset_id, job_id)
    )
    _record_use(store, access, dataset_id, version.number, job_id)
    grant = access.granted(dataset_id)
    return GrantedDataset(
        dataset_id=dataset_id,
        title=dataset.metadata.title,
        version=version.number,
        licence=dataset.metadata.licence,
        sha256=version.file.sha256,
        file=table,
        purpose=grant.purpose,
        until=grant.until,
    )


def _record_use(
    store: Store, access: ProjectAccess, dataset_id: str, version: int, job_id: str
) -> None:
    """One use for a job and a dataset, however often the job runs."""
    identifier, uses = f"{job_id or new_id('use')}.{dataset_id}", store.of(Use)
    new = Use(id=identifier, dataset_id=dataset_id, job_id=job_id)
    uses.change(identifier, lambda use: use.open(access, version), new=new.model_copy)
    if failed := store.of(FailedJob).find_one(job_id):
        uses.change(identifier, failed.end)


def download(store: Store, dataset_id: str, caller: Caller, name: str = "") -> tuple[int, FileRef]:
    """The version and what `caller` may take away of it: its table, or a named file.

    Its owners see who of the lab's staff took restricted data away.
    """
    dataset = downloadable(store, dataset_id, caller)
    version, table = dataset.readable()
    file = file_of(version, name) if name else table
    if dataset.metadata.access == "restricted" and caller.member_id != dataset.owner_id:
        use = Use(id=f"{new_id('use')}.{dataset_id}", dataset_id=dataset_id)
        use.note_download(caller.member_id, version.number)
        store.of(Use).save(use)
    return version.number, file


def note_succeeded(store: Store, files: Storage, envelope: Envelope[JobSucceeded]) -> None:
    """A project's job succeeded: its uses tell with what result."""
    event = envelope.data
    uses = list(_of_job(store, event.job_id, event.project_id)) if event.kind in _TREATING else []
    if not uses:
        return
    manifest = read_manifest(files, event.result)
    for use in uses:
        store.of(Use).change(
            use.id, partial(Use.succeed, kind=event.kind, manifest=manifest), because=envelope
        )


def note_failed(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """A project's job made nothing: its uses tell why, those that are saved only later too."""
    event = envelope.data
    if event.kind not in _TREATING:
        return
    # Kept before the uses are looked for: one that is saved after the look finds it.
    failed = store.of(FailedJob).add(FailedJob.of(event))
    for use in list(_of_job(store, event.job_id, event.project_id)):
        store.of(Use).change(use.id, failed.end, because=envelope)


def link_result(store: Store, envelope: Envelope[ProjectDelivered], dataset_id: str) -> None:
    """A project was delivered: the uses of its job tell which dataset came of them."""

    def link(use: Use) -> None:
        use.delivered_as = dataset_id

    for use in _of_job(store, envelope.data.job_id, envelope.data.project_id):
        store.of(Use).change(use.id, link, because=envelope)


def list_uses(store: Store, dataset_id: str, query: UseQuery, caller: Caller) -> UsePage:
    """One page of a dataset's uses, newest first, for its owners and staff.

    Raises Forbidden for others, NotFound when they may not even know of the dataset.
    """
    dataset = visible(store, dataset_id, caller)
    if not caller.may_see(*dataset.insiders):
        raise Forbidden("seuls les propriétaires d'un jeu de données voient qui s'en est servi")
    uses, cursor = store.of(Use).page(
        {"dataset_id": dataset.id}, after=query.after, limit=query.limit, descending=True
    )
    return UsePage(items=[UseView.model_validate(use.model_dump()) for use in uses], next=cursor)


def _of_job(store: Store, job_id: str, project_id: str | None) -> Iterator[Use]:
    # Whoever opens data by RPC names the job itself, and may name another project's.
    uses = store.of(Use).every({"job_id": job_id})
    return (use for use in uses if use.project_id == project_id)
