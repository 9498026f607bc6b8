"""Reads datasets with what the caller may see of them."""

from collections.abc import Iterable, Iterator

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from shared.auth import Caller
from shared.errors import NotFound
from shared.store import Store


def datasets_of(store: Store, dataset_ids: Iterable[str]) -> dict[str, Dataset | None]:
    """The datasets of these ids, in their order; None where the catalogue knows none."""
    return {one: store.of(Dataset).find_one(one) for one in sorted(set(dataset_ids))}


def known_to(store: Store, member_id: str, dataset_ids: Iterable[str]) -> dict[str, Dataset | None]:
    """The same, None also where that member may not know that there is one."""
    member = Caller(member_id, frozenset())
    found = datasets_of(store, dataset_ids).items()
    return {one: it if it and it.may_be_known_to(member) else None for one, it in found}


def visible(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may know of it; NotFound else."""
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset is None or not dataset.may_be_known_to(caller):
        raise NotFound.of(dataset_id)
    return dataset


def with_bytes(store: Store, caller: Caller, sha256: str) -> Iterator[tuple[Dataset, Version]]:
    """The versions of these bytes that `caller` may read, the oldest of each dataset first.

    Whose may not be read is not told: who guesses at restricted data would have it confirmed.
    """
    for dataset in store.of(Dataset).find({"hashes": {"$in": [sha256]}}, limit=_MOST):
        if dataset.retired or not dataset.may_be_downloaded_by(caller):
            continue
        is_own = caller.may_see(dataset.owner_id, *dataset.readers)
        for version in dataset.versions:
            if version.file.sha256 == sha256 and (is_own or version.state == "published"):
                yield dataset, version


_MOST = 20
"""Datasets of the same bytes that are looked at."""
