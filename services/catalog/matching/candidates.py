"""Which datasets are worth comparing with a project, of a catalogue too long to read."""

from tantivy import Occur, Query

from services.catalog.datasets.model import Dataset
from services.catalog.matching.matching import (
    KEY_POINTS,
    PLACE_POINTS,
    THEME_POINTS,
    WORD_POINTS,
    Wish,
)
from services.catalog.search.finder import Finder
from services.catalog.search.french import stem
from services.catalog.search.query import const, in_state
from services.catalog.search.schema import ANYWHERE, id_at
from services.catalog.search.text_index import TextIndex
from shared.store import Store

_MOST = 200
"""Many more than a project is told: the points here are only nearly those of the match."""


def candidates(store: Store, finder: Finder, wish: Wish) -> list[Dataset]:
    """The published datasets that have most in common with a project, at most 200."""
    index = finder.index()
    searcher = index.searcher()
    clues = Query.boolean_query([(Occur.Should, clue) for clue in _clues(index, wish)])
    found = Query.boolean_query(
        [
            (Occur.Must, clues),
            in_state(index, "published", has_words=True),
        ]
    )
    hits = searcher.search(found, _MOST, count=False, weight_by_field="standing").hits
    ids = (id_at(searcher, address) for _score, address in hits)
    read = map(store.of(Dataset).find_one, ids)
    return [dataset for dataset in read if dataset and dataset.state == "published"]


def _clues(index: TextIndex, wish: Wish) -> list[Query]:
    keys = [const(index, "key", key, KEY_POINTS) for key in wish.keys]
    places = [const(index, "department", code, PLACE_POINTS) for code in wish.departments]
    return [
        *keys,
        const(index, "theme", wish.theme, THEME_POINTS),
        *(const(index, ANYWHERE, stem(word), WORD_POINTS) for word in wish.words),
        *([Query.disjunction_max_query(places)] if places else []),
    ]
