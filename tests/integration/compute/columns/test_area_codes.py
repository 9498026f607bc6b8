"""Columns that alone prove nothing are told by those beside them, whatever their names."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.engine.reading.columns.cog import load_codes
from tests.integration.compute.jobs import DATA, ingest

CHANCE = np.random.default_rng(5)
COMMUNES = sorted(code for code in load_codes().communes if code < "96")[::30]
OF_CALVADOS = sorted(code for code in load_codes().communes if code.startswith("14"))


def types_of(folder: Path, *columns: Iterable[object]) -> list[str]:
    """What the columns of a table are called whose names say nothing."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow([f"valeur {at}" for at in range(len(columns))])
    writer.writerows(zip(*columns, strict=True))
    return types_in_file(folder, text.getvalue().encode())


def types_in_file(folder: Path, content: bytes) -> list[str]:
    """The types of the columns of a file."""
    columns = ingest(folder, content).reports[0]["columns"]
    return [(column["meaning"] or {"type": column["kind"]})["type"] for column in columns]


def real(path: Path, encoding: str, names: Sequence[str]) -> list[list[str]]:
    """Columns of a real file."""
    with path.open(encoding=encoding, newline="") as source:
        rows = list(csv.DictReader(source, delimiter=";"))
    return [[row[name] for row in rows] for name in names]


def numbers(middle: float, spread: float, many: int, digits: int = 4) -> list[str]:
    """Decimals around the middle."""
    return [f"{figure:.{digits}f}" for figure in CHANCE.normal(middle, spread, many)]


@pytest.mark.parametrize("is_beside_communes", [True, False])
@pytest.mark.parametrize("order", [("Xlongitude", "Ylatitude"), ("Ylatitude", "Xlongitude")])
def test_real_coordinates_are_told_by_each_other(
    tmp_path: Path, is_beside_communes: bool, order: tuple[str, str]
) -> None:
    """Charging points of all France, with the communes beside them or without."""
    names = [*(["code_insee"] if is_beside_communes else []), *order]
    types = types_of(tmp_path, *real(DATA / "irve_2020_cp1252.csv", "cp1252", names))
    assert types[-2:] == [{"X": "longitude", "Y": "latitude"}[name[0]] for name in order]


def test_coordinates_of_one_departement_and_of_overseas_are_told(tmp_path: Path) -> None:
    """With a decimal comma, and as numbers of a Parquet file."""
    near = [numbers(49.1, 0.2, 500), numbers(-0.4, 0.3, 500)]
    commas = [[cell.replace(".", ",") for cell in column] for column in near]
    assert types_of(tmp_path / "a", OF_CALVADOS[:500], *commas)[1:] == ["latitude", "longitude"]
    island = pa.table(
        {"a": CHANCE.uniform(-21.3, -20.9, 200), "b": CHANCE.uniform(55.3, 55.8, 200)}
    )
    parquet.write_table(island, tmp_path / "island.parquet")
    assert types_in_file(tmp_path / "b", (tmp_path / "island.parquet").read_bytes()) == [
        "latitude",
        "longitude",
    ]


@pytest.mark.parametrize("communes", [COMMUNES, OF_CALVADOS])
def test_shares_and_rates_that_look_like_coordinates_are_numbers(
    tmp_path: Path, communes: list[str]
) -> None:
    """Of men and of growth by commune: no farther apart in France than in one département."""
    many = len(communes)
    shares = [numbers(49.3, 1.5, many, 6), numbers(0.5, 1.2, many, 6)]
    assert types_of(tmp_path, communes, *shares)[1:] == ["decimal", "decimal"]


@pytest.mark.parametrize(
    ("north", "east"),
    [
        (numbers(49.1, 0.2, 100, 1), numbers(-0.4, 0.3, 100, 1)),
        (numbers(49.1, 0.2, 100), numbers(40, 0.3, 100)),
        (numbers(60, 0.2, 100), numbers(-0.4, 0.3, 100)),
        (numbers(49.1, 0.2, 10) * 10, numbers(-0.4, 0.3, 100)),
        (numbers(49.1, 6, 100), numbers(-0.4, 0.3, 100)),
    ],
)
def test_numbers_side_by_side_are_no_coordinates_by_accident(
    tmp_path: Path, north: list[str], east: list[str]
) -> None:
    """Of few digits, far from France, hardly different, or too wide apart."""
    assert types_of(tmp_path, north, east) == ["decimal", "decimal"]


def test_numbers_beside_communes_are_no_codes_of_places(tmp_path: Path) -> None:
    """Ages, days and counts do not follow from the commune."""
    many = len(COMMUNES)
    ages, days = CHANCE.integers(18, 96, many), CHANCE.integers(1, 29, many)
    types = types_of(tmp_path, COMMUNES, ages, [f"{day:02}" for day in days], [28] * many)
    assert types[0] == "commune"
    assert not {"departement", "region"} & {*types}
