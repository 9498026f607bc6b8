"""Names of persons are told from names of places and things."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from shared.engine.reading.columns.person_names import Words
from shared.engine.reading.values.value_tests import Flags
from tests.unit.shared.engine.reading.columns.test_column_types import column

FIRST, LAST, FULL = Words.are_first_name, Words.are_surname, Words.are_full_name
"""A first name or several, a surname or a double one, a first name beside a surname."""

NameTest = Callable[[Words], Flags]


def share(test: NameTest, *texts: str) -> float:
    """The share of the texts that pass."""
    return float(test(Words.of(pa.array(texts, pa.string()))).mean())


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (FIRST, "Jean-Pierre"),
        (FIRST, "ZOÉ"),
        (FIRST, "Anne Marie Louise"),
        (LAST, "LE GALL"),
        (LAST, "da Silva"),
        (LAST, "Lefèvre"),
        (LAST, "Martin-Dupont"),
        (FULL, "DUPONT Marie"),
        (FULL, "M. Jean-Pierre Le Goff"),
        (FULL, "Mme Lucie de Martin"),
    ],
)
def test_name_is_recognised_however_it_is_written(test: NameTest, text: str) -> None:
    """Case, accents, hyphens, titles and particles make no difference."""
    assert share(test, text) == 1


OTHERS = ("", "Gymnase", "2 rue Victor", "M.", "Salle Jean Moulin B 12 c")
WITH_DIGITS = ("b6e1e123-000", "3e8315ce-000", "ALAIN-001", "Martin2", "BE 7")


@pytest.mark.parametrize("text", [*OTHERS, *WITH_DIGITS])
@pytest.mark.parametrize("test", [FIRST, LAST, FULL])
def test_other_text_is_no_name(test: NameTest, text: str) -> None:
    """Also when a name stands in it; a code is none, whatever its letters spell."""
    assert share(test, text) == 0


@pytest.mark.parametrize("test", [FIRST, LAST, FULL])
def test_few_communes_are_called_like_persons(test: NameTest) -> None:
    """Of the real communes fewer than one in ten has a name that a person could have."""
    assert share(test, *column("communes_2026.csv", "nom")) < 0.1


def test_no_texts_are_no_names() -> None:
    """An empty column has no flags."""
    assert len(Words.of(pa.array([], pa.string())).are_full_name()) == 0
