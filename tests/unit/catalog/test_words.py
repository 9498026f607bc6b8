"""How French text is compared."""

import pytest

from services.catalog.words import fold, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Mobilités ", "mobilites"),
        ("Œuvres d'Ætius", "oeuvres d'aetius"),
        ("forêt ÎLE", "foret ile"),
        ("e\u0301tude", "etude"),
    ],
)
def test_folding_drops_case_accents_and_ligatures(text: str, expected: str) -> None:
    """Composed and decomposed accents, capitals and ligatures compare equal."""
    assert fold(text) == expected


def test_plural_meets_singular() -> None:
    """A plural in s or x has the stem of its singular."""
    assert set(words("Logements vacants, réseaux d'eaux")) == set(
        words("logement vacant RÉSEAU eau")
    )


def test_stop_words_and_elisions_carry_no_meaning() -> None:
    """Articles, elided ones too, and prepositions are dropped."""
    assert set(words("L'habitat dans les communes d'Orne et de l'Eure")) == {
        "habitat",
        "commune",
        "orne",
        "eure",
    }


def test_words_are_kept_as_they_were_first_written() -> None:
    """A stem leads to the word a reader knows."""
    assert words("Forêts", "fore\u0302t") == {"foret": "forêts"}


def test_short_words_keep_their_last_letter() -> None:
    """`gaz`, `bus` and numbers are no plurals."""
    assert set(words("bus gaz 2026")) == {"bus", "gaz", "2026"}


def test_nothing_but_stop_words_is_nothing() -> None:
    """Text without meaning has no words."""
    assert words("", "de la, à l'", "_ - !") == {}
