"""Answers what is asked of the catalogue, from an index that follows the documents.

With the hits come facets: how many of them are of each theme, licence, territory and so on.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from threading import Event
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import from_json
from tantivy import Query, Searcher

from services.catalog import metrics
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import DatasetSummary
from services.catalog.licences.licences import find_licence
from services.catalog.search.catalogue_index import CatalogueIndex, lines_of
from services.catalog.search.fields import FACETS, FRESH_DAYS
from services.catalog.search.hit_pages import Hit, HitPage, count, listed
from services.catalog.search.places.gazetteer import gazetteer
from services.catalog.search.question import Word, words_of
from services.catalog.search.ranking import best_hits, note_of, reason_of
from services.catalog.search.search_query import (
    DatasetQuery,
    ScoredTerm,
    among,
    asked,
    conditions,
    from_id,
    with_any,
)
from services.catalog.search.text_index import IndexedDataset, TextIndex
from services.catalog.snapshots.dataset_lines import DatasetLineSnapshots
from services.catalog.snapshots.saved_index import Snapshots
from shared.aggregate import ViewPage, now
from shared.auth import Caller
from shared.background import Loop
from shared.engine.places.names import name_of, read_names
from shared.engine.tables.territory import is_epci
from shared.engine.tables.type_names import key_in_french
from shared.errors import Forbidden, Unreachable
from shared.storage import Storage
from shared.store import Store

_MOST_VALUES = 20
"""Values of one facet that are told, those with the most hits."""

_COUNTED = 1000
"""Values of one facet that are counted in each part of the index."""

_QUALITIES = (80, 60, 40, 20)
_PARAMETERS = {"department": "territory"}

log = logging.getLogger(__name__)

_IDLE_SECONDS, _PATIENCE_SECONDS = 30, 5

SNAPSHOT_AFTER = 200
"""Datasets taken in since the last snapshot: a restart reads fewer of them than that."""

_DERIVED_TOGETHER = 100

_IGNORED = "Les mots cherchés ne distinguent aucun jeu de données : la liste n'en tient pas compte."


class FacetValue(BaseModel):
    """A value to narrow a search by; `label` says it in French."""

    value: str = Field(description="for the parameter that the facet is named after")
    label: str
    count: int


def _facets_of(
    searcher: Searcher, query: Query, labels: Mapping[tuple[str, str], str], today: date
) -> dict[str, list[FacetValue]]:
    """Over all hits: by name of the parameter that asks for a value, its values and their hits.

    `labels` has values, by their facet, as somebody wrote them.
    """
    aggregations = searcher.aggregate(query, _counts(today))
    facets = {
        _PARAMETERS.get(field, field): [
            FacetValue(value=bucket["key"], label=_label(labels, field, bucket["key"]), count=count)
            for bucket in aggregations[field]["buckets"]
            if (count := int(bucket["doc_count"]))
        ]
        for field in FACETS
    }
    facets["updated_within"] = _summed(aggregations["updated"]["buckets"], list(FRESH_DAYS))
    facets["quality"] = _summed(
        aggregations["quality"]["buckets"], [str(quality) for quality in _QUALITIES]
    )
    return facets


def _counts(today: date) -> dict[str, Any]:
    aggregations: dict[str, Any] = {
        field: {"terms": {"field": field, "size": _MOST_VALUES, "segment_size": _COUNTED}}
        for field in FACETS
    }
    since = {name: (today - timedelta(days=days)).toordinal() for name, days in FRESH_DAYS.items()}
    aggregations["updated"] = _ranges("updated", since)
    aggregations["quality"] = _ranges("quality", {str(quality): quality for quality in _QUALITIES})
    return aggregations


def _ranges(field: str, least: dict[str, int]) -> dict[str, Any]:
    """Ranges that do not overlap, each up to where the one before it begins; the highest first."""
    ranges, end = [], None
    for name, start in least.items():
        limits = {"key": name, "from": float(start)}
        ranges.append(limits if end is None else {**limits, "to": end})
        end = float(start)
    return {"range": {"field": field, "ranges": ranges}}


def _summed(buckets: list[dict[str, Any]], names: list[str]) -> list[FacetValue]:
    """Each value with its hits and those of the values before it, as its filter counts."""
    counts = {bucket["key"]: int(bucket["doc_count"]) for bucket in buckets}
    facet_values, total = [], 0
    for name in names:
        total += counts.get(name, 0)
        facet_values.append(FacetValue(value=name, label=_LABELS.get(name, name), count=total))
    return facet_values


_LABELS = {"week": "depuis une semaine", "month": "depuis un mois", "year": "depuis un an"} | {
    str(quality): f"{quality} sur 100 au moins" for quality in _QUALITIES
}


def _label(labels: Mapping[tuple[str, str], str], field: str, value: str) -> str:
    if field == "licence":
        licence = find_licence(value)
        return licence.title if licence else value
    if field == "key":
        return key_in_french(value).removeprefix("le ").removeprefix("la ")
    if field == "department":
        return name_of(value) if is_epci(value) else f"{name_of(value)} ({value})"
    return labels.get((field, value), value)


class FoundDataset(DatasetSummary):
    """A dataset among those found."""

    score: float | None = Field(description="by where the words stand; only compares answers to q")
    reasons: list[str] = Field(description="why it was found, in French: one for each word or term")


class DatasetPage(ViewPage[FoundDataset]):
    """One page of datasets, the best first or by id."""

    total: int = Field(description="how many there are on all pages")
    note: str = Field(default="", description="what the answer leaves out of account, in French")
    facets: dict[str, list[FacetValue]] | None = Field(description="by parameter, when asked for")


class Finder(Loop):
    """Finds datasets; an answer knows what was saved before it was asked for.

    A document that was saved seconds after it changed, while others were, comes within a minute,
    as do the older ones of many that were saved at once.
    Each process has an index of its own. It starts from a snapshot, or from all documents where
    none can be read, and changes that other processes saved are taken in before an answer, so that
    all of them answer alike; and when nobody asks too, so that little is left to do when somebody
    does.
    """

    def __init__(
        self, service: str, store: Store, files: Storage, in_thread: Callable[..., Any]
    ) -> None:
        super().__init__(_IDLE_SECONDS, self._follow, self.save_if_due)
        self._service, self._store, self._in_thread = service, store, in_thread
        snapshots = Snapshots("search", store, files, in_thread)
        self._snapshots = DatasetLineSnapshots(snapshots, in_thread)
        self._index: CatalogueIndex | None = None
        self._complete = Event()

    @property
    def is_ready(self) -> bool:
        """Whether the index was complete once."""
        return self._complete.is_set()

    def search(
        self, query: DatasetQuery, caller: Caller, joinable: Collection[str] | None = None
    ) -> DatasetPage:
        """One page of the datasets that fit `query` and that `caller` may see.

        With `joinable` only those of these ids.
        """
        index = self._in_step()
        with metrics.search_seconds.labels(self._service).time():
            return search(index, query, caller, joinable)

    def most_alike(
        self, terms: Iterable[list[ScoredTerm]], most: int, *, delivered: bool = False
    ) -> list[str]:
        """The ids of published datasets, those with most points first: of each group its best.

        With `delivered` only of what delivered projects gave back. Raises Unreachable while the
        index is made: events, which ask here, come again.
        """
        if not self.is_ready:
            raise _being_made()
        index = self._in_step()
        query = with_any(index.schema, terms, delivered=delivered)
        searcher = index.searcher()
        hits = searcher.search(query, most, count=False, weight_by_field="static_rank").hits
        return [str(searcher.doc(address).get_first("id")) for _score, address in hits]

    def save_if_due(self) -> None:
        """Save the index when enough came since, or a saved one has what is deleted by now.

        Questions are answered meanwhile.
        """
        if self._index is None or not self._is_due(self._index):
            return
        state = self._index.state()
        if state is None:
            return
        derive = partial(self._lines, state.lines)
        self._snapshots.save(state.versions, state.since, derive)
        self._index.note_saved(state)
        log.info("the index of datasets is saved", extra={"datasets": len(state.versions)})

    def _is_due(self, index: CatalogueIndex) -> bool:
        if index.changes >= SNAPSHOT_AFTER:
            return True
        deleted_at = index.deleted_at
        return deleted_at is not None and not self._snapshots.newest().forgets(deleted_at)

    def _lines(self, unsaved: dict[str, bytes], dataset_ids: list[str]) -> Iterator[bytes]:
        """The lines of these for a snapshot, many together."""
        yield b"".join(unsaved[name] for name in dataset_ids if name in unsaved)
        documents = self._store.of(Dataset).of_ids(set(dataset_ids) - unsaved.keys())
        while datasets := list(islice(documents, _DERIVED_TOGETHER)):
            yield self._in_thread(lines_of, datasets)

    def _in_step(self) -> TextIndex:
        # Who asks while it is made leaves that to the loop.
        if not self._complete.wait(_PATIENCE_SECONDS) or self._index is None:
            raise _being_made()
        self._note(self._index.keep_in_step(self._store))
        return self._index

    def _follow(self) -> None:
        if self._index is None:
            self._in_thread(_read_places)
            self._index = self._open()
        taken = self._index.follow(self._store)
        self._complete.set()
        self._note(taken)

    def _note(self, taken: int) -> None:
        metrics.search_indexed.labels(self._service).inc(taken)
        metrics.search_followed.labels(self._service).set_to_current_time()

    def _open(self) -> CatalogueIndex:
        """The index as a snapshot has it; an empty one when there is none that can be read."""

        def restore(batches: Iterator[list[bytes]], since: datetime) -> CatalogueIndex:
            index = CatalogueIndex(self._in_thread)
            index.restore(batches, since)
            return index

        return self._snapshots.load(restore) or CatalogueIndex(self._in_thread)


def _read_places() -> None:
    gazetteer()
    read_names()


def _being_made() -> Unreachable:
    return Unreachable("the index of the catalogue is being made; ask again later")


def search(
    index: TextIndex, query: DatasetQuery, caller: Caller, joinable: Collection[str] | None = None
) -> DatasetPage:
    """One page of the datasets that fit `query` and that `caller` may see.

    With `joinable` only those of these ids. Raises Forbidden for others' unpublished datasets.
    """
    query, today = _permitted(query, caller), now().date()
    schema, searcher, words = index.schema, index.searcher(), words_of(query.q, index)
    filters = conditions(schema, query, today)
    filters += [among(schema, joinable)] if joinable is not None else []
    best = best_hits(index, searcher, query, filters, words) if words else None
    if best:
        hits, whole = best.hits, best.whole
    else:
        whole = asked(schema, query.state, filters)
        total = count(searcher, whole)
        filters += [from_id(schema, query.after)] if query.after else []
        rest = asked(schema, query.state, filters)
        hits = HitPage(listed(searcher, rest, query.after, query.limit), total)
    page_hits = hits.page[: query.limit]
    last = page_hits[-1].cursor if len(hits.page) > query.limit else None
    datasets = index.datasets_at(searcher, [hit.address for hit in page_hits])
    return DatasetPage(
        items=[
            _item(hit, dataset, words) for hit, dataset in zip(page_hits, datasets, strict=True)
        ],
        next=best.cursor(last) if best and last else last,
        total=hits.total,
        note=note_of(words, best.weighing, hits.total)
        if best
        else _IGNORED * bool(query.q.strip()),
        facets=_facets_of(searcher, whole, index.labels, today) if query.facets else None,
    )


def _permitted(query: DatasetQuery, caller: Caller) -> DatasetQuery:
    """The question as far as the caller may ask it: what is not published is its owner's."""
    if query.state == "published" or caller.is_staff:
        return query
    if not caller.member_id or query.owner_id not in {"", caller.member_id}:
        raise Forbidden(
            "les jeux de données qui ne sont pas publiés ne sont montrés qu'à leur propriétaire"
        )
    return query.model_copy(update={"owner_id": caller.member_id})


def _item(hit: Hit, dataset: IndexedDataset, words: list[Word]) -> FoundDataset:
    score = hit.score and round(hit.score, 2)
    # Words of one term have one reason.
    reasons = list(dict.fromkeys(filter(None, (reason_of(word, dataset) for word in words))))
    return FoundDataset(**from_json(dataset.summary), score=score, reasons=reasons)
