"""Names inside SQL, and names that must differ."""

from services.compute.runner.database import literal, quoted
from shared.words import unique


def test_quotes_inside_names_and_texts_are_doubled() -> None:
    """What somebody called a column cannot end the name it stands in."""
    assert quoted('a" b') == '"a"" b"'
    assert literal("l'eau") == "'l''eau'"


def test_repeated_names_get_numbers_whatever_their_case() -> None:
    """SQL takes `Nom` and `nom` for one, and a number may be taken as well."""
    assert unique(["nom", "Nom", "nom_2"], taken=["NOM"]) == ["nom_2", "Nom_3", "nom_2_2"]
