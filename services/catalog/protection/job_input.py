"""What compute is given to make protected tables."""

from pydantic import BaseModel

from services.catalog.access.views import GrantedDataset
from services.catalog.datasets.model import Dataset
from services.catalog.protection.minimum import check_units
from shared.engine.contract.policy import ReleasePolicy
from shared.errors import WrongStage
from shared.store import Store


class ProtectedDataset(BaseModel):
    """The table that protected tables are made of, whole, and by which policy."""

    dataset: GrantedDataset
    policy: ReleasePolicy


def open_for_protection(store: Store, dataset_id: str) -> ProtectedDataset:
    """The table to make protected tables of, as it is now, and the policy that is in force.

    Raises WrongStage where none are to be made any more, Invalid where the rules of release ask for
    more units by now, and as `Dataset.readable` does.
    """
    dataset = store.of(Dataset).get(dataset_id)
    publication = dataset.active_publication
    if publication is None or dataset.metadata.access != "restricted":
        raise WrongStage("il n'est plus demandé de tableaux protégés de ces données")
    check_units(dataset, publication.policy)
    # Nobody is asked: its owner has it made.
    return ProtectedDataset(dataset=GrantedDataset.unasked(dataset), policy=publication.policy)
