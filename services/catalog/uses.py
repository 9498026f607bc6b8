"""Records who used which data and with what result, and shows it to the data's owners."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.catalog.access import ProjectAccess
from services.catalog.manifests import read_manifest
from services.catalog.model import Dataset
from services.catalog.search import downloadable, file_of, visible
from services.catalog.use import Use, UsePage, UseQuery, UseView, VainJob
from services.catalog.versions import Version
from shared.aggregate import new_id
from shared.auth import Caller
from shared.envelope import Envelope
from shared.errors import Forbidden
from shared.events import (
    FileRef,
    JobCancelled,
    JobFailed,
    JobKind,
    JobSucceeded,
    ProjectDelivered,
)
from shared.paging import every
from shared.storage import Storage
from shared.store import Store

_TREATING: tuple[JobKind, ...] = ("trial", "full")
"""The kinds of jobs that read what a project was granted."""


def record(
    store: Store, access: ProjectAccess, dataset: Dataset, version: Version, job_id: str
) -> None:
    """A project reads a version: one use for a job and a dataset, however often the job runs."""
    grant = access.granted(dataset.id)
    new = Use(id=f"{job_id or new_id('use')}.{dataset.id}", dataset_id=dataset.id, job_id=job_id)
    store.of(Use).change(new.id, lambda use: use.open(access, grant, version), new=new.model_copy)
    if vain := store.of(VainJob).find_one(job_id):
        store.of(Use).change(new.id, vain.end)


def download(
    store: Store, dataset_id: str, caller: Caller, name: str = ""
) -> tuple[Version, FileRef]:
    """What `caller` may take away of a dataset (`search.downloadable`): its table, or a named file.

    Its owners see who of the lab's staff took restricted data away.
    """
    dataset = downloadable(store, dataset_id, caller)
    version, table = dataset.readable()
    file = file_of(version, name) if name else table
    if dataset.metadata.access == "restricted" and caller.member_id != dataset.owner_id:
        use = Use(id=f"{new_id('use')}.{dataset_id}", dataset_id=dataset_id)
        use.take_away(caller.member_id, version)
        store.of(Use).save(use)
    return version, file


def complete(store: Store, files: Storage, envelope: Envelope[JobSucceeded]) -> None:
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


def end_in_vain(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """A project's job made nothing: its uses tell why, those that are saved only later too."""
    event = envelope.data
    if event.kind not in _TREATING:
        return
    # Kept before the uses are looked for: one that is saved after the look finds it.
    vain = store.of(VainJob).add(VainJob.of(event))
    for use in list(_of_job(store, event.job_id, event.project_id)):
        store.of(Use).change(use.id, vain.end, because=envelope)


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
    where: dict[str, Any] = {"dataset_id": dataset.id}
    if query.after:
        where["_id"] = {"$lt": query.after}
    found = store.of(Use).find(where, descending=True, limit=query.limit + 1)
    shown = found[: query.limit]
    items = [UseView.model_validate(use.model_dump()) for use in shown]
    return UsePage(items=items, next=shown[-1].id if len(found) > query.limit else None)


def _of_job(store: Store, job_id: str, project_id: str | None) -> Iterator[Use]:
    uses = every(lambda after: store.of(Use).page({"job_id": job_id}, after=after, limit=100))
    # Whoever opens data by RPC names the job itself, and may name another project's.
    return (use for use in uses if use.project_id == project_id)
