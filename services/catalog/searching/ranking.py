"""Pages of hits: ranked by score, or in the order of ids, with a cursor that stays true."""

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from tantivy import DocAddress, Order, Query, Searcher

from services.catalog.searching.schema import text_at
from shared.errors import Invalid

DEEPEST = 10_000
"""How many ranked hits can be paged through: who needs more narrows the question."""

_SPARE = 8
"""Hits beyond a page, for those of equal score where it ends."""


class Place(NamedTuple):
    """Where a hit stands among the ranked: by score, then by id.

    A score depends on the dataset and the question only, so that a place means the same in every
    process, whatever was added or taken away since.
    """

    score: float
    id: str

    @property
    def order(self) -> tuple[float, str]:
        """What ranked hits are sorted by."""
        return -self.score, self.id

    def cursor(self) -> str:
        """As text that may stand in a query."""
        return f"{self.score!r}:{self.id}"

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """The place that a cursor means; raises Invalid for another text."""
        score, _, identifier = cursor.partition(":")
        try:
            return cls(float(score), identifier)
        except ValueError as error:
            raise Invalid("is not the `next` of a page of this search", "after") from error


class Hit(NamedTuple):
    """A dataset found, and where the index has it."""

    place: Place
    address: DocAddress


def ranked(searcher: Searcher, query: Query, after: Place | None, limit: int) -> list[Hit]:
    """The best hits after a place: `limit` and one more, if there is one."""
    depth = limit + 1 + _SPARE
    while True:
        found = searcher.search(query, depth, count=False, weight_by_field="standing").hits
        whole = found if len(found) < depth else list(_whole_groups(found))
        hits = sorted(_after(searcher, whole, after), key=lambda hit: hit.place.order)
        if len(hits) > limit or len(found) < depth or depth >= DEEPEST:
            return hits[: limit + 1]
        depth = min(2 * depth, DEEPEST)


def _whole_groups(found: list[tuple[float, DocAddress]]) -> Iterator[tuple[float, DocAddress]]:
    """Without the last group of equal scores, of which there may be more."""
    return takewhile(lambda hit: hit[0] > found[-1][0], found)


def _after(
    searcher: Searcher,
    found: list[tuple[float, DocAddress]],
    after: Place | None,
) -> Iterator[Hit]:
    for score, address in found:
        if after and score > after.score:
            continue
        place = Place(score, text_at(searcher, address, "id"))
        if after is None or place.order > after.order:
            yield Hit(place, address)


def listed(searcher: Searcher, query: Query, after: str | None, limit: int) -> list[Hit]:
    """The hits by id after that one: `limit` and one more, if there is one."""
    depth = limit + 1
    while True:
        found = searcher.search(
            query, depth, count=False, order_by_field="id", order=Order.Asc
        ).hits
        hits = [Hit(Place(0, key), address) for key, address in found if key > (after or "")]
        if len(hits) > limit or len(found) < depth:
            return hits[: limit + 1]
        depth *= 2
