"""Why a dataset is among the hits, in French."""

from collections.abc import Iterator
from functools import lru_cache

from services.catalog.keys import key_in_french
from services.catalog.searching.query import Word
from services.catalog.searching.schema import TEXTS, Shown, spaced
from services.catalog.searching.stems import stems_of
from services.catalog.words import lexical


def reasons_of(words: list[Word], shown: Shown) -> list[str]:
    """One for each word: the place and form that gave it most points."""
    stems = {field: frozenset(text.split(" ")) for field, text in shown["stems"].items()}
    return [_reason(word, shown, stems) for word in words]


def _reason(word: Word, shown: Shown, stems: dict[str, frozenset[str]]) -> str:
    # Forms are in the order of their points, and fields too.
    for stem, form in word.forms.items():
        field = next((field for field in TEXTS if stem in stems[field]), None)
        if field:
            return f"{form.in_french(word.written)} {_place(field, stem, shown)}"
    return ""


def _place(field: str, stem: str, shown: Shown) -> str:
    if field == "title":
        return "dans le titre"
    return next(_named(field, stem, shown), "dans la description")


def _named(field: str, stem: str, shown: Shown) -> Iterator[str]:
    summary = shown["summary"]
    if field == "keywords":
        yield from _with(stem, summary["keywords"], "dans le mot-clé « {} »")
        yield from _with(stem, [summary["theme"]], "dans le thème « {} »")
    elif field == "columns":
        keys = map(key_in_french, summary["keys"])
        yield from _with(stem, list(keys), "comme clé : {}")
        yield from _with(stem, shown["columns"], "dans la colonne « {} »")
    else:
        yield from _with(stem, [summary["producer"]], "dans le nom du producteur")


def _with(stem: str, texts: list[str], phrase: str) -> Iterator[str]:
    return (phrase.format(text) for text in texts if stem in _stems(text))


@lru_cache(maxsize=10_000)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stems_of(" ".join(lexical(spaced(text)))))
