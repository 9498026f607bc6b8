"""Takes datasets out of the catalogue for good, or deletes them; every command may be repeated."""

from typing import Any

from services.catalog.access.dataset_use import Use, uses_of
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from services.catalog.ledger import commands as ledger
from services.catalog.protection.tables_dataset import title_of
from services.catalog.retirement.released import ReleasedFiles
from services.catalog.retirement.views import DeletionReceipt, NewDeletion
from shared.auth import Caller
from shared.endings.retitling import retitle, titles_in
from shared.errors import Forbidden, NotFound
from shared.events import (
    Envelope,
    FileRef,
    JobForgotten,
    JobSucceeded,
    ResultRefused,
    ResultReleased,
    ResultsRecalled,
)
from shared.store import Store

_UNTITLED = "Jeu de données supprimé"


def retire_dataset(store: Store, dataset_id: str, caller: Caller, reason: str) -> Dataset:
    """Retire a dataset: it is no longer found, nor read by any project, running ones included.

    Its owner and the lab's staff still see and download it. Raises NotFound, Forbidden for anybody
    but its owner and operators.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_endable(caller)
        dataset.retire_here(caller.member_id, reason)

    return store.of(Dataset).change(dataset_id, decide)


def delete_dataset(
    store: Store, dataset_id: str, caller: Caller, deletion: NewDeletion
) -> DeletionReceipt:
    """Delete a dataset: it is gone for everybody at once, its files once nobody may put them again.

    What stays is that it was there: whose it was, its hashes and dates, and what it was made of.
    Raises NotFound, Forbidden for anybody but its owner and operators.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_endable(caller)
        title = dataset.metadata.title if deletion.keep_title else _UNTITLED
        delete_as(store, dataset, caller.member_id, deletion.reason, title)

    return _receipt(store.of(Dataset).change(dataset_id, decide))


def delete_as(store: Store, dataset: Dataset, member_id: str, reason: str, title: str) -> None:
    """Delete the dataset in a member's name; it is called `title` from now on."""
    recalled, owners = _made_of(store, dataset, reason)
    dataset.delete(member_id, reason, title, recalled, owners)
    dataset.erase_also(ledger.files_of(store, dataset.id))


def delete_tables(store: Store, dataset_id: str) -> None:
    """Delete the protected tables for few of a deleted dataset; those for all are retired."""
    source = store.of(Dataset).get(dataset_id)

    def decide(tables: Dataset) -> None:
        if source.deletion and tables.metadata.access == "restricted":
            by, reason = source.deletion.deleted_by, source.deletion.reason
            delete_as(store, tables, by, reason, title_of(source))

    for tables in store.of(Dataset).every({"tables_of": dataset_id}):
        store.of(Dataset).change(tables.id, decide)


def read_receipt(store: Store, dataset_id: str, caller: Caller) -> DeletionReceipt:
    """What was erased of a deleted dataset, for its owner and staff: hashes prove what one has.

    Raises NotFound when it is not deleted, Forbidden for others.
    """
    dataset = visible(store, dataset_id, caller)
    if not caller.may_see(dataset.owner_id):
        raise Forbidden("seul le propriétaire d'un jeu supprimé en lit le reçu")
    return _receipt(dataset)


def erase_forgotten(store: Store, envelope: Envelope[JobForgotten]) -> None:
    """Erase the files of a job that compute forgot, or add them to a deleted dataset's."""
    event = envelope.data
    if not event.dataset_id:
        _note_to_erase(store, event.job_id, event.files, envelope)
        return
    store.of(Dataset).change(
        event.dataset_id, lambda dataset: dataset.erase_also(event.files), because=envelope
    )


def erase_unreleased(store: Store, envelope: Envelope[ResultReleased | ResultRefused]) -> None:
    """Erase the files of a held result that do not leave."""
    if files := envelope.data.unreleased:
        _note_to_erase(store, envelope.data.job_id, files, envelope)


def _note_to_erase(
    store: Store, job_id: str, files: tuple[FileRef, ...], because: Envelope[Any]
) -> None:
    """Have files of a job erased, but those that something else refers to."""
    released = ReleasedFiles(id=job_id)
    store.of(ReleasedFiles).change(
        job_id, lambda current: current.release(files), because=because, new=released.model_copy
    )


def call_deleted(store: Store, dataset_id: str) -> None:
    """Use the dataset's title of now in requests, advice, results and their openings."""
    title = store.of(Dataset).get(dataset_id).metadata.title
    accesses, datasets = store.of(ProjectAccess), store.of(Dataset)
    for access in accesses.every():
        if titles_in(access, dataset_id) - {title}:
            accesses.change(access.id, lambda current: retitle(current, dataset_id, title))
    for result_id in _results_of(store, dataset_id):
        result = datasets.find_one(result_id)
        if result and titles_in(result, dataset_id) - {title}:
            datasets.change(result_id, lambda current: retitle(current, dataset_id, title))


def recall_late(store: Store, envelope: Envelope[JobSucceeded]) -> None:
    """Recall what a job made that succeeded after its data was deleted."""
    event = envelope.data
    if event.kind not in ("trial", "full"):
        return
    uses = store.of(Use).every({"job_id": event.job_id})
    read_ids = {
        read_id for use in uses if use.project_id == event.project_id for read_id in use.read_ids
    }
    for dataset in store.of(Dataset).of_ids(sorted(read_ids)):
        if dataset.deletion:
            store.of(Dataset).change(
                dataset.id, lambda current: current.erase_also((), event.job_id), because=envelope
            )


def _receipt(dataset: Dataset) -> DeletionReceipt:
    if dataset.deletion is None:
        raise NotFound(f"{dataset.id} n'est pas supprimé")
    return DeletionReceipt.of(dataset, dataset.deletion)


def _made_of(store: Store, dataset: Dataset, reason: str) -> tuple[ResultsRecalled, list[str]]:
    """The jobs that read or made the dataset, and the owners of what was made of it."""
    uses = uses_of(store, dataset.id)
    results = {use.delivered_as for use in uses if use.delivered_as}
    job_ids = {version.provenance.job_id for version in dataset.versions if version.provenance}
    owners = {
        result.owner_id for result in map(store.of(Dataset).find_one, sorted(results)) if result
    }
    recalled = ResultsRecalled(
        dataset_id=dataset.id,
        owner_id=dataset.owner_id,
        title=dataset.metadata.title,
        reason=reason,
        job_ids=tuple(sorted({*job_ids, *(use.job_id for use in uses if use.job_id)})),
        project_id=dataset.project_id,
    )
    return recalled, sorted(owners - {dataset.owner_id})


def _results_of(store: Store, dataset_id: str) -> set[str]:
    """The datasets made of it, and those made of them in turn."""
    result_ids: set[str] = set()
    waiting = [dataset_id]
    while waiting:
        uses = uses_of(store, waiting.pop())
        new = {use.delivered_as for use in uses if use.delivered_as} - result_ids
        result_ids |= new
        waiting += new
    return result_ids
