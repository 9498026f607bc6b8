"""Reads datasets with what the caller may see of them."""

from services.catalog.crossing import Source, judge
from services.catalog.exposure import NOTICE, exposure_of
from services.catalog.licensing import own_source, sources_of
from services.catalog.model import Dataset
from services.catalog.versions import Version
from services.catalog.views import CrossingQuery, CrossingView
from shared import metrics
from shared.auth import Caller
from shared.errors import Forbidden, NotFound
from shared.events import FileRef
from shared.store import Store


def visible(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may know of it; NotFound else."""
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset is None or not (dataset.is_known or caller.may_see(*dataset.insiders)):
        raise NotFound.of(dataset_id)
    return dataset


def judge_crossing(store: Store, query: CrossingQuery, caller: Caller) -> CrossingView:
    """The verdict on crossing these datasets; NotFound for one that `caller` may not know of."""
    datasets = [visible(store, identifier, caller) for identifier in query.dataset_id]
    verdict = judge(one for dataset in datasets for one in _known_sources(dataset, caller))
    metrics.crossings_judged.labels("catalog", "conflict" if verdict.conflict else "clear").inc()
    return CrossingView(
        dataset_ids=query.dataset_id,
        licence=verdict,
        privacy=exposure_of(datasets),
        privacy_notice=NOTICE,
    )


def _known_sources(dataset: Dataset, caller: Caller) -> tuple[Source, ...]:
    """What a crossing names; only its insiders know what a restricted result is made of."""
    is_known = dataset.metadata.access == "open" or caller.may_see(*dataset.insiders)
    return sources_of(dataset) if is_known else (own_source(dataset),)


def downloadable(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may take its files away.

    Restricted data leaves only to its owner and the lab's staff: projects read it in the sandbox.
    """
    dataset = visible(store, dataset_id, caller)
    if not dataset.may_be_taken_by(caller):
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
