"""Words are compared without case, accents and ligatures."""

import unicodedata

import pytest

from shared.language.folding import fold, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Mobilités ", "mobilites"),
        ("Données   Géographiques", "donnees geographiques"),
        ("Œuvres d'Ætius", "oeuvres d'aetius"),
        ("cœur", "coeur"),
        ("forêt ÎLE", "foret ile"),
        ("e\u0301tude", "etude"),
        ("ﬁn", "fin"),
        ("Straße™", "strassetm"),
    ],
)
def test_folding_drops_case_accents_and_ligatures(text: str, expected: str) -> None:
    """A skill or a theme is found however it is typed."""
    assert fold(text) == expected


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_words_are_the_same_in_every_form_of_unicode(form: str) -> None:
    """What macOS sends decomposed is no other word, and not two."""
    text = unicodedata.normalize(form, "Répartition à cœur ouvert")  # type: ignore[arg-type]
    assert words(text) == {
        "repartition": "répartition",
        "a": "à",
        "coeur": "cœur",
        "ouvert": "ouvert",
    }


def test_words_keep_their_first_spelling() -> None:
    """A reason quotes the holder's own word."""
    folded_words = words("Répartition, par_IRIS", "repartition")
    assert folded_words == {"repartition": "répartition", "par": "par", "iris": "iris"}
