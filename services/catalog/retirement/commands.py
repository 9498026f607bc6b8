"""Takes datasets out of the catalogue for good; every command may be repeated."""

from services.catalog.datasets.model import Dataset
from shared.auth import Caller
from shared.store import Store


def retire_dataset(store: Store, dataset_id: str, caller: Caller, reason: str) -> Dataset:
    """The dataset, which is found no more and read by no project any more, running ones included.

    Its owner and the lab's staff still see and download it. Raises NotFound, Forbidden for anybody
    but its owner and operators.
    """

    def decide(dataset: Dataset) -> None:
        check_may_end(dataset, caller)
        dataset.retire_here(caller.member_id, reason)

    return store.of(Dataset).change(dataset_id, decide)


def check_may_end(dataset: Dataset, caller: Caller) -> None:
    """Raise Forbidden, or NotFound, for anybody but the owner and operators."""
    if "operator" not in caller.roles:
        dataset.check_owner(caller.member_id, "le retire ou le supprime")
