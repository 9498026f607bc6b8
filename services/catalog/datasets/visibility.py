"""Reads datasets with what the caller may see of them."""

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from shared.auth import Caller
from shared.errors import Forbidden, NotFound
from shared.events.event import FileRef
from shared.store import Store


def visible(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may know of it; NotFound else."""
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset is None or not (dataset.is_known or caller.may_see(*dataset.insiders)):
        raise NotFound.of(dataset_id)
    return dataset


def downloadable(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may take its files away.

    Restricted data leaves only to its owner and the lab's staff: projects read it in the sandbox.
    """
    dataset = visible(store, dataset_id, caller)
    if not dataset.may_be_downloaded_by(caller):
        raise Forbidden(
            "l'accès à ces données est restreint : un projet le demande à leur propriétaire"
        )
    return dataset


def file_of(version: Version, name: str) -> FileRef:
    """The file that came with a result under that name; NotFound else."""
    found = next((output.file for output in version.files if output.name == name), None)
    if found is None:
        raise NotFound(f"cette version n'a pas de fichier {name}")
    return found
