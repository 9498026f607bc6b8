"""Reads datasets with what the caller may see of them."""

from collections.abc import Iterable, Iterator

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from services.catalog.datasets.views import Action, DatasetView, EndedInput, VersionView, view_of
from shared.auth import Caller
from shared.endings.departures import has_left
from shared.errors import NotFound
from shared.store import Store


def datasets_of(store: Store, dataset_ids: Iterable[str]) -> dict[str, Dataset | None]:
    """The datasets of these ids, in their order; None where the catalogue knows none."""
    ids = sorted(set(dataset_ids))
    datasets = {dataset.id: dataset for dataset in store.of(Dataset).of_ids(ids)}
    return {identifier: datasets.get(identifier) for identifier in ids}


def known_to(store: Store, member_id: str, dataset_ids: Iterable[str]) -> dict[str, Dataset | None]:
    """Datasets by id; None also for those that the member may not know of."""
    member = Caller(member_id, frozenset())
    datasets = datasets_of(store, dataset_ids).items()
    return {
        dataset_id: dataset if dataset and dataset.may_be_known_to(member) else None
        for dataset_id, dataset in datasets
    }


def visible(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may know of it; NotFound else."""
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset is None or not dataset.may_be_known_to(caller):
        raise NotFound.of(dataset_id)
    return dataset


def view(store: Store, dataset_id: str, caller: Caller) -> DatasetView:
    """The dataset as `caller` may see it, with the inputs of its versions that ended since.

    What was deleted is called in it as it is called now. Raises NotFound as `visible` does.
    """
    dataset = visible(store, dataset_id, caller)
    dataset_view = view_of(dataset, caller)
    # Who left the lab takes away what everybody may, and does nothing else.
    kept: tuple[Action, ...] = () if dataset.is_of_others_than(caller) else ("download",)
    may = tuple(action for action in dataset_view.may if action in kept)
    if may != dataset_view.may and has_left(store, caller.member_id):
        dataset_view = dataset_view.model_copy(update={"may": may})
    provenances = (version.provenance for version in dataset_view.versions if version.provenance)
    names = {input_version.dataset_id for origin in provenances for input_version in origin.inputs}
    ended = list(_ended(datasets_of(store, names).values()))
    if not ended:
        return dataset_view
    titles = {
        ended_dataset.dataset_id: ended_dataset.title
        for ended_dataset in ended
        if ended_dataset.state == "deleted"
    }
    versions = [_retitled(version, titles) for version in dataset_view.versions]
    return dataset_view.model_copy(update={"ended_inputs": ended, "versions": versions})


def _ended(datasets: Iterable[Dataset | None]) -> Iterator[EndedInput]:
    for dataset in datasets:
        if dataset and dataset.retirement:
            deletion = dataset.deletion
            yield EndedInput(
                dataset_id=dataset.id,
                title=dataset.metadata.title,
                state=dataset.state,
                ended_by=deletion.deleted_by if deletion else dataset.retirement.retired_by,
                ended_at=deletion.deleted_at if deletion else dataset.retirement.retired_at,
                reason=deletion.reason if deletion else dataset.retirement.reason,
            )


def _retitled(version: VersionView, titles: dict[str, str]) -> VersionView:
    if version.provenance is None:
        return version
    inputs = tuple(
        input_version.model_copy(
            update={"title": titles.get(input_version.dataset_id, input_version.title)}
        )
        for input_version in version.provenance.inputs
    )
    provenance = version.provenance.model_copy(update={"inputs": inputs})
    return version.model_copy(update={"provenance": provenance})


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
