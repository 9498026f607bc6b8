"""Finds datasets by words, theme and key, and reads one with what the caller may see of it."""

from collections.abc import Iterator
from typing import Any

from services.catalog.crossing import Source, judge
from services.catalog.licensing import own_source, sources_of
from services.catalog.model import Dataset
from services.catalog.versions import Version
from services.catalog.views import (
    CrossingQuery,
    CrossingView,
    DatasetPage,
    DatasetQuery,
    summary_of,
)
from services.catalog.words import meaningful
from shared import metrics
from shared.auth import Caller
from shared.errors import Forbidden, NotFound
from shared.events import FileRef
from shared.store import Store
from shared.words import fold

_PAGE = 200


def search(store: Store, query: DatasetQuery, caller: Caller) -> DatasetPage:
    """One page of the datasets that fit `query` and that `caller` may see."""
    stems = set(meaningful(query.q))
    where = _where(query, caller, stems)
    found: list[Dataset] = []
    cursor, length = query.after, query.limit if len(stems) <= 1 else _PAGE
    while True:
        page, cursor = store.of(Dataset).page(where, after=cursor, limit=length)
        found += [dataset for dataset in page if stems <= set(dataset.words)]
        if cursor is None or len(found) > query.limit:
            break
    shown = found[: query.limit]
    more = len(found) > query.limit
    return DatasetPage(items=list(map(summary_of, shown)), next=shown[-1].id if more else None)


def published(store: Store) -> Iterator[Dataset]:
    """Every published dataset."""
    cursor = None
    while True:
        page, cursor = store.of(Dataset).page({"state": "published"}, after=cursor, limit=_PAGE)
        yield from page
        if cursor is None:
            return


def visible(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """The dataset, if `caller` may know of it; NotFound else."""
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset is None or not (dataset.is_known or caller.may_see(*dataset.insiders)):
        raise NotFound(f"no dataset has the id {dataset_id}")
    return dataset


def judge_crossing(store: Store, query: CrossingQuery, caller: Caller) -> CrossingView:
    """The verdict on crossing these datasets; NotFound for one that `caller` may not know of."""
    datasets = [visible(store, identifier, caller) for identifier in query.dataset_id]
    verdict = judge(one for dataset in datasets for one in _known_sources(dataset, caller))
    metrics.crossings_judged.labels("catalog", "conflict" if verdict.conflict else "clear").inc()
    return CrossingView(dataset_ids=query.dataset_id, licence=verdict)


def _known_sources(dataset: Dataset, caller: Caller) -> tuple[Source, ...]:
    """What a crossing names; only its insiders know what a restricted result is made of."""
    is_known = dataset.metadata.access == "open" or caller.may_see(*dataset.insiders)
    return sources_of(dataset) if is_known else (own_source(dataset),)


def downloadable(store: Store, dataset_id: str, caller: Caller) -> tuple[Version, FileRef]:
    """The published version and its table, if `caller` may take its files away.

    Restricted data leaves only to its owner and the lab's staff: projects read it in the sandbox.
    """
    dataset = visible(store, dataset_id, caller)
    if dataset.metadata.access == "restricted" and not caller.may_see(dataset.owner_id):
        raise Forbidden("this dataset is restricted; a project asks its owner for access")
    return dataset.readable()


def file_of(version: Version, name: str) -> FileRef:
    """The file that came with a result under that name; NotFound else."""
    found = next((output.file for output in version.files if output.name == name), None)
    if found is None:
        raise NotFound(f"this version has no file {name}")
    return found


def _where(query: DatasetQuery, caller: Caller, stems: set[str]) -> dict[str, Any]:
    where: dict[str, Any] = {"state": query.state}
    owner_id = query.owner_id
    if query.state != "published" and not caller.is_staff:
        owner_id = owner_id or caller.member_id
        if owner_id != caller.member_id:
            raise Forbidden("datasets that are not published are their owner's to see")
    if owner_id:
        where["owner_id"] = owner_id
    if query.theme:
        where["theme_word"] = fold(query.theme)
    if query.key:
        where["keys"] = {"$in": [query.key]}
    if stems:
        # The longest word is likely the rarest; the others are checked on what it finds.
        where["words"] = {"$in": [max(stems, key=len)]}
    return where
