"""What may be asked, and the query of the index for it, each word in all forms that count."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Literal, NamedTuple

from pydantic import Field
from tantivy import FieldType, Occur, Query, Schema, Searcher

from services.catalog.datasets.versions import DatasetState
from services.catalog.licences.licences import canonical
from services.catalog.search.fields import (
    ANYWHERE,
    FIELDS,
    FRESH_DAYS,
    HIDDEN,
    Vocabulary,
    number_of,
)
from services.catalog.search.french import lexical, stem
from services.catalog.search.ranking import ScoredQuery
from shared.inbound import Identifier, Paging
from shared.tables.territory import Territory, department_of, is_department
from shared.words import fold

Likeness = Literal["exact", "begins", "near"]

ENOUGH = 20
"""With fewer hits, words that are nearly those of the question count too."""

_WHOLE_TITLE = 20
_FORMS = 20
"""How many words of the vocabulary one word of a question may stand for, by kind."""

_BEGINS_FROM, _BEGINS_SHARE = 3, 0.2
_NEAR = {1: (4, 0.1), 2: (8, 0.05)}
"""By wrong letters: how long a word is at least, and its share of the points.

A word itself in a description counts more than a near one in a title.
"""

_PHRASES: dict[Likeness, str] = {
    "exact": "« {written} »",
    "begins": "« {word} » (commence par « {written} »)",
    "near": "« {word} » (proche de « {written} »)",
}


class DatasetQuery(Paging):
    """Which datasets to list: all conditions hold together.

    With words the best come first, without by id. Where fewer than 20 have the words themselves,
    those that are spelled nearly as a word that few have, or begin as the last one does, count too,
    but less.
    """

    q: str = Field(default="", max_length=500, description="words, all of which occur")
    theme: str = ""
    licence: str = Field(default="", description="an identifier, title or address")
    territory: Territory | None = Field(
        default=None,
        description="department: whatever lies in it; commune: it, or all of its department",
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
    state: DatasetState = Field(
        default="published", description="other than published shows the caller's own only"
    )
    facets: bool = Field(default=False, description="count all that is found by its properties")


class ScoredTerm(NamedTuple):
    """A value that speaks for a dataset, with its points; `anywhere` a word of its texts."""

    field: Literal["key", "theme", "department", "anywhere"]
    value: str
    points: float


class Form(NamedTuple):
    """A word that may be meant, what makes it so, and its share of a field's points."""

    word: str
    kind: Likeness
    share: float

    def in_french(self, written: str) -> str:
        """What was found, for who wrote `written`."""
        return _PHRASES[self.kind].format(word=self.word, written=written)


class Word(NamedTuple):
    """A word of a question, and all that may be meant by stem, best first."""

    written: str
    singular: str
    forms: dict[str, Form]


def words_of(question: str) -> list[Word]:
    """The words of a question that carry meaning."""
    return [
        Word(written, word, {stem(word): Form(written, "exact", 1)})
        for word, written in lexical(question).items()
    ]


def widen(schema: Schema, searcher: Searcher, vocabulary: Vocabulary, words: list[Word]) -> None:
    """Add to words that few datasets have those that are nearly so; the last may be a beginning."""
    for word in words:
        (written,) = word.forms
        if searcher.doc_freq(ANYWHERE, written) >= ENOUGH:
            continue
        known = _near_words(schema, searcher, vocabulary, word)
        if word is words[-1]:
            known = chain(_longer_words(searcher, word), known)
        for found, kind, share in known:
            word.forms.setdefault(stem(found), Form(vocabulary.written[found], kind, share))


def _longer_words(searcher: Searcher, word: Word) -> Iterator[tuple[str, Likeness, float]]:
    if len(word.singular) >= _BEGINS_FROM:
        for found, _count in searcher.terms_with_prefix("word", word.singular, limit=_FORMS):
            yield found, "begins", _BEGINS_SHARE


def _near_words(
    schema: Schema, searcher: Searcher, vocabulary: Vocabulary, word: Word
) -> Iterator[tuple[str, Likeness, float]]:
    for distance, (letters, share) in _NEAR.items():
        if len(word.written) >= letters and not word.singular.isdigit():
            query = Query.fuzzy_term_query(schema, "word", word.singular, distance)
            hits = searcher.search(query, _FORMS, count=False).hits
            numbers = searcher.fast_field_values("number", [address for _score, address in hits])
            found = sorted(vocabulary.singulars[int(number or 0)] for number in numbers)
            yield from ((one, "near", share) for one in found)
            if found:
                # The word itself or one nearer than all that would follow.
                return


def scored_query(
    schema: Schema, state: DatasetState, filters: list[Query], words: list[Word]
) -> ScoredQuery:
    """What to look for, with words as they are by now."""
    clauses = [_in_state(schema, state, has_words=bool(words))]
    clauses += [(Occur.Must, Query.const_score_query(one, 0)) for one in filters]
    stems = [stem for word in words for stem in [*word.forms][:1]]
    if words:
        title = " ".join(stems)
        clauses.append((Occur.Should, _const(schema, "name", title, _WHOLE_TITLE)))
    titles = [(Occur.Must, _const(schema, "title", stem, FIELDS["title"])) for stem in stems]
    texts = [clause for word in words for clause in _has(schema, word)]
    return ScoredQuery(Query.boolean_query(clauses + texts), Query.boolean_query(clauses + titles))


def _in_state(schema: Schema, state: DatasetState, *, has_words: bool) -> tuple[Occur, Query]:
    """The clause that leaves the datasets of that state.

    Nearly all are published: among those with words the few others are sooner left out.
    """
    if has_words and state == "published":
        return Occur.MustNot, _term(schema, "state", HIDDEN)
    return Occur.Must, Query.const_score_query(_term(schema, "state", state), 0)


def with_any(schema: Schema, terms: Iterable[list[ScoredTerm]]) -> Query:
    """The published datasets with any of these, with the points of the best of each group."""
    groups = [[_value_of(schema, term) for term in group] for group in terms if group]
    found = [(Occur.Should, Query.disjunction_max_query(group)) for group in groups]
    published = _in_state(schema, "published", has_words=True)
    return Query.boolean_query([(Occur.Must, Query.boolean_query(found)), published])


def _value_of(schema: Schema, term: ScoredTerm) -> Query:
    value = stem(term.value) if term.field == ANYWHERE else term.value
    return _const(schema, term.field, value, term.points)


def _has(schema: Schema, word: Word) -> Iterator[tuple[Occur, Query]]:
    if len(word.forms) > 1:
        yield Occur.Must, _any_form(schema, word)
        return
    # The same points for one form, but found by one list, and looked up in the others.
    (stem,) = word.forms
    least = FIELDS[ANYWHERE]
    yield Occur.Must, _const(schema, ANYWHERE, stem, least)
    for field, points in FIELDS.items():
        if points > least:
            yield Occur.Should, _const(schema, field, stem, points - least)


def _any_form(schema: Schema, word: Word) -> Query:
    # A set of terms would be one clause for many, but takes seven times as long.
    return Query.disjunction_max_query(
        [
            _const(schema, field, stem, points * form.share)
            for stem, form in word.forms.items()
            for field, points in FIELDS.items()
        ]
    )


def conditions(schema: Schema, query: DatasetQuery, today: date) -> list[Query]:
    """The filters of a question, which say nothing of how well a dataset fits."""
    terms = {
        "owner": query.owner_id,
        "theme": fold(query.theme),
        "licence": canonical(query.licence),
        "key": query.key,
        "producer": fold(query.producer),
        "format": fold(query.format),
    }
    found = [_term(schema, field, value) for field, value in terms.items() if value]
    if query.territory:
        found.append(_overlaps(schema, query.territory))
    if query.updated_within:
        since = today - timedelta(days=FRESH_DAYS[query.updated_within])
        found.append(_at_least(schema, "updated", since.toordinal()))
    if query.quality:
        found.append(_at_least(schema, "quality", query.quality))
    return found


def among(schema: Schema, identifiers: Collection[str]) -> Query:
    """The datasets with one of these ids."""
    if not identifiers:
        return Query.empty_query()
    return Query.term_set_query(schema, "id", sorted(identifiers))


def from_id(schema: Schema, identifier: str) -> Query:
    """The datasets from that id on, and perhaps some just before it."""
    return _at_least(schema, "number", number_of(identifier))


def _overlaps(schema: Schema, code: str) -> Query:
    """A department is met by all that lies in it; a commune by itself and its whole department."""
    if is_department(code):
        return _term(schema, "department", code)
    return Query.term_set_query(schema, "place", [code, department_of(code)])


def _at_least(schema: Schema, field: str, least: int) -> Query:
    return Query.range_query(schema, field, FieldType.Integer, lower_bound=least)


def _term(schema: Schema, field: str, value: str) -> Query:
    """The datasets with exactly that value."""
    return Query.term_query(schema, field, value, "basic")


def _const(schema: Schema, field: str, value: str, points: float) -> Query:
    """The same, each with these points."""
    return Query.const_score_query(_term(schema, field, value), points)
