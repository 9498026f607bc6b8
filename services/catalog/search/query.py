"""From what somebody asks to a query of the index, with each word in all forms that count."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Literal, NamedTuple

from tantivy import FieldType, Occur, Query, Searcher

from services.catalog.datasets.model import DatasetState
from services.catalog.licences.licences import canonical
from services.catalog.search.french import lexical, stem
from services.catalog.search.schema import ANYWHERE, FIELDS, HIDDEN, number_of
from services.catalog.search.text_index import TextIndex
from services.catalog.search.views import FRESH_DAYS, DatasetQuery
from shared.tables.territory import department_of, is_department
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


def widen(index: TextIndex, searcher: Searcher, words: list[Word]) -> None:
    """Add to words that few datasets have those that are nearly so; the last may be a beginning."""
    for word in words:
        (written,) = word.forms
        if searcher.doc_freq(ANYWHERE, written) >= ENOUGH:
            continue
        known = _near_words(index, searcher, word)
        if word is words[-1]:
            known = chain(_longer_words(searcher, word), known)
        for found, kind, share in known:
            word.forms.setdefault(stem(found), Form(index.words[found], kind, share))


def _longer_words(searcher: Searcher, word: Word) -> Iterator[tuple[str, Likeness, float]]:
    if len(word.singular) >= _BEGINS_FROM:
        for found, _count in searcher.terms_with_prefix("word", word.singular, limit=_FORMS):
            yield found, "begins", _BEGINS_SHARE


def _near_words(
    index: TextIndex, searcher: Searcher, word: Word
) -> Iterator[tuple[str, Likeness, float]]:
    for distance, (letters, share) in _NEAR.items():
        if len(word.written) >= letters and not word.singular.isdigit():
            found = _near(index, searcher, word.singular, distance)
            yield from ((one, "near", share) for one in found)
            if found:
                # The word itself or one nearer than all that would follow.
                return


def _near(index: TextIndex, searcher: Searcher, singular: str, distance: int) -> list[str]:
    query = Query.fuzzy_term_query(index.schema, "word", singular, distance)
    hits = searcher.search(query, _FORMS, count=False).hits
    numbers = searcher.fast_field_values("lot", [address for _score, address in hits])
    return sorted(index.vocabulary[int(number or 0)] for number in numbers)


class Asked(NamedTuple):
    """The datasets that pass all filters and have every word, with their points as score.

    `titled` are those with every word in the title: none of the others has as many points.
    """

    whole: Query
    titled: Query


def ask(index: TextIndex, state: DatasetState, filters: list[Query], words: list[Word]) -> Asked:
    """What to look for, with words as they are by now."""
    clauses = [in_state(index, state, has_words=bool(words))]
    clauses += [(Occur.Must, Query.const_score_query(one, 0)) for one in filters]
    stems = [stem for word in words for stem in [*word.forms][:1]]
    if words:
        title = " ".join(stems)
        clauses.append((Occur.Should, const(index, "name", title, _WHOLE_TITLE)))
    titles = [(Occur.Must, const(index, "title", stem, FIELDS["title"])) for stem in stems]
    texts = [clause for word in words for clause in _has(index, word)]
    return Asked(Query.boolean_query(clauses + texts), Query.boolean_query(clauses + titles))


def in_state(index: TextIndex, state: DatasetState, *, has_words: bool) -> tuple[Occur, Query]:
    """The clause that leaves the datasets of that state.

    Nearly all are published: among those with words the few others are sooner left out.
    """
    if has_words and state == "published":
        return Occur.MustNot, term(index, "state", HIDDEN)
    return Occur.Must, Query.const_score_query(term(index, "state", state), 0)


def _has(index: TextIndex, word: Word) -> Iterator[tuple[Occur, Query]]:
    if len(word.forms) > 1:
        yield Occur.Must, _any_form(index, word)
        return
    # The same points for one form, but found by one list, and looked up in the others.
    (stem,) = word.forms
    least = FIELDS[ANYWHERE]
    yield Occur.Must, const(index, ANYWHERE, stem, least)
    for field, points in FIELDS.items():
        if points > least:
            yield Occur.Should, const(index, field, stem, points - least)


def _any_form(index: TextIndex, word: Word) -> Query:
    # A set of terms would be one clause for many, but takes seven times as long.
    return Query.disjunction_max_query(
        [
            const(index, field, stem, points * form.share)
            for stem, form in word.forms.items()
            for field, points in FIELDS.items()
        ]
    )


def conditions(index: TextIndex, query: DatasetQuery, today: date) -> list[Query]:
    """The filters of a question, which say nothing of how well a dataset fits."""
    terms = {
        "owner": query.owner_id,
        "theme": fold(query.theme),
        "licence": canonical(query.licence),
        "key": query.key,
        "producer": fold(query.producer),
        "format": fold(query.format),
    }
    found = [term(index, field, value) for field, value in terms.items() if value]
    if query.territory:
        found.append(_overlaps(index, query.territory))
    if query.updated_within:
        since = today - timedelta(days=FRESH_DAYS[query.updated_within])
        found.append(_at_least(index, "updated", since.toordinal()))
    if query.quality:
        found.append(_at_least(index, "quality", query.quality))
    return found


def among(index: TextIndex, identifiers: Collection[str]) -> Query:
    """The datasets with one of these ids."""
    if not identifiers:
        return Query.empty_query()
    return Query.term_set_query(index.schema, "id", sorted(identifiers))


def from_id(index: TextIndex, identifier: str) -> Query:
    """The datasets from that id on, and perhaps some just before it."""
    return _at_least(index, "number", number_of(identifier))


def _overlaps(index: TextIndex, code: str) -> Query:
    """A department is met by all that lies in it; a commune by itself and its whole department."""
    if is_department(code):
        return term(index, "department", code)
    return Query.term_set_query(index.schema, "place", [code, department_of(code)])


def _at_least(index: TextIndex, field: str, least: int) -> Query:
    return Query.range_query(index.schema, field, FieldType.Integer, lower_bound=least)


def term(index: TextIndex, field: str, value: str) -> Query:
    """The datasets with exactly that value."""
    return Query.term_query(index.schema, field, value, "basic")


def const(index: TextIndex, field: str, value: str, points: float) -> Query:
    """The same, each with these points."""
    return Query.const_score_query(term(index, field, value), points)
