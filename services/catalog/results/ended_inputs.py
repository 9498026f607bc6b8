"""Says of a result which of the data that it was made of was retired or deleted since."""

from collections.abc import Iterable, Iterator

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import DatasetView, EndedInput, VersionView
from services.catalog.datasets.visibility import datasets_of
from shared.store import Store


def with_ended_inputs(store: Store, view: DatasetView) -> DatasetView:
    """The view of a dataset, as far as it shows what that was made of, with what ended since.

    What was deleted is called in it as it is called now.
    """
    made = (version.provenance for version in view.versions if version.provenance)
    names = {one.dataset_id for origin in made for one in origin.inputs}
    ended = list(_ended(datasets_of(store, names).values()))
    if not ended:
        return view
    titles = {one.dataset_id: one.title for one in ended if one.state == "deleted"}
    versions = [_retitled(version, titles) for version in view.versions]
    return view.model_copy(update={"ended_inputs": ended, "versions": versions})


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
        one.model_copy(update={"title": titles.get(one.dataset_id, one.title)})
        for one in version.provenance.inputs
    )
    provenance = version.provenance.model_copy(update={"inputs": inputs})
    return version.model_copy(update={"provenance": provenance})
