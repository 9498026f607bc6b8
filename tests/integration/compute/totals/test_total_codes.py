"""Rows coded as totals of a dimension are found, and codes that only look so are not."""

from itertools import product
from pathlib import Path

import pytest

from tests.integration.compute.jobs import ingest
from tests.integration.compute.profiles import total_rows

AREAS = [f"{14000 + n}" for n in range(1, 31)]
AGES, SEXES = ("Y_LT15", "Y15T64", "Y_GE65"), ("M", "F")


def size(area: str, sex: str, age: str) -> int:
    """How many persons there are; of totals the sum of their parts."""
    if sex not in SEXES:
        return sum(size(area, sex, age) for sex in SEXES)
    if age not in AGES:
        return sum(size(area, sex, age) for age in AGES)
    return (int(area) * (3 + AGES.index(age)) + 7 * SEXES.index(sex)) % 23 + 1


def census(code: str, label: str = "") -> str:
    """A table by three dimensions, each row with the label of its sex where one is wanted."""
    lines = [f"GEO;SEX;{'SEX_LABEL;' if label else ''}AGE;TIME_PERIOD;OBS_STATUS;OBS_VALUE"]
    for area, sex, age in product(AREAS, (*SEXES, code), (*AGES, code)):
        name = {"M": "Hommes;", "F": "Femmes;"}.get(sex, f"{label};") if label else ""
        lines.append(f"{area};{sex};{name}{age};2021;A;{size(area, sex, age)}")
    return "\n".join(lines)


def coded(table: str, code: str) -> list[int]:
    """The rows that have that code somewhere."""
    rows = enumerate(table.split("\n")[1:], 1)
    return [number for number, row in rows if code in row.split(";")]


@pytest.mark.parametrize("code", ["_T", "_Z", "ENS"])
def test_codes_of_totals_are_found_in_each_dimension(tmp_path: Path, code: str) -> None:
    """So that a sum over all rows counts everybody once, and not four times."""
    table = census(code)
    assert total_rows(ingest(tmp_path, table.encode())) == coded(table, code)


def test_labels_of_the_codes_are_no_dimension(tmp_path: Path) -> None:
    """A total and its parts differ in them, too."""
    table = census("_T", label="Deux sexes")
    assert total_rows(ingest(tmp_path, table.encode())) == coded(table, "_T")


def test_total_without_parts_counts(tmp_path: Path) -> None:
    """Of small communes the parts are not told: nobody is counted twice."""
    alone = "27001;_T;_T;2021;A;12"
    table = f"{census('_T')}\n{alone}"
    assert total_rows(ingest(tmp_path, table.encode())) == coded(table, "_T")[:-1]


@pytest.mark.parametrize("values", [(1, 1, 1), (1, 1, 2), (40, 31, 65)])
def test_code_that_sums_nothing_is_a_value(tmp_path: Path, values: tuple[int, int, int]) -> None:
    """T is also a way of transport, and one and one are two."""
    rows = [
        f"{area};{way};{value}"
        for area in AREAS[: 3 if max(values) == 2 else 30]
        for way, value in zip("ABT", values, strict=True)
    ]
    table = "commune;mode;nombre\n" + "\n".join(rows)
    assert total_rows(ingest(tmp_path, table.encode())) == []
