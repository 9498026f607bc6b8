"""A value that is written in two ways is one value: in groups, columns, numbers and crossings."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.compute.jobs import Tables, step, treat

DAYS = ("01/01/2024", "2024-01-01", "2024-01-02", "03/01/2024", "2024-01-02")
MIXED = "jour;n\n" + "".join(f"{day};{number}\n" for number, day in enumerate(DAYS * 12))
ISO = "jour;nom\n2024-01-01;a\n2024-01-02;b\n2024-01-03;c\n"
FRENCH = "le;n\n01/01/2024;1\n02/01/2024;2\n31/12/2023;3\n"
EUROS = "montant;n\n12 €;1\n15,50 €;2\n1 200 €;3\n"
PLAIN = "prix;nom\n12;a\n15.5;b\n1200;c\n"
SECRET = "grp;secret\n" + "a;12\na;7\nb;s\nb;nc\nb;30\n" * 12


def result_rows(
    folder: Path, tables: Mapping[str, str], *steps: dict[str, Any]
) -> list[dict[str, str]]:
    """The rows of the result."""
    contents_by_name: Tables = {name: text.encode() for name, text in tables.items()}
    outcome = treat(folder, contents_by_name, *steps)
    assert not outcome.error, outcome.error
    with outcome.output_path("result.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


def aggregate(**parameters: Any) -> dict[str, Any]:
    """An aggregation of `t`."""
    return step("aggregate", {"table": "t"}, "out", **parameters)


def crossing(left: str, right: str, how: str = "inner") -> dict[str, Any]:
    """A crossing of `t` and `u`."""
    sides = {"left": "t", "right": "u"}
    return step("cross", sides, "out", left_key=left, right_key=right, how=how)


def test_a_day_is_one_group_however_it_is_written(tmp_path: Path) -> None:
    """As SQL has it, which reads days as days."""
    counted = {"2024-01-01": "24", "2024-01-02": "24", "2024-01-03": "12"}
    rows = result_rows(tmp_path / "group", {"t": MIXED}, aggregate(by=["jour"], rows="lignes"))
    assert {row["jour"]: row["lignes"] for row in rows} == counted
    sql = "SELECT jour, count(*) AS lignes FROM t GROUP BY jour"
    rows = result_rows(tmp_path / "sql", {"t": MIXED}, step("query", {"t": "t"}, "out", sql=sql))
    assert {row["jour"]: row["lignes"] for row in rows} == counted


def test_a_day_is_counted_once_however_it_is_written(tmp_path: Path) -> None:
    """Distinct days are days."""
    table = MIXED.replace(";", ";g;").replace("jour;g;n", "jour;grp;n")
    (row,) = result_rows(tmp_path, {"t": table}, aggregate(by=["grp"], distinct=["jour"]))
    assert row["jour_distincts"] == "3"


def test_a_day_makes_one_column_however_it_is_written(tmp_path: Path) -> None:
    """And one row, where it is the index."""
    wide = {"index": ["grp"], "names": "jour", "values": "n", "figure": "count"}
    table = "grp;jour;n\n" + "".join(f"g;{day};1\n" for day in DAYS * 12)
    (row,) = result_rows(tmp_path, {"t": table}, step("pivot", {"table": "t"}, "out", wide=wide))
    assert list(row) == ["grp", "2024-01-01", "2024-01-02", "2024-01-03"]


@pytest.mark.parametrize(
    ("left", "right", "keys", "met"),
    [
        (FRENCH, ISO, ("le", "jour"), {"1": "a", "2": "b"}),
        (MIXED.split("\n", 6)[0] + "\n01/01/2024;1\n2024-01-02;2\n" * 9, ISO, ("jour", "jour"), {}),
        (EUROS, PLAIN, ("montant", "prix"), {"1": "a", "2": "b", "3": "c"}),
    ],
    ids=["days", "mixed days", "numbers"],
)
def test_keys_meet_by_what_they_mean(
    tmp_path: Path, left: str, right: str, keys: tuple[str, str], met: dict[str, str]
) -> None:
    """A French day meets an ISO one, and 12 € meets 12."""
    rows = result_rows(tmp_path, {"t": left, "u": right}, crossing(*keys))
    names_by_number = {row["n"]: row["nom"] for row in rows}
    assert names_by_number == (met or {"1": "a", "2": "b"})
    assert met or len(rows) == 18


def test_marks_of_secret_figures_are_no_values(tmp_path: Path) -> None:
    """They are not counted as such: a sum over its count is a mean."""
    fields = {"by": ["grp"], "sums": ["secret"], "counts": ["secret"], "distinct": ["secret"]}
    rows = result_rows(tmp_path, {"t": SECRET}, aggregate(**fields))
    figures = [(row["secret"], row["secret_nombre"], row["secret_distincts"]) for row in rows]
    assert figures == [("228", "24", "2"), ("360", "12", "1")]
