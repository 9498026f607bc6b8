"""The best hits for the words of a question, and those that follow them."""

from typing import NamedTuple

from tantivy import Query, Searcher

from services.catalog.search.query import DatasetQuery, asked
from services.catalog.search.question import ENOUGH, Word, widen
from services.catalog.search.ranking import HitPage, Rank, ScoredQuery, count, foreign, ranked
from services.catalog.search.scoring import (
    STRICTNESSES,
    Clause,
    Weighing,
    scored,
    strictness_of,
    weighed,
    weights_of,
)
from services.catalog.search.text_index import TextIndex


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
    found = asking.answer(asking.weigh(is_wide=False))
    if found.hits.total < ENOUGH:
        widen(index, words)
        found = asking.answer(asking.weigh(is_wide=True))
    return found


class _Asking(NamedTuple):
    searched: TextIndex
    searcher: Searcher
    query: DatasetQuery
    filters: list[Query]
    words: list[Word]

    def weigh(self, *, is_wide: bool) -> Weighing:
        """The weights of the words, and the first strictness by which there are hits."""
        weights = weights_of(self.words, self.searched)
        known = weighed(self.words, weights)
        return Weighing(weights, strictness_of(self.searched.schema, known, self._count), is_wide)

    def _count(self, clauses: list[Clause]) -> int:
        return count(self.searcher, self._query(clauses))

    def answer(self, weighing: Weighing, last: Rank | None = None) -> BestHits:
        """The best hits, or those after a rank."""
        known = weighed(self.words, weighing.weights)
        everything, top = scored(self.searched.schema, known, STRICTNESSES[weighing.strictness])
        whole = self._query(everything)
        looked_for = ScoredQuery(whole, whole if top is everything else self._query(top))
        hits = ranked(self.searcher, looked_for, last, self.query.limit)
        return BestHits(hits, whole, weighing)

    def _query(self, clauses: list[Clause]) -> Query:
        return asked(self.searched.schema, self.query.state, self.filters, clauses)


def _read_cursor(cursor: str, words: list[Word]) -> tuple[Rank, Weighing]:
    """What a page ended with; raises Invalid for what no page of this search gave."""
    rank, _, weighing = cursor.rpartition(":")
    try:
        read = Weighing.read(weighing)
    except ValueError as error:
        raise foreign() from error
    if len(read.weights) != len(words) or read.strictness not in range(len(STRICTNESSES)):
        raise foreign()
    return Rank.read(rank), read
