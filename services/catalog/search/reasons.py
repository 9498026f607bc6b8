"""Why a dataset was found, and what was left out of account, in French."""

from collections.abc import Sequence

from services.catalog.search.places.areas import EVERYWHERE
from services.catalog.search.question import Word
from services.catalog.search.ranking import Weighing
from services.catalog.search.text_index import IndexedDataset, Kind, TokenMatch
from shared.language.french import french_list, quoted

_TEXT_KINDS: dict[Kind, str] = {
    "title": "dans le titre",
    "keyword": "dans le mot-clé « {} »",
    "theme": "dans le thème « {} »",
    "key": "comme clé : {}",
    "column": "dans la colonne {}",
    "file": "dans ses fichiers : « {} »",
    "producer": "dans le nom du producteur",
    "description": "dans la description",
}

_UNKNOWN = ("Aucun jeu de données n'a {}", "la liste n'en tient pas compte")
_NOTHING_THERE = ("Rien de tel sur {}", "la liste montre d'autres territoires")
_NATIONAL = "« {} » : données de toute la France, ou sans territoire"
_ELSEWHERE = "« {} » : autre territoire ({})"


def reason_of(word: Word, dataset: IndexedDataset) -> str:
    """The text and form of the word that gave the dataset most points, in French."""
    served = _served(word, dataset)
    if word.is_place:
        return served or _named(word, dataset) or _elsewhere(word, dataset)
    # Forms are in the order of their points, and texts too.
    for token, form in word.forms.items():
        text = dataset.text_with(token)
        if text:
            return _in_text(form.in_french(word.written, text.term), text)
    return served


def note_of(words: Sequence[Word], weighing: Weighing, total: int) -> str:
    """What of a question the answer ignores, in French; often nothing.

    `total` is how many there are in the answer.
    """
    weighed = zip(words, weighing.weights, strict=True)
    unknown = [quoted(word.written) for word, weight in weighed if not weight]
    is_elsewhere = not weighing.demand.in_place
    places = [quoted(word.written) for word in words if word.is_place and is_elsewhere]
    notes = []
    for (template, then), named in ((_UNKNOWN, unknown), (_NOTHING_THERE, places)):
        if named:
            notes.append(template.format(french_list(named)) + (f" : {then}." if total else "."))
    return " ".join(notes)


def _in_text(form: str, text: TokenMatch) -> str:
    return f"{form} {_TEXT_KINDS[text.kind].format(text.name)}"


def _named(word: Word, dataset: IndexedDataset) -> str:
    """The reason that a dataset's texts have the name of a place, in French."""
    texts = [dataset.text_with(stem) for stem in word.stems]
    return _in_text(f"« {word.written} »", texts[-1]) if all(texts) and texts[-1] else ""


def _elsewhere(word: Word, dataset: IndexedDataset) -> str:
    """The reason that a dataset is of all of France, or of another place, in French."""
    areas, territory = dataset.place
    if EVERYWHERE in areas:
        return _NATIONAL.format(word.written)
    return _ELSEWHERE.format(word.written, territory)


def _served(word: Word, dataset: IndexedDataset) -> str:
    """The reason that a dataset's territory serves who asks for a place, in French."""
    if not word.areas:
        return ""
    areas, territory = dataset.place
    best = max(areas, key=lambda area: word.areas.get(area, 0))
    if best not in word.areas or best == EVERYWHERE:
        return ""
    return f"« {word.written} » dans le territoire : {territory}"
