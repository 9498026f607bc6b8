"""How datasets are ranked for a question, and the reasons that people read, in French.

A dataset's score is a sum over the words of the question: the weight of the word, by how few
datasets have it (the idf of BM25: Robertson and Spärck Jones, 1976), times the boost of the text
that it stands in, times the share of the form that it has there. A place counts by how well the
dataset's territory serves who asks for it.

The rest of BM25, how often a text has a word and how long the text is, is left out, and weights are
reckoned here: tantivy's count what it has deleted. By its own BM25, 45 of the 171 judged questions
of the tuning half were answered in another order once a third of the datasets had a new version:
processes would answer each in its own way, and pages skip hits. Scores here depend on the dataset,
the question and exact counts alone; they are sums of whole numbers and quarters, whatever their
order.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

from tantivy import Occur, Query, Schema, Searcher

from services.catalog.search.fields import ANYWHERE, AREA, TEXTS, const, term
from services.catalog.search.hit_pages import HitPage, Rank, foreign, ranked
from services.catalog.search.places.areas import EVERYWHERE
from services.catalog.search.question import ENOUGH, Word
from services.catalog.search.search_query import DatasetQuery, asked
from services.catalog.search.text_index import IndexedDataset, Kind, TextIndex, TokenMatch
from shared.language.french import french_list, quoted

_TEXT_KINDS: dict[Kind, str] = {
    "title": "dans le titre",
    "keyword": "dans le mot-clé « {} »",
    "theme": "dans le thème « {} »",
    "key": "comme clé : {}",
    "column": "dans la colonne {}",
    "file": "dans ses fichiers : « {} »",
    "producer": "dans le nom du producteur",
    "description": "dans la description",
}

_UNKNOWN = ("Aucun jeu de données n'a {}", "la liste n'en tient pas compte")
_NOTHING_THERE = ("Rien de tel sur {}", "la liste montre d'autres territoires")
_NATIONAL = "« {} » : données de toute la France, ou sans territoire"
_ELSEWHERE = "« {} » : autre territoire ({})"

_SCALE = 16
"""Weights are whole numbers: a sixteenth of a unit of idf is the least difference."""

_MAIN_SHARE = 0.5
"""Forms of a word that count less say nothing of how rare it is, unless there are no others."""

_OTHERS = 0.25
"""The part that counts of a word's points for other texts and forms than where it has most."""

_PLACE_BOOST, _NAME_BOOST = 10, 5
"""Of a dataset about a place, and of one whose texts name it; where no territory has the place as
its own, as with landscapes, the texts alone tell that a dataset is about it."""

_WHOLE_TITLE_BOOST = 4
"""Of a title that is the words of the question and nothing else."""

_HEAVIEST = 5
"""Among how many words, the weightiest, those are that a dataset needs."""


class Demand(NamedTuple):
    """What a hit needs: words of one `part` of the weight, of so many parts, and to be in place.

    Fewer hits than `least` are too few: less is asked for then.
    """

    part: int
    in_place: bool
    least: int


_DEMANDS = (
    Demand(1, in_place=True, least=ENOUGH),
    Demand(_HEAVIEST, in_place=True, least=1),
    Demand(1, in_place=False, least=ENOUGH),
    Demand(_HEAVIEST, in_place=False, least=0),
)
"""The strictest first. What has no fifth of the weight is noise; the weightiest word always has."""


class Weighing(NamedTuple):
    """How a question was answered, the same on all of its pages: by a demand, and these weights.

    They are of its words in their order, 0 where no dataset has one.
    """

    demand_index: int
    weights: tuple[int, ...]

    @property
    def demand(self) -> Demand:
        """What hits needed."""
        return _DEMANDS[self.demand_index]

    def cursor(self) -> str:
        """The weighing as text that may stand in a query."""
        return ".".join(map(str, (self.demand_index, *self.weights)))

    @classmethod
    def read(cls, cursor: str, words: Sequence[Word]) -> "Weighing":
        """Parse the cursor of a question; raises Invalid for another text."""
        try:
            demand_index, *weights = map(int, cursor.split("."))
        except ValueError as error:
            raise foreign() from error
        if len(weights) != len(words) or demand_index not in range(len(_DEMANDS)):
            raise foreign()
        return cls(demand_index, tuple(weights))


class BestHits(NamedTuple):
    """A page of hits, the query that finds them all, and how words were weighed for it."""

    hits: HitPage
    whole: Query
    weighing: Weighing

    def cursor(self, last: str) -> str:
        """The cursor of what comes after the last hit of a page."""
        return f"{last}:{self.weighing.cursor()}"


_WeighedWord = tuple[Word, int]


def best_hits(
    index: TextIndex,
    searcher: Searcher,
    query: DatasetQuery,
    filters: list[Query],
    words: list[Word],
) -> BestHits:
    """The best hits, by the strictest demand that leaves enough, or those after a cursor."""

    def answer(weighing: Weighing, last: Rank | None = None) -> BestHits:
        clauses = _clauses(index, words, weighing)
        whole = asked(index.schema, query.state, filters, clauses)
        return BestHits(ranked(searcher, whole, last, query.limit), whole, weighing)

    if query.after:
        rank, _, weighing = query.after.rpartition(":")
        return answer(Weighing.read(weighing, words), Rank.read(rank))
    weights = _weights_of(words, index)
    has_places = any(word.is_place for word in words)
    for number, demand in enumerate(_DEMANDS):
        if has_places or not demand.in_place:
            best = answer(Weighing(number, weights))
            if best.hits.total >= demand.least:
                break
    return best


def _weights_of(words: Sequence[Word], index: TextIndex) -> tuple[int, ...]:
    """How much each word weighs, of all in an index; a place as much as words do in the mean."""
    weights = [0 if word.is_place else _weight(word, index) for word in words]
    place = max(1, round(fmean(filter(None, weights)))) if any(weights) else 1
    return tuple(
        place if word.is_place else weight for word, weight in zip(words, weights, strict=True)
    )


def _weight(word: Word, index: TextIndex) -> int:
    """The idf of a word, by its most frequent form; 0 where no dataset has any."""
    main = (
        index.frequencies[token] for token, form in word.forms.items() if form.share >= _MAIN_SHARE
    )
    having = max(main, default=0) or max(index.frequencies[token] for token in word.forms)
    idf = math.log(1 + (index.size - having + 0.5) / (having + 0.5))
    return max(1, round(_SCALE * idf)) if having else 0


def _clauses(
    index: TextIndex, words: Sequence[Word], weighing: Weighing
) -> list[tuple[Occur, Query]]:
    """The clauses that a hit must fulfil, and those that give points."""
    known = [pair for pair in zip(words, weighing.weights, strict=True) if pair[1]]
    if not known:
        return [(Occur.Must, Query.empty_query())]
    needs = [Query.const_score_query(need, 0) for need in _needs(index, known, weighing.demand)]
    return [
        *((Occur.Must, need) for need in needs),
        *((Occur.Should, points) for points in _points(index.schema, known)),
    ]


def _needs(index: TextIndex, words: Sequence[_WeighedWord], demand: Demand) -> Iterator[Query]:
    placeless = [pair for pair in words if not pair[0].is_place]
    if placeless:
        sets = _sets_of(placeless, demand.part)
        yield _any([_all([_having(index, word) for word in chosen]) for chosen in sets])
    for word, _weight in words:
        if word.is_place and (demand.in_place or not placeless):
            with_national = bool(placeless) or not demand.in_place
            yield _serving(index.schema, word, with_national=with_national)


def _sets_of(words: Sequence[_WeighedWord], part: int) -> Iterator[list[Word]]:
    """The smallest sets of words that have that part of the weight."""
    heaviest = sorted(words, key=lambda pair: -pair[1])[:_HEAVIEST]
    whole = sum(weight for _word, weight in heaviest)
    for size in range(1, len(heaviest) + 1):
        for chosen in combinations(heaviest, size):
            weight = sum(weight for _word, weight in chosen)
            if weight * part >= whole > (weight - chosen[-1][1]) * part:
                yield [word for word, _weight in chosen]


def _having(index: TextIndex, word: Word) -> Query:
    """The datasets that have a word; what only goes together with it where none has it."""
    strong = [token for token, form in word.forms.items() if form.kind not in {"near", "near typo"}]
    is_known = any(index.frequencies[token] for token in strong)
    tokens = strong if is_known else word.forms
    return _any([term(index.schema, ANYWHERE, token) for token in tokens])


def _serving(schema: Schema, word: Word, *, with_national: bool) -> Query:
    """The datasets that serve who asks for a place."""
    areas = [
        term(schema, AREA, area)
        for area, share in word.areas.items()
        if with_national or area != EVERYWHERE or share == 1
    ]
    return _any([*areas, _naming(schema, word)])


def _naming(schema: Schema, word: Word) -> Query:
    """The datasets whose texts name a place."""
    return _all([term(schema, ANYWHERE, stem) for stem in word.stems])


def _points(schema: Schema, words: Sequence[_WeighedWord]) -> Iterator[Query]:
    for word, weight in words:
        if word.forms:
            yield Query.disjunction_max_query([*_of_word(schema, word, weight)], _OTHERS)
        if word.areas:
            yield Query.disjunction_max_query([*_of_place(schema, word, weight)])
    stems = (stem for word, _weight in words for stem in word.stems or [*word.forms][:1])
    heaviest = max(weight for _word, weight in words)
    yield const(schema, "name", " ".join(stems), _WHOLE_TITLE_BOOST * heaviest)


def _of_word(schema: Schema, word: Word, weight: int) -> Iterator[Query]:
    for token, form in word.forms.items():
        for text, boost in TEXTS.items():
            yield const(schema, text, token, round(boost * form.share * weight))


def _of_place(schema: Schema, word: Word, weight: int) -> Iterator[Query]:
    for area, share in word.areas.items():
        if word.is_place or area != EVERYWHERE:
            yield const(schema, AREA, area, round(_PLACE_BOOST * share * weight))
    if word.is_place:
        boost = _NAME_BOOST if 1 in word.areas.values() else _PLACE_BOOST
        yield Query.const_score_query(_naming(schema, word), boost * weight)


def _all(queries: list[Query]) -> Query:
    return _joined(Occur.Must, queries)


def _any(queries: list[Query]) -> Query:
    return _joined(Occur.Should, queries)


def _joined(occur: Occur, queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(occur, q) for q in queries])


def reason_of(word: Word, dataset: IndexedDataset) -> str:
    """The text and form of the word that gave the dataset most points, in French."""
    served = _served(word, dataset)
    if word.is_place:
        return served or _named(word, dataset) or _elsewhere(word, dataset)
    # Forms are in the order of their points, and texts too.
    for token, form in word.forms.items():
        text = dataset.text_with(token)
        if text:
            return _in_text(form.in_french(word.written, text.term), text)
    return served


def note_of(words: Sequence[Word], weighing: Weighing, total: int) -> str:
    """What of a question the answer ignores, in French; often nothing.

    `total` is how many there are in the answer.
    """
    weighed = zip(words, weighing.weights, strict=True)
    unknown = [quoted(word.written) for word, weight in weighed if not weight]
    is_elsewhere = not weighing.demand.in_place
    places = [quoted(word.written) for word in words if word.is_place and is_elsewhere]
    notes = []
    for (template, then), named in ((_UNKNOWN, unknown), (_NOTHING_THERE, places)):
        if named:
            notes.append(template.format(french_list(named)) + (f" : {then}." if total else "."))
    return " ".join(notes)


def _in_text(form: str, text: TokenMatch) -> str:
    return f"{form} {_TEXT_KINDS[text.kind].format(text.name)}"


def _named(word: Word, dataset: IndexedDataset) -> str:
    """The reason that a dataset's texts have the name of a place, in French."""
    texts = [dataset.text_with(stem) for stem in word.stems]
    return _in_text(f"« {word.written} »", texts[-1]) if all(texts) and texts[-1] else ""


def _elsewhere(word: Word, dataset: IndexedDataset) -> str:
    """The reason that a dataset is of all of France, or of another place, in French."""
    areas, territory = dataset.place
    if EVERYWHERE in areas:
        return _NATIONAL.format(word.written)
    return _ELSEWHERE.format(word.written, territory)


def _served(word: Word, dataset: IndexedDataset) -> str:
    """The reason that a dataset's territory serves who asks for a place, in French."""
    if not word.areas:
        return ""
    areas, territory = dataset.place
    best = max(areas, key=lambda area: word.areas.get(area, 0))
    if best not in word.areas or best == EVERYWHERE:
        return ""
    return f"« {word.written} » dans le territoire : {territory}"
