"""The best hits for the words of a question, and those that follow them."""

from typing import NamedTuple

from tantivy import Query, Searcher

from services.catalog.search.question import ENOUGH, Word, widen
from services.catalog.search.ranking import HitPage, Rank, ScoredQuery, count, foreign, ranked
from services.catalog.search.scoring import (
    ANY_WORD,
    EVERY_WORD,
    RELAXING,
    STRICTNESSES,
    Clause,
    Strictness,
    WeighedWord,
    Weighing,
    as_written,
    expected,
    needed,
    scored,
    sets_of,
    weighed,
    weights_of,
)
from services.catalog.search.search_query import DatasetQuery, asked
from services.catalog.search.text_index import TextIndex

_PLENTY = 100
"""With as many hits, what else may be meant need not be looked for."""

_AT_MOST = 200
"""How many hits may be expected where fewer words are asked for, because few have more."""


class BestHits(NamedTuple):
    """A page of hits, the query that finds them all, and how words were weighed for it."""

    hits: HitPage
    whole: Query
    weighing: Weighing

    def cursor(self, last: str) -> str:
        """The cursor of what comes after the last hit of a page."""
        return f"{last}:{self.weighing.cursor()}"


def best_hits(
    index: TextIndex,
    searcher: Searcher,
    query: DatasetQuery,
    filters: list[Query],
    words: list[Word],
) -> BestHits:
    """The best hits; adds to `words` those that are nearly so, where they count."""
    asking = _Asking(index, searcher, query, filters, words)
    if query.after:
        last, weighing = _read_cursor(query.after, words)
        if weighing.is_wide:
            widen(index, words)
        return asking.answer(weighing, last)
    best = asking.best(is_wide=False)
    if best.hits.total < ENOUGH:
        widen(index, words)
        best = asking.best(is_wide=True)
    return best


class _Asking(NamedTuple):
    searched: TextIndex
    searcher: Searcher
    query: DatasetQuery
    filters: list[Query]
    words: list[Word]

    def best(self, *, is_wide: bool) -> BestHits:
        """The best hits, by the strictest way to look for them that leaves enough."""
        plain = Weighing(weights_of(self.words, self.searched), 0, is_wide)
        has_places = any(word.is_place for word in self.words)
        in_places = self._in_places(plain) if has_places else None
        return in_places or self._with_enough_weight(plain, needs_place=False) or self._any(plain)

    def _in_places(self, plain: Weighing) -> BestHits | None:
        best = self._with_enough_weight(plain, needs_place=True) or self._any(
            plain, needs_place=True
        )
        return best if best.hits.total else None

    def _with_enough_weight(self, plain: Weighing, *, needs_place: bool) -> BestHits | None:
        """The best hits that have at least half of the weight, if there are any."""

        def answer(share: float, *, is_exact: bool = False) -> BestHits:
            strictness = Strictness(share, is_exact, needs_place)
            return self.answer(plain._replace(strictness=STRICTNESSES.index(strictness)))

        weighed_words = weighed(self.words, plain.weights)
        if expected(as_written(weighed_words), EVERY_WORD, self.searched) >= _PLENTY:
            candidate = answer(EVERY_WORD, is_exact=True)
            if candidate.hits.total >= _PLENTY:
                return candidate
        having_all = (
            self._count(weighed_words, EVERY_WORD, needs_place)
            if len(weighed_words) > 1
            else ENOUGH
        )
        if having_all >= ENOUGH:
            return answer(EVERY_WORD)
        for best, least, less in RELAXING:
            if having_all or (best < EVERY_WORD and self._count(weighed_words, best, needs_place)):
                candidate = answer(least)
                few = candidate.hits.total < ENOUGH
                return (
                    answer(less)
                    if few and self._may_relax(weighed_words, least, less)
                    else candidate
                )
        return None

    def _any(self, plain: Weighing, *, needs_place: bool = False) -> BestHits:
        strictness = Strictness(ANY_WORD, is_exact=False, needs_place=needs_place)
        return self.answer(plain._replace(strictness=STRICTNESSES.index(strictness)))

    def _may_relax(self, weighed_words: list[WeighedWord], least: float, less: float) -> bool:
        """Whether asking for less finds more, but no more than is worth looking at."""
        placeless = [
            weighed_word for weighed_word in weighed_words if not weighed_word.word.is_place
        ]
        is_other = sets_of(placeless, less) != sets_of(placeless, least)
        return is_other and expected(weighed_words, less, self.searched) <= _AT_MOST

    def _count(self, weighed_words: list[WeighedWord], share: float, needs_place: bool) -> int:
        """How many datasets have that share of the weight."""
        clauses = [*needed(self.searched.schema, weighed_words, share, needs_place=needs_place)]
        return count(self.searcher, self._query(clauses))

    def answer(self, weighing: Weighing, last: Rank | None = None) -> BestHits:
        """The best hits, or those after a rank."""
        weighed_words = weighed(self.words, weighing.weights)
        everything, top = scored(
            self.searched.schema, weighed_words, STRICTNESSES[weighing.strictness]
        )
        whole = self._query(everything)
        looked_for = ScoredQuery(whole, whole if top is everything else self._query(top))
        hits = ranked(self.searcher, looked_for, last, self.query.limit)
        return BestHits(hits, whole, weighing)

    def _query(self, clauses: list[Clause]) -> Query:
        return asked(self.searched.schema, self.query.state, self.filters, clauses)


def _read_cursor(cursor: str, words: list[Word]) -> tuple[Rank, Weighing]:
    """The rank and weighing that a page ended with; raises Invalid for a foreign cursor."""
    rank, _, weighing = cursor.rpartition(":")
    try:
        read = Weighing.read(weighing)
    except ValueError as error:
        raise foreign() from error
    if len(read.weights) != len(words) or read.strictness not in range(len(STRICTNESSES)):
        raise foreign()
    return Rank.read(rank), read
