"""Names of persons are told from names of places and things."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from services.compute.runner.columns.person_names import Words
from services.compute.runner.columns.value_tests import Flags, Test, Texts

DEMO = Path(__file__).resolve().parents[4] / "deploy" / "demo" / "data"


def is_first_name(texts: Texts) -> Flags:
    """One first name, or several."""
    return Words.of(texts).are_first_name()


def is_surname(texts: Texts) -> Flags:
    """A surname, also a double one."""
    return Words.of(texts).are_surname()


def is_full_name(texts: Texts) -> Flags:
    """A first name before or after a surname."""
    return Words.of(texts).are_full_name()


def share(test: Test, *texts: str) -> float:
    """The share of the texts that pass."""
    return float(test(pa.array(texts, pa.string())).mean())


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (is_first_name, "Jean-Pierre"),
        (is_first_name, "ZOÉ"),
        (is_first_name, "Anne Marie Louise"),
        (is_surname, "LE GALL"),
        (is_surname, "da Silva"),
        (is_surname, "Lefèvre"),
        (is_surname, "Martin-Dupont"),
        (is_full_name, "DUPONT Marie"),
        (is_full_name, "M. Jean-Pierre Le Goff"),
        (is_full_name, "Mme Lucie de Martin"),
    ],
)
def test_name_is_recognised_however_it_is_written(test: Test, text: str) -> None:
    """Case, accents, hyphens, titles and particles make no difference."""
    assert share(test, text) == 1


@pytest.mark.parametrize("text", ["", "Gymnase", "2 rue Victor", "M.", "Salle Jean Moulin B 12 c"])
@pytest.mark.parametrize("test", [is_first_name, is_surname, is_full_name])
def test_other_text_is_no_name(test: Test, text: str) -> None:
    """Also when a name stands in it."""
    assert share(test, text) == 0


@pytest.mark.parametrize("text", ["b6e1e123-000", "3e8315ce-000", "ALAIN-001", "Martin2", "BE 7"])
@pytest.mark.parametrize("test", [is_first_name, is_surname, is_full_name])
def test_value_with_digits_is_no_name(test: Test, text: str) -> None:
    """A code is none, whatever its letters spell."""
    assert share(test, text) == 0


@pytest.mark.parametrize("test", [is_first_name, is_surname, is_full_name])
def test_few_communes_are_called_like_persons(test: Test) -> None:
    """Of the real communes fewer than one in ten has a name that a person could have."""
    with (DEMO / "communes_2026.csv").open(encoding="utf-8", newline="") as file:
        names = [row["nom"] for row in csv.DictReader(file, delimiter=";")]
    assert share(test, *names) < 0.1


def test_no_texts_are_no_names() -> None:
    """An empty column has no flags."""
    assert len(is_full_name(pa.array([], pa.string()))) == 0
