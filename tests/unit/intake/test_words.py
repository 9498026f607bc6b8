"""Words as people mean them."""

from services.intake.words import fold, words


def test_case_accents_and_spaces_make_no_difference() -> None:
    """A skill is found however it is typed."""
    assert fold("  Données   Géographiques ") == fold("donnees geographiques")


def test_words_keep_their_first_spelling() -> None:
    """A reason quotes the holder's own word."""
    assert words("Répartition, par IRIS", "repartition") == {
        "repartition": "répartition",
        "par": "par",
        "iris": "iris",
    }
