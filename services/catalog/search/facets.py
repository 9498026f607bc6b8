"""How many hits there are of each theme, licence, territory and so on."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, Field
from tantivy import Query, Searcher

from services.catalog.licences.licences import find_licence
from services.catalog.search.fields import FACETS, FRESH_DAYS
from shared.engine.tables.territory import is_epci
from shared.engine.tables.type_names import key_in_french
from shared.places.names import name_of

_MOST = 20
"""Values of one facet that are told, those with the most hits."""

_LOOKED_AT = 1000
"""Values of one facet that are counted in each part of the index."""

_QUALITIES = (80, 60, 40, 20)
_PARAMETERS = {"department": "territory"}


class FacetValue(BaseModel):
    """A value to narrow a search by; `label` says it in French."""

    value: str = Field(description="for the parameter that the facet is named after")
    label: str
    count: int


def facets_of(
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
        field: {"terms": {"field": field, "size": _MOST, "segment_size": _LOOKED_AT}}
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
