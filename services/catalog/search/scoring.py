"""The query of the index for a question: words count by how rare they are, none is needed.

A word has points by the texts that it stands in, and weighs as much as the index tells datasets
apart by it (idf: Spärck Jones, 1972). They are whole numbers and sums, so that all processes rank
alike; on the questions of tests/corpora/search they do as well as BM25.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from tantivy import Occur, Query, Schema

from services.catalog.search.fields import ANYWHERE, AREA, TEXTS, WORTHS, const, term, worth_field
from services.catalog.search.places.areas import EVERYWHERE
from services.catalog.search.question import Word
from services.catalog.search.text_index import TextIndex

Clause = tuple[Occur, Query]

_WEIGHT, _STEEPNESS = 2, 1.5
"""The weight of a word that all datasets have, and the power of what rarer ones have: of one in 15,
4 bits, 16; of one in 255, 8 bits, 45."""

_PLACE_POINTS, _NAME_POINTS = 18, 8
"""Of a dataset about a place, and of one whose texts name it; where no territory has the place as
its own, as with landscapes, the texts alone tell that a dataset is about it."""

_WHOLE_TITLE_POINTS = 6
_ANYWHERE_POINTS = 8
"""Of a word, wherever it stands: what has all that is asked for, in texts that say little, is a
better answer than a title with a word that every dataset has."""

_TOP = TEXTS["title"] + _ANYWHERE_POINTS
"""Points of a word that no other text alone gives."""

_MOST_NEEDED = 5
"""Among how many words, the weightiest, those are that a dataset needs."""


class Strictness(NamedTuple):
    """What is looked for: words with a share of the weight, as written or not, in places or not."""

    share: float
    is_exact: bool
    needs_place: bool


EVERY_WORD, ANY_WORD = 1, 0
RELAXING = ((1, 0.4, 0.2), (0.75, 0.3, 0.15), (0.5, 0.2, 0.1))
"""The share of the weight that the best hit has, that the others need, or need where few have it.

What has much less than the best hits is noise.
"""

STRICTNESSES = tuple(
    Strictness(share, is_exact, needs_place)
    for needs_place in (True, False)
    for share, is_exact in (
        (EVERY_WORD, True),
        (EVERY_WORD, False),
        *((share, False) for _best, *shares in RELAXING for share in shares),
        (ANY_WORD, False),
    )
)


class Weighing(NamedTuple):
    """How a question was answered, the same on all of its pages.

    `weights` are of its words in their order: 0 where no dataset has one, less where what goes
    together with it counts, since no dataset has more. `is_wide` says whether words that are nearly
    those of the question counted.
    """

    weights: tuple[int, ...]
    strictness: int
    is_wide: bool

    def cursor(self) -> str:
        """The weighing as text that may stand in a query."""
        return ".".join(map(str, (self.strictness, int(self.is_wide), *self.weights)))

    @classmethod
    def read(cls, cursor: str) -> "Weighing":
        """Parse a cursor; raises ValueError for another text."""
        strictness, is_wide, *weights = map(int, cursor.split("."))
        return cls(tuple(weights), strictness, bool(is_wide))


class WeighedWord(NamedTuple):
    """A word, its weight, and the forms that a dataset must have one of to have the word."""

    word: Word
    weight: int
    needed: list[str]


def weighed(words: Sequence[Word], weights: Sequence[int]) -> list[WeighedWord]:
    """Words with their weights, but for those that no dataset has."""
    return [
        WeighedWord(word, abs(weight), [*word.forms] if weight < 0 else _strong(word))
        for word, weight in zip(words, weights, strict=True)
        if weight
    ]


def _strong(word: Word) -> list[str]:
    return [token for token, form in word.forms.items() if form.kind not in {"near", "near typo"}]


def weights_of(words: Sequence[Word], index: TextIndex) -> tuple[int, ...]:
    """How much each word weighs, of all in an index."""
    weights = [0 if word.is_place else _weight(word, index) for word in words]
    known_weights = [abs(weight) for weight in weights if weight]
    place = max(1, round(sum(known_weights) / len(known_weights))) if known_weights else 1
    return tuple(
        place if word.is_place else weight for word, weight in zip(words, weights, strict=True)
    )


def _weight(word: Word, index: TextIndex) -> int:
    for sign, tokens in ((1, _strong(word)), (-1, [*word.forms])):
        having = max(index.frequencies[token] for token in tokens)
        if having:
            bits = math.log2(1 + index.size / having)
            return sign * round(_WEIGHT * math.pow(bits, _STEEPNESS))
    return 0


def as_written(words: Sequence[WeighedWord]) -> list[WeighedWord]:
    """The words without what else may be meant."""
    return [
        WeighedWord(word._replace(forms=exact), weight, [*exact])
        for word, weight, _needed in words
        for exact in [dict(list(word.forms.items())[:1])]
    ]


def expected(words: Sequence[WeighedWord], share: float, index: TextIndex) -> float:
    """How many datasets have words with that share, were words independent of each other."""
    placeless = [weighed_word for weighed_word in words if not weighed_word.word.is_place]
    having = {
        id(weighed_word): max(index.frequencies[token] for token in weighed_word.needed)
        for weighed_word in placeless
    }
    return sum(
        index.size * math.prod(having[id(weighed_word)] / index.size for weighed_word in chosen)
        for chosen in sets_of(placeless, share)
    )


def needed(
    schema: Schema, words: Sequence[WeighedWord], share: float, *, needs_place: bool
) -> Iterator[Clause]:
    """The clauses that a hit must fulfil."""
    placeless = [weighed_word for weighed_word in words if not weighed_word.word.is_place]
    places = [weighed_word.word for weighed_word in words if weighed_word.word.is_place]
    if placeless:
        yield Occur.Must, _enough(schema, placeless, share)
    for word in places if needs_place or not placeless else ():
        with_national = bool(placeless) or not needs_place
        served = _serves(schema, word, with_national=with_national)
        yield Occur.Must, Query.const_score_query(served, 0)
    if not words:
        yield Occur.Must, Query.empty_query()


def _enough(schema: Schema, words: Sequence[WeighedWord], share: float) -> Query:
    """The query for datasets with any set of words that has that share of the weight."""
    alternatives = [
        _all_of([_anywhere(schema, o.needed) for o in chosen]) for chosen in sets_of(words, share)
    ]
    return Query.const_score_query(_any(alternatives), 0)


def sets_of(words: Sequence[WeighedWord], share: float) -> list[Sequence[WeighedWord]]:
    """The smallest sets of words that have a share of their weight."""
    if share == EVERY_WORD:
        return [words]
    if share == ANY_WORD:
        return [[weighed_word] for weighed_word in words]
    heaviest = sorted(words, key=lambda weighed_word: -weighed_word.weight)[:_MOST_NEEDED]
    return [*_smallest(heaviest, share * sum(weighed_word.weight for weighed_word in heaviest))]


def _smallest(words: Sequence[WeighedWord], least: float) -> Iterator[Sequence[WeighedWord]]:
    """The sets of words that weigh enough, none of which would without one of its words."""
    for size in range(1, len(words) + 1):
        for chosen in combinations(words, size):
            total = sum(weighed_word.weight for weighed_word in chosen)
            if total >= least and (size == 1 or total - min(o.weight for o in chosen) < least):
                yield chosen


def scored(
    schema: Schema, words: Sequence[WeighedWord], strictness: Strictness
) -> tuple[list[Clause], list[Clause]]:
    """The clauses of all hits with their points, and those of hits that no other outdoes.

    The latter for one word only; for others they are the same.
    """
    words = as_written(words) if strictness.is_exact else words
    if (
        strictness.share < EVERY_WORD
        or not words
        or any(weighed_word.word.areas for weighed_word in words)
    ):
        needs = needed(schema, words, strictness.share, needs_place=strictness.needs_place)
        everything = [*needs, *_points(schema, words)]
        return everything, everything
    title = _whole_title(schema, words)
    if len(words) > 1:
        everything = [
            *((Occur.Must, _best_form(schema, weighed_word)) for weighed_word in words),
            title,
        ]
        return everything, everything
    [weighed_word] = words
    # To be counted, words need no points: one list is read.
    any_form = Query.const_score_query(_anywhere(schema, weighed_word.needed), 0)
    everything = [(Occur.Must, any_form), (Occur.Should, _best_form(schema, weighed_word)), title]
    return everything, [(Occur.Must, _best_form(schema, weighed_word, _TOP)), title]


def _points(schema: Schema, words: Sequence[WeighedWord]) -> Iterator[Clause]:
    """The clauses that give points."""
    for weighed_word in words:
        if weighed_word.word.forms:
            yield (
                Occur.Should,
                _best_form(schema, weighed_word._replace(needed=[*weighed_word.word.forms])),
            )
        if weighed_word.word.areas:
            yield Occur.Should, _place_points(schema, weighed_word.word, weighed_word.weight)
    if words:
        yield _whole_title(schema, words)


def _whole_title(schema: Schema, words: Sequence[WeighedWord]) -> Clause:
    title = " ".join(
        stem
        for weighed_word in words
        for stem in weighed_word.word.stems or [*weighed_word.word.forms][:1]
    )
    points = _WHOLE_TITLE_POINTS * max(weighed_word.weight for weighed_word in words)
    return Occur.Should, const(schema, "name", title, points)


def _best_form(schema: Schema, weighed_word: WeighedWord, least: float = 0) -> Query:
    """The points of the best needed form; only of forms that are worth at least `least`."""
    queries = [
        const(schema, worth_field(worth), token, round(points * weighed_word.weight))
        for token in weighed_word.needed
        for worth in WORTHS
        for points in [(worth + _ANYWHERE_POINTS) * weighed_word.word.forms[token].share]
        if points >= least
    ]
    return _best(queries) if queries else Query.empty_query()


def _best(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries)


def _place_points(schema: Schema, word: Word, weight: int) -> Query:
    queries = [
        const(schema, AREA, area, round(_PLACE_POINTS * share * weight))
        for area, share in word.areas.items()
        if word.is_place or area != EVERYWHERE
    ]
    if word.is_place:
        named = _all(schema, ANYWHERE, word.stems)
        points = _NAME_POINTS if 1 in word.areas.values() else _PLACE_POINTS
        queries.append(Query.const_score_query(named, points * weight))
    return _best(queries)


def _serves(schema: Schema, word: Word, *, with_national: bool) -> Query:
    """The datasets that serve who asks for a place."""
    areas = [
        term(schema, AREA, area)
        for area, share in word.areas.items()
        if with_national or area != EVERYWHERE or share == 1
    ]
    return _any([*areas, _all(schema, ANYWHERE, word.stems)])


def _all(schema: Schema, field: str, stems: Collection[str]) -> Query:
    return _all_of([term(schema, field, stem) for stem in stems])


def _anywhere(schema: Schema, tokens: Collection[str]) -> Query:
    return _any([term(schema, ANYWHERE, token) for token in tokens])


def _all_of(queries: list[Query]) -> Query:
    return _joined(Occur.Must, queries)


def _any(queries: list[Query]) -> Query:
    return _joined(Occur.Should, queries)


def _joined(occur: Occur, queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(occur, q) for q in queries])
