"""A column described from its distinct values, whatever the batches they come in."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shared.engine.database import open_database
from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.columns.column_types import all_types
from shared.engine.reading.columns.profile import ColumnProfile, describe_column
from shared.engine.tables.manifest import Column
from tests.unit.shared.engine.codes.test_cog import valid_in

TYPES = all_types(load_codes())


def column(name: str, values: list[str], batch: int = 10**6) -> Column:
    """The column, its distinct values added by so many at once."""
    profile = ColumnProfile(name, TYPES)
    counted = list(Counter(values).items())
    for at in range(0, len(counted), batch):
        some = counted[at : at + batch]
        texts = pa.array([value for value, _ in some], pa.string())
        profile.add(texts, np.array([count for _, count in some], np.int64))
    return profile.column()


def type_of_values(values: list[str]) -> str | None:
    """The type of a column with a name that says nothing."""
    meaning = column("x", values).meaning
    return meaning.type if meaning else None


def test_few_values_that_repeat_are_a_category_and_many_words_are_text() -> None:
    """Names that hardly repeat are neither."""
    assert type_of_values(["rouge", "vert", "bleu"] * 10) == "category"
    assert type_of_values(["rouge", "vert", "bleu"]) is None
    assert type_of_values([f"nom {number}" for number in range(200)] * 5) is None
    assert type_of_values(["Une phrase a plus de mots", "Un avis aussi en a cinq"]) == "free_text"
    assert type_of_values([]) is None


@pytest.mark.parametrize("batch", [50, 10**6])
def test_batches_make_no_difference(batch: int) -> None:
    """Nor does their order: counts, faults and marks add up."""
    days = [f"{day:02}/{month:02}/2026" for day in range(1, 29) for month in range(1, 13)]
    values = [*days, *days, "inconnu", "à venir", "NA", "NA", "bientôt"]
    column_profile = column("x", values, batch)
    assert column_profile == column("x", values[::-1])
    assert (column_profile.kind, column_profile.missing, column_profile.filled) == (
        "text",
        ("NA",),
        2 * 336 + 3,
    )
    assert column_profile.distinct == 336 + 3
    assert column_profile.meaning is not None
    assert column_profile.meaning.invalid == ("bientôt", "inconnu", "à venir")
    assert column_profile.meaning.valid == pytest.approx(672 / 675)


def test_marks_of_no_value_are_values_in_text() -> None:
    """`NA` beside names may be a name; what only a program writes never is."""
    column_profile = column("x", ["Anne", "NA", "NULL", "Zoé"])
    assert (column_profile.missing, column_profile.filled, column_profile.distinct) == (
        ("NULL",),
        3,
        3,
    )
    assert column("x", ["NA", "NA"]).filled == 2


def test_column_of_communes_tells_its_year_and_what_its_codes_are_today() -> None:
    """One of 2019 holds communes that have merged since; few codes fit many years."""
    meaning = column("x", valid_in(2019)).meaning
    assert meaning is not None
    assert (meaning.type, meaning.year, meaning.year_from) == ("commune", 2019, None)
    assert meaning.codes["delegated"] > 0
    assert sum(meaning.codes.values()) == len(valid_in(2019))
    assert column("x", valid_in(2019), 20_000).meaning == meaning
    few = column("com", ["14001", "14003", "14011"]).meaning
    assert few is not None
    assert (few.year, few.year_from, few.codes) == (2024, 1943, {"commune": 2, "delegated": 1})


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("x", ["12,5 %", "3 %"], "%"),
        ("x", ["9,50 €", "1 234,56 €"], "€"),
        ("montant (k€)", ["12", "13"], "k€"),
        ("montant (k€)", ["12 €", "13 €"], "€"),
        ("surface_m2", ["1,5", "2,5"], "m²"),
        ("x", ["12", "13"], None),
        ("surface_m2", ["petite", "grande"], None),
    ],
)
def test_numbers_tell_their_unit(name: str, values: list[str], unit: str | None) -> None:
    """That of the cells, else that of the name; only numbers have one."""
    meaning = column(name, values).meaning
    assert (meaning.unit if meaning else None) == unit


def test_geometries_tell_their_kinds() -> None:
    """Points and polygons are not drawn alike."""
    meaning = column("geom", ["POINT(1 2)", "POLYGON((0 0, 1 1, 2 0, 0 0))"]).meaning
    assert meaning is not None
    assert (meaning.type, meaning.format) == ("wkt", "POINT, POLYGON")


def test_what_stands_in_place_of_a_secret_number_is_told_and_kept() -> None:
    """It is no empty cell, and no reason to call the numbers text; nor is it a number."""
    column_profile = column("menages", ["12", "13", "s", "s", "<5", "nd"])
    assert column_profile.meaning is not None
    assert (column_profile.meaning.type, column_profile.meaning.valid) == ("integer", 1.0)
    assert (column_profile.kind, column_profile.withheld, column_profile.missing) == (
        "text",
        ("<5", "s"),
        ("nd",),
    )
    assert (column_profile.filled, column_profile.distinct) == (5, 4)


@pytest.mark.parametrize("values", [["N", "S", "O"], ["s", "c", "m"], ["A", "S"]])
def test_letters_that_stand_for_themselves_are_not_set_apart(values: list[str]) -> None:
    """The points of the compass are no yes and no with a secret."""
    column_profile = column("x", values)
    assert (column_profile.withheld, column_profile.kind) == ((), "text")
    assert column_profile.meaning is None


def test_column_is_described_beside_one_called_text(tmp_path: Path) -> None:
    """What people call their columns is no name of ours."""
    with open_database(tmp_path, 10**9) as database:
        database.execute("CREATE TABLE a AS SELECT 'x' AS text, '12' AS menages, 'y' AS n")
        assert describe_column(database, "a", "menages").kind == "integer"
