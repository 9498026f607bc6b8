"""Answers a search: what is found, why, and how much there is of each kind."""

from collections.abc import Collection

from tantivy import Searcher

from services.catalog.search.facets import facets_of
from services.catalog.search.query import (
    ENOUGH,
    Word,
    among,
    ask,
    conditions,
    from_id,
    widen,
    words_of,
)
from services.catalog.search.ranking import Hit, HitPage, count, listed, ranked
from services.catalog.search.schema import Kind, Shown, shown_at
from services.catalog.search.text_index import TextIndex
from services.catalog.search.views import DatasetPage, DatasetQuery, FoundDataset
from shared.aggregate import now
from shared.auth import Caller
from shared.errors import Forbidden

_PLACES: dict[Kind, str] = {
    "title": "dans le titre",
    "keyword": "dans le mot-clé « {} »",
    "theme": "dans le thème « {} »",
    "key": "comme clé : {}",
    "column": "dans la colonne « {} »",
    "producer": "dans le nom du producteur",
    "description": "dans la description",
}


_IDLE = "Les mots cherchés ne distinguent aucun jeu de données : la liste n'en tient pas compte."


def reasons_of(words: list[Word], shown: Shown) -> list[str]:
    """One for each word: the place and form that gave it most points."""
    return [_reason(word, shown) for word in words]


def _reason(word: Word, shown: Shown) -> str:
    # Forms are in the order of their points, and places too.
    for stem, form in word.forms.items():
        place = shown.place_of(stem)
        if place:
            kind, name = place
            return f"{form.in_french(word.written)} {_PLACES[kind].format(name)}"
    return ""


def search(
    index: TextIndex, query: DatasetQuery, caller: Caller, joinable: Collection[str] | None = None
) -> DatasetPage:
    """One page of the datasets that fit `query` and that `caller` may see.

    With `joinable` only those of these ids. Raises Forbidden for others' unpublished datasets.
    """
    query, today = _permitted(query, caller), now().date()
    searcher, words = index.searcher(), words_of(query.q)
    filters = conditions(index, query, today)
    filters += [among(index, joinable)] if joinable is not None else []
    asked = ask(index, query.state, filters, words)
    if words:
        hits = ranked(searcher, asked, query.after, query.limit)
        if hits.total < ENOUGH:
            widen(index, searcher, words)
            asked = ask(index, query.state, filters, words)
            hits = ranked(searcher, asked, query.after, query.limit)
    else:
        total = count(searcher, asked.whole)
        filters += [from_id(index, query.after)] if query.after else []
        rest = ask(index, query.state, filters, [])
        hits = HitPage(listed(searcher, rest.whole, query.after, query.limit), total)
    shown = hits.page[: query.limit]
    return DatasetPage(
        items=[_item(searcher, hit, words) for hit in shown],
        next=shown[-1].cursor if len(hits.page) > query.limit else None,
        total=hits.total,
        note=_IDLE if query.q.strip() and not words else "",
        facets=facets_of(index, searcher, asked.whole, today) if query.facets else None,
    )


def _permitted(query: DatasetQuery, caller: Caller) -> DatasetQuery:
    """The question as far as the caller may ask it: what is not published is its owner's."""
    if query.state == "published" or caller.is_staff:
        return query
    if query.owner_id not in {"", caller.member_id}:
        raise Forbidden(
            "les jeux de données qui ne sont pas publiés ne sont montrés qu'à leur propriétaire"
        )
    return query.model_copy(update={"owner_id": caller.member_id})


def _item(searcher: Searcher, hit: Hit, words: list[Word]) -> FoundDataset:
    shown = shown_at(searcher, hit.address)
    score = hit.score and round(hit.score, 2)
    return shown.found.model_copy(update={"score": score, "reasons": reasons_of(words, shown)})
