"""Why a dataset is among the hits, in French."""

from services.catalog.searching.query import Word
from services.catalog.searching.schema import TEXTS, Shown

_PLACES: dict[str, tuple[str, str]] = {
    "keyword": ("keywords", "dans le mot-clé « {} »"),
    "theme": ("keywords", "dans le thème « {} »"),
    "key": ("columns", "comme clé : {}"),
    "column": ("columns", "dans la colonne « {} »"),
    "producer": ("description", "dans le nom du producteur"),
}
"""The field that a text is in, and how it is named."""


def reasons_of(words: list[Word], shown: Shown) -> list[str]:
    """One for each word: the place and form that gave it most points."""
    return [_reason(word, shown) for word in words]


def _reason(word: Word, shown: Shown) -> str:
    # Forms are in the order of their points, and fields too.
    for stem, form in word.forms.items():
        field = next((field for field in TEXTS if f" {stem} " in shown.stems[field]), None)
        if field:
            return f"{form.in_french(word.written)} {_place(field, stem, shown)}"
    return ""


def _place(field: str, stem: str, shown: Shown) -> str:
    if field == "title":
        return "dans le titre"
    for named in shown.named:
        kind, text, stems = named.split("\t")
        within, phrase = _PLACES[kind]
        if within == field and f" {stem} " in stems:
            return phrase.format(text)
    return "dans la description"
