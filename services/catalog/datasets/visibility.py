"""Reads datasets with what the caller may see of them."""

from collections.abc import Iterable

from services.catalog.datasets.model import Dataset
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
