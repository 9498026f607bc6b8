"""Why a dataset is among the hits, in French."""

from services.catalog.searching.query import Word
from services.catalog.searching.schema import Kind, Shown

_PLACES: dict[Kind, str] = {
    "title": "dans le titre",
    "keyword": "dans le mot-clé « {} »",
    "theme": "dans le thème « {} »",
    "key": "comme clé : {}",
    "column": "dans la colonne « {} »",
    "producer": "dans le nom du producteur",
    "description": "dans la description",
}


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
