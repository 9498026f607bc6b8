"""Reads datasets with what the caller may see of them."""

from services.catalog.datasets.model import Dataset
from shared.auth import Caller
from shared.errors import NotFound
from shared.store import Store


def visible(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may know of it; NotFound else."""
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset is None or not dataset.may_be_known_to(caller):
        raise NotFound.of(dataset_id)
    return dataset
