"""Restricted tables of which their owner has not said yet what may be shown."""

from pydantic import BaseModel

from services.catalog.datasets.model import Dataset
from shared.aggregate import ViewPage
from shared.auth import Caller
from shared.inbound import Paging
from shared.indexes.computed import IndexCompletion
from shared.store import Store

_INDEX = "lacks_policy"


class UndecidedDataset(BaseModel):
    """A restricted table that could have protected tables, of which its owner said nothing."""

    dataset_id: str
    title: str


class UndecidedPage(ViewPage[UndecidedDataset]):
    """One page of them, by their id."""


def list_undecided(store: Store, query: Paging, caller: Caller) -> UndecidedPage:
    """List the caller's own, until a policy is set for them or refused."""
    where = {_INDEX: True, "owner_id": caller.member_id}
    datasets, cursor = store.of(Dataset).page(where, after=query.after, limit=query.limit)
    return UndecidedPage(
        items=[
            UndecidedDataset(dataset_id=dataset.id, title=dataset.metadata.title)
            for dataset in datasets
        ],
        next=cursor,
    )


def undecided_index(store: Store) -> IndexCompletion:
    """Have datasets from before there was that list be found by it."""
    return IndexCompletion(store, Dataset, _INDEX, {"source_id": ""})
