"""What may be asked of the catalogue, and the conditions and terms that the index looks for."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from pydantic import Field
from tantivy import FieldType, Occur, Query, Schema

from services.catalog.datasets.versions import DatasetState
from services.catalog.licences.licences import canonical
from services.catalog.search.concepts import groups_in, relation_of
from services.catalog.search.fields import (
    ANYWHERE,
    DELIVERED,
    FRESH_DAYS,
    HIDDEN,
    const,
    number_of,
    term,
)
from services.catalog.search.french_words import stem
from services.catalog.search.places.areas import bodies_of
from services.catalog.search.question import MEANING
from shared.engine.tables.territory import Place, is_department, is_epci
from shared.inbound import Identifier, Paging
from shared.language.folding import fold


class DatasetQuery(Paging):
    """Which datasets to list: all conditions hold together.

    With words the best come first, without by id. Words count by how rare they are, and what means
    the same counts too, but less. A hit has all words where 20 have; else a fifth of their weight;
    and where they name a place, it is about that or what it lies in, if anything is. Words that
    are spelled nearly as one that few have, or begin as the last one does, count too.
    """

    q: str = Field(default="", max_length=500, description="words and places, best first")
    theme: str = ""
    licence: str = Field(default="", description="an identifier, title or address")
    territory: Place | None = Field(
        default=None,
        description="department or EPCI, by its SIREN: whatever lies in it; commune: it, or all of"
        " its EPCI or department",
    )
    key: str = Field(default="", description="kind of key column: commune, siren, postcode, ...")
    producer: str = ""
    format: str = Field(default="", description="csv, xlsx, geojson, ...")
    updated_within: Literal["", "week", "month", "year"] = ""
    quality: int = Field(default=0, ge=0, le=100, description="the least, in points of 100")
    joinable_with: Identifier | None = Field(
        default=None, description="a dataset: those that have values of its key columns"
    )
    owner_id: str = ""
    delivered: bool = Field(default=False, description="what delivered projects gave back alone")
    project_id: str = Field(default="", description="what that project gave back alone")
    state: DatasetState = Field(
        default="published", description="other than published shows the caller's own only"
    )
    facets: bool = Field(default=False, description="count all that is found by its properties")


class ScoredTerm(NamedTuple):
    """A value that speaks for a dataset, with its points; `anywhere` a word of its texts."""

    field: Literal["key", "theme", "department", "anywhere"]
    value: str
    points: float


def asked(
    schema: Schema,
    state: DatasetState,
    filters: Iterable[Query],
    clauses: Iterable[tuple[Occur, Query]] = (),
) -> Query:
    """The query for datasets of that state that pass all filters, with what its words add."""
    words = list(clauses)
    conditions = [(Occur.Must, Query.const_score_query(condition, 0)) for condition in filters]
    return Query.boolean_query([_in_state(schema, state, bool(words)), *conditions, *words])


def _in_state(schema: Schema, state: DatasetState, has_words: bool) -> tuple[Occur, Query]:
    """The clause that leaves the datasets of that state.

    Nearly all are published: among those with words the few others are sooner left out.
    """
    if has_words and state == "published":
        return Occur.MustNot, term(schema, "state", HIDDEN)
    return Occur.Must, Query.const_score_query(term(schema, "state", state), 0)


def with_any(
    schema: Schema, terms: Iterable[list[ScoredTerm]], *, delivered: bool = False
) -> Query:
    """The query for published datasets with any of these terms: each group gives its best."""
    groups = [
        [value for term in group for value in _values_of(schema, term)] for group in terms if group
    ]
    alternatives = [(Occur.Should, Query.disjunction_max_query(group)) for group in groups]
    clauses = [(Occur.Must, Query.boolean_query(alternatives))]
    clauses.append(_in_state(schema, "published", has_words=True))
    if delivered:
        origin = Query.const_score_query(term(schema, "origin", DELIVERED), 0)
        clauses.append((Occur.Must, origin))
    return Query.boolean_query(clauses)


def _values_of(schema: Schema, term: ScoredTerm) -> Iterator[Query]:
    """Queries for the term's value, or for the stem of a word and its groups of synonyms."""
    if term.field != ANYWHERE:
        yield const(schema, term.field, term.value, term.points)
        return
    yield const(schema, ANYWHERE, stem(term.value), term.points)
    for group in groups_in([term.value]):
        yield const(schema, ANYWHERE, group, term.points * MEANING[relation_of(group)])


def conditions(schema: Schema, query: DatasetQuery, today: date) -> list[Query]:
    """The filters of a question, which say nothing of how well a dataset fits."""
    terms = {
        "owner": query.owner_id,
        "origin": query.project_id or (DELIVERED if query.delivered else ""),
        "theme": fold(query.theme),
        "licence": canonical(query.licence),
        "key": query.key,
        "producer": fold(query.producer),
        "format": fold(query.format),
    }
    filters = [term(schema, field, value) for field, value in terms.items() if value]
    if query.territory:
        filters.append(_overlaps(schema, query.territory))
    if query.updated_within:
        since = today - timedelta(days=FRESH_DAYS[query.updated_within])
        filters.append(_at_least(schema, "updated", since.toordinal()))
    if query.quality:
        filters.append(_at_least(schema, "quality", query.quality))
    return filters


def among(schema: Schema, identifiers: Collection[str]) -> Query:
    """The datasets with one of these ids."""
    if not identifiers:
        return Query.empty_query()
    return Query.term_set_query(schema, "id", sorted(identifiers))


def from_id(schema: Schema, identifier: str) -> Query:
    """The datasets from that id on, and perhaps some just before it."""
    return _at_least(schema, "number", number_of(identifier))


def _overlaps(schema: Schema, code: str) -> Query:
    """Departments and EPCI are met by all that lies in them; a commune by itself and by these."""
    if is_department(code) or is_epci(code):
        return term(schema, "department", code)
    return Query.term_set_query(schema, "place", [code, *sorted(bodies_of(code))])


def _at_least(schema: Schema, field: str, least: int) -> Query:
    return Query.range_query(schema, field, FieldType.Integer, lower_bound=least)
