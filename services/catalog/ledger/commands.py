"""Keeps the ledgers: a result has its place before it leaves, and later ones are checked by it."""

from collections.abc import Collection, Iterable
from functools import partial

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from services.catalog.ledger.model import Release, ReleaseState
from services.catalog.ledger.views import ReleaseClaim, ReleasePage, ReleaseView
from shared.auth import Caller
from shared.engine.tables.release import EarlierRelease
from shared.errors import Conflict, Forbidden
from shared.events import FileRef
from shared.inbound import Paging
from shared.store import Store


def read_ledger(
    store: Store, dataset_id: str, job_id: str
) -> tuple[int, tuple[EarlierRelease, ...]]:
    """How long a dataset's ledger is, and what that job's result is checked against.

    A job that runs again is not checked against what it reserved itself.
    """
    found = list(store.of(Release).every({"dataset_id": dataset_id}))
    others = (one.earlier for one in found if one.counts and one.job_id != job_id)
    return len(found), tuple(others)


def reserve(
    store: Store, project_id: str, job_id: str, claims: Iterable[ReleaseClaim], state: ReleaseState
) -> None:
    """Give a job's result its places, of all datasets that it tells of, or none.

    Asked again for the same it changes nothing. Raises Conflict when a ledger is longer than the
    job read it, which has to be checked anew then; WrongStage for what is retired meanwhile.
    """
    wanted = list(claims)
    for one in [one for one in _of_job(store, job_id) if one.counts]:
        told = (one.entry, one.file) if one.state == state else None
        known = next((claim for claim in wanted if (claim.entry, claim.file) == told), None)
        if known:
            wanted.remove(known)
        else:
            _settle(store, [one], "dropped")
    try:
        for claim in wanted:
            store.of(Dataset).get(claim.entry.dataset_id).check_present()
            store.of(Release).save(_release(project_id, job_id, claim, state))
    except Conflict as error:
        drop(store, job_id)
        raise Conflict(
            "un autre résultat fait des mêmes données est venu entre-temps : celui-ci est à"
            " vérifier de nouveau"
        ) from error


def release(store: Store, job_id: str, *, was_held: bool) -> None:
    """A job's result left: by itself, or because a reviewer let it."""
    found = _of_job(store, job_id)
    if not was_held:
        # One that a reviewer decides on is told of as well when its job ends.
        found = [one for one in found if one.state == "reserved"]
    _settle(store, [one for one in found if one.state != "dropped"], "released")


def refuse(store: Store, job_id: str) -> None:
    """A reviewer keeps a job's result back: later ones are not checked against it."""
    _settle(store, [one for one in _of_job(store, job_id) if one.counts], "refused")


def drop(store: Store, job_id: str) -> None:
    """Nothing of a job leaves any more; what left stays in the ledger."""
    _settle(store, [one for one in _of_job(store, job_id) if one.counts], "dropped")


def files_of(store: Store, dataset_id: str) -> list[FileRef]:
    """The files of a dataset's ledgers, which are erased with it."""
    return [one.file for one in store.of(Release).every({"dataset_id": dataset_id})]


def forget(store: Store, dataset_id: str) -> None:
    """Keep no more of a deleted dataset's ledgers than which jobs' results there were."""
    for one in list(store.of(Release).every({"dataset_id": dataset_id})):
        if not one.is_forgotten:
            store.of(Release).change(one.id, Release.forget)


def needed(store: Store, hashes: Collection[str]) -> set[str]:
    """Of those hashes, the ones of files in the ledgers of datasets that are not deleted."""
    return {one for one in hashes if _is_needed(store, one)}


def list_releases(store: Store, dataset_id: str, query: Paging, caller: Caller) -> ReleasePage:
    """One page of what left of a dataset, newest first, for its owners and staff.

    Raises Forbidden for others, NotFound when they may not even know of the dataset.
    """
    dataset = visible(store, dataset_id, caller)
    if not caller.may_see(*dataset.insiders):
        raise Forbidden("seuls les propriétaires d'un jeu de données voient ce qui en est sorti")
    found, following = store.of(Release).page(
        {"dataset_id": dataset.id}, after=query.after, limit=query.limit, descending=True
    )
    return ReleasePage(items=list(map(ReleaseView.told, found)), next=following)


def _of_job(store: Store, job_id: str) -> list[Release]:
    return list(store.of(Release).every({"job_id": job_id}))


def _settle(store: Store, found: Iterable[Release], state: ReleaseState) -> None:
    for one in found:
        store.of(Release).change(one.id, partial(Release.settle, state=state))


def _release(project_id: str, job_id: str, claim: ReleaseClaim, state: ReleaseState) -> Release:
    return Release(
        id=f"{claim.entry.dataset_id}.{claim.place:06}",
        dataset_id=claim.entry.dataset_id,
        dataset_version=claim.entry.version,
        project_id=project_id,
        job_id=job_id,
        entry=claim.entry,
        file=claim.file,
        state=state,
    )


def _is_needed(store: Store, sha256: str) -> bool:
    for one in store.of(Release).every({"hashes": {"$in": [sha256]}}):
        dataset = store.of(Dataset).find_one(one.dataset_id)
        if dataset and not dataset.deletion:
            return True
    return False
