"""Keeps the ledgers: a result has its place before it leaves, and later ones are checked by it."""

from collections.abc import Collection, Iterable
from functools import partial

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from services.catalog.ledger.model import Release, ReleaseState
from services.catalog.ledger.views import ReleaseClaim, ReleasePage, ReleaseView
from shared.auth import Caller
from shared.engine.tables.release import EarlierRelease
from shared.errors import Conflict
from shared.events import FileRef
from shared.inbound import Paging
from shared.store import Store


def read_ledger(
    store: Store, dataset_id: str, job_id: str
) -> tuple[int, tuple[EarlierRelease, ...]]:
    """The length of a dataset's ledger, and the releases to check that job's result against.

    A job that runs again is not checked against what it reserved itself.
    """
    releases = list(store.of(Release).every({"dataset_id": dataset_id}))
    others = (
        release.earlier for release in releases if release.counts and release.job_id != job_id
    )
    return len(releases), tuple(others)


def reserve(store: Store, project_id: str, job_id: str, claims: Iterable[ReleaseClaim]) -> None:
    """Reserve places for a job's result in the ledgers of all its datasets, or in none.

    Asked again for the same it changes nothing. Raises Conflict when a ledger is longer than the
    job read it, which has to be checked anew then; WrongStage for what is retired meanwhile.
    """
    open_claims = list(claims)
    for release in [release for release in _of_job(store, job_id) if release.counts]:
        reserved = release.entry, release.file
        same_claim = next(
            (claim for claim in open_claims if (claim.entry, claim.file) == reserved), None
        )
        if same_claim:
            open_claims.remove(same_claim)
        else:
            _settle(store, [release], "dropped")
    try:
        for claim in open_claims:
            store.of(Dataset).get(claim.entry.dataset_id).check_present()
            store.of(Release).save(_release(project_id, job_id, claim))
    except Conflict as error:
        drop(store, job_id)
        raise Conflict(
            "un autre résultat fait des mêmes données est venu entre-temps : celui-ci est à"
            " vérifier de nouveau"
        ) from error


def release(store: Store, job_id: str, *, is_masked: bool = False) -> None:
    """Settle the releases of a job whose result a reviewer let leave."""
    left = [release for release in _of_job(store, job_id) if release.state != "dropped"]
    _settle(store, left, "released", is_masked=is_masked)


def refuse(store: Store, job_id: str) -> None:
    """Settle a job's releases as refused by a reviewer: they no longer count for later results."""
    _settle(store, [release for release in _of_job(store, job_id) if release.counts], "refused")


def drop(store: Store, job_id: str) -> None:
    """Drop a job's open releases; what left already stays in the ledger."""
    _settle(store, [release for release in _of_job(store, job_id) if release.counts], "dropped")


def files_of(store: Store, dataset_id: str) -> list[FileRef]:
    """The files of a dataset's ledgers, which are erased with it."""
    return [release.file for release in store.of(Release).every({"dataset_id": dataset_id})]


def forget(store: Store, dataset_id: str) -> None:
    """Empty a deleted dataset's ledgers, except for which jobs had results."""
    for release in list(store.of(Release).every({"dataset_id": dataset_id})):
        if not release.is_forgotten:
            store.of(Release).change(release.id, Release.forget)


def needed(store: Store, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that name files in ledgers of datasets that are not deleted."""
    return {sha256 for sha256 in hashes if _is_needed(store, sha256)}


def list_releases(store: Store, dataset_id: str, query: Paging, caller: Caller) -> ReleasePage:
    """One page of what left of a dataset, newest first, for its owners; staff reads all.

    Raises Forbidden for others, NotFound when they may not even know of the dataset.
    """
    dataset = visible(store, dataset_id, caller)
    dataset.check_insider(caller, "ce qui en est sorti")
    # Who owns one input may hold the project, and read the counts of what does not leave.
    where = {"dataset_id": dataset.id} | ({} if caller.is_staff else {"state": "released"})
    releases, following = store.of(Release).page(
        where, after=query.after, limit=query.limit, descending=True
    )
    return ReleasePage(items=list(map(ReleaseView.of_release, releases)), next=following)


def _of_job(store: Store, job_id: str) -> list[Release]:
    return list(store.of(Release).every({"job_id": job_id}))


def _settle(
    store: Store, releases: Iterable[Release], state: ReleaseState, *, is_masked: bool = False
) -> None:
    settle = partial(Release.settle, state=state, is_masked=is_masked)
    for release in releases:
        store.of(Release).change(release.id, settle)


def _release(project_id: str, job_id: str, claim: ReleaseClaim) -> Release:
    return Release(
        id=f"{claim.entry.dataset_id}.{claim.place:06}",
        dataset_id=claim.entry.dataset_id,
        dataset_version=claim.entry.version,
        project_id=project_id,
        job_id=job_id,
        entry=claim.entry,
        file=claim.file,
    )


def _is_needed(store: Store, sha256: str) -> bool:
    for release in store.of(Release).every({"hashes": {"$in": [sha256]}}):
        dataset = store.of(Dataset).find_one(release.dataset_id)
        if dataset and not dataset.deletion:
            return True
    return False
