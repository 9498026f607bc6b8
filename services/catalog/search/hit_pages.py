"""Pages of hits: ranked by score, or in the order of ids, with a cursor that stays true."""

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from tantivy import DocAddress, Order, Query, Searcher, SearchResult

from shared.errors import Invalid

DEEPEST = 10_000
"""How many ranked hits can be paged through: who needs more narrows the question."""

_SPARE = 8
"""Hits beyond a page, for those of equal score where it ends."""


class Rank(NamedTuple):
    """Where a hit stands among the ranked: by score, then by tie-break.

    Both depend on the dataset and the question only, so that a rank means the same in every
    process, whatever was added or taken away since.
    """

    score: float
    tie_break: int

    @property
    def order(self) -> tuple[float, int]:
        """What ranked hits are sorted by."""
        return -self.score, self.tie_break

    def cursor(self) -> str:
        """The rank as text that may stand in a query."""
        return f"{self.score!r}:{self.tie_break}"

    @classmethod
    def read(cls, cursor: str) -> "Rank":
        """Parse the rank of a cursor; raises Invalid for another text."""
        score, _, tie_break = cursor.partition(":")
        try:
            return cls(float(score), int(tie_break))
        except ValueError as error:
            raise foreign() from error


def foreign() -> Invalid:
    """The error for a cursor that no page of this search gave."""
    return Invalid("n'est pas le `next` d'une page de cette recherche", "after")


class Hit(NamedTuple):
    """A dataset found: where the index has it, its score, and the cursor of what comes after it."""

    address: DocAddress
    score: float | None
    cursor: str


class HitPage(NamedTuple):
    """The hits of a page and one more, if there is one, and how many there are in all."""

    page: list[Hit]
    total: int


def ranked(searcher: Searcher, query: Query, last: Rank | None, limit: int) -> HitPage:
    """The best hits, or those after a rank."""
    depth = limit + 1 + _SPARE
    while True:
        result = searcher.search(query, depth, weight_by_field="static_rank")
        is_all = len(result.hits) < depth
        whole = result.hits if is_all else list(_whole_groups(result.hits))
        hits = [
            (rank, address)
            for rank, address in _with_ranks(searcher, whole)
            if last is None or rank.order > last.order
        ]
        if len(hits) > limit or is_all or depth >= DEEPEST:
            page = [Hit(address, rank.score, rank.cursor()) for rank, address in hits]
            return HitPage(page[: limit + 1], _count_of(result))
        depth = min(2 * depth, DEEPEST)


def count(searcher: Searcher, query: Query) -> int:
    """How many datasets a query finds."""
    # Ordered by a field there are no points to be reckoned.
    return _count_of(searcher.search(query, 1, order_by_field="tie_break"))


def _count_of(result: SearchResult) -> int:
    # The stub does not have it.
    return int(result.count)  # type: ignore[attr-defined]


def _whole_groups(top_hits: list[tuple[float, DocAddress]]) -> Iterator[tuple[float, DocAddress]]:
    """The hits without the last group of equal scores, of which there may be more."""
    return takewhile(lambda hit: hit[0] > top_hits[-1][0], top_hits)


def _with_ranks(
    searcher: Searcher, top_hits: list[tuple[float, DocAddress]]
) -> list[tuple[Rank, DocAddress]]:
    addresses = [address for _score, address in top_hits]
    tie_breaks = searcher.fast_field_values("tie_break", addresses)
    ranks = [
        (Rank(score, int(tie_break or 0)), address)
        for (score, address), tie_break in zip(top_hits, tie_breaks, strict=True)
    ]
    return sorted(ranks, key=lambda hit: hit[0].order)


def listed(searcher: Searcher, query: Query, after: str | None, limit: int) -> list[Hit]:
    """The hits by id after that one: `limit` and one more, if there is one.

    Raises Invalid when `after` is no dataset's id.
    """
    if after and not after.startswith("dts_"):
        raise foreign()
    depth = limit + 1
    while True:
        top_hits = searcher.search(
            query, depth, count=False, order_by_field="id", order=Order.Asc
        ).hits
        hits = [Hit(address, None, key) for key, address in top_hits if key > (after or "")]
        if len(hits) > limit or len(top_hits) < depth:
            return hits[: limit + 1]
        depth *= 2
