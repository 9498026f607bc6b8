"""What is held for what it tells of persons, and who has to say the next word on it."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from services.catalog.datasets.model import Dataset
from shared.aggregate import ViewPage
from shared.auth import Caller
from shared.inbound import Paging
from shared.store import Store


class HeldDataset(BaseModel):
    """A version that waits: for its owner's word, or for the staff's on what that declared."""

    dataset_id: str
    title: str
    version: int
    is_for_staff: bool


class HeldPage(ViewPage[HeldDataset]):
    """One page of them, by the id of their dataset; it may have fewer than its limit."""


def list_held(store: Store, query: Paging, caller: Caller) -> HeldPage:
    """List held datasets: the caller's own, and for staff those with a declaration to answer."""
    where: dict[str, Any] = {"has_held": True}
    if not caller.is_staff:
        where["owner_id"] = caller.member_id
    datasets, cursor = store.of(Dataset).page(where, after=query.after, limit=query.limit)
    return HeldPage(
        items=[
            held_dataset for dataset in datasets for held_dataset in _waiting_for(caller, dataset)
        ],
        next=cursor,
    )


def _waiting_for(caller: Caller, dataset: Dataset) -> Iterator[HeldDataset]:
    held = [version for version in dataset.versions if version.state == "held"]
    is_own = dataset.owner_id == caller.member_id
    # The owner's page shows the newest alone.
    for version in [] if dataset.retired else held[-1:]:
        declared = version.not_personal
        is_for_staff = any(
            declaration.needs_word and declaration.answer is None for declaration in declared
        )
        if is_own != is_for_staff:
            yield HeldDataset(
                dataset_id=dataset.id,
                title=dataset.metadata.title,
                version=version.number,
                is_for_staff=is_for_staff,
            )
