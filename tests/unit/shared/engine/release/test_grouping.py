"""Queries and pivots that add up are judged by the rules, as aggregations are."""

from pathlib import Path
from typing import Any

import pytest

from shared.engine.tables.release import ReleaseRecord
from tests.integration.compute.jobs import step
from tests.release_advice import advice_of
from tests.unit.shared.engine.release.test_checking import Lab, enterprises


def asked(lab: Lab, sql: str) -> tuple[ReleaseRecord, list[dict[str, Any]]]:
    """The result of a query."""
    return lab.treat([step("query", {"e": "e"}, "r", sql=sql)])


def turned(lab: Lab, **parameters: object) -> tuple[ReleaseRecord, list[dict[str, Any]]]:
    """Turnovers by town, with a column for each trade."""
    fields = {"index": ["ville"], "names": "metier", "values": "ca", "columns": ["x", "y", "z"]}
    return lab.treat([step("pivot", {"table": "e"}, "r", wide={**fields, **parameters})])


def figures(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], float | None]:
    """The sums of turnovers by the texts of their rows."""
    return {
        tuple(cell for cell in row.values() if isinstance(cell, str) and "ca" not in cell): row[
            "ca"
        ]
        for row in rows
    }


def test_query_that_adds_up_leaves_what_an_aggregation_would(tmp_path: Path) -> None:
    """The same cells are empty, and the same is in the ledger."""
    rows = enterprises(1, 60)
    summed = Lab(tmp_path / "a", rows).aggregate("ville", "metier", counts=[], rows="n")
    sql = "SELECT ville, metier, sum(ca) AS ca, count(*) AS n FROM e GROUP BY ALL"
    queried = asked(Lab(tmp_path / "q", rows), sql)
    assert advice_of(summed[0]) == advice_of(queried[0])
    assert figures(summed[1]) == figures(queried[1])
    (entries,), (other,) = summed[0].entries, queried[0].entries
    assert (entries.by, entries.figures, entries.cells) == (other.by, other.figures, other.cells)


def test_condition_of_a_query_is_in_the_ledger(tmp_path: Path) -> None:
    """Its owner reads which rows counted."""
    record, rows = asked(
        Lab(tmp_path, enterprises(1, 60)),
        "SELECT ville, count(*) AS n FROM e WHERE metier = 'x' GROUP BY ville",
    )
    assert record.entries[0].filters == "lignes où \"metier\" = 'x'"
    assert [row["ville"] for row in rows] == ["A", "B", "C"]


def test_result_of_a_query_is_checked_against_what_left(tmp_path: Path) -> None:
    """All but one enterprise: the difference from the sum of all is its own."""
    rows = [*enterprises(1, 30), ("999999999", "A", "w", 300)]
    lab = Lab(tmp_path, rows)
    lab.aggregate("ville")
    record, released_rows = asked(
        lab, "SELECT ville, sum(ca) AS ca FROM e WHERE metier <> 'w' GROUP BY 1"
    )
    assert advice_of(record) == "suppressed"
    assert "A" not in {entry["ville"] for entry in released_rows if entry["ca"] is not None}


def test_number_of_values_is_that_of_those_who_have_one(tmp_path: Path) -> None:
    """One of a town has none: all but one are too many to be told, as one is too few."""
    rows = [(f"{at:09}", "AB"[at % 2], "x", at) for at in range(40)]
    lab = Lab(tmp_path, rows)
    lab.empty = {0}
    sql = "SELECT ville, count(*) AS n, count(metier) AS m FROM e GROUP BY ville"
    record, released_rows = asked(lab, sql)
    assert advice_of(record) == "suppressed"
    assert [(entry["n"], entry["m"]) for entry in released_rows] == [(20, None), (20, None)]


def test_number_of_values_is_told_where_enough_have_none(tmp_path: Path) -> None:
    """Of a town in which ten have one, and ten have none."""
    rows = [(f"{at:09}", "AB"[at % 2], "x", at) for at in range(40)]
    lab = Lab(tmp_path, rows)
    lab.empty = {*range(0, 20, 2)}
    sql = "SELECT ville, count(metier) AS m FROM e GROUP BY ville"
    assert [sentence["m"] for sentence in asked(lab, sql)[1]] == [10, None]
    record, released_rows = asked(lab, sql)
    assert advice_of(record) != "held"
    assert [entry["m"] for entry in released_rows] == [10, None]
    assert record.entries[0].figures == ("count", "count(metier)")


def test_group_that_a_condition_leaves_nothing_out_of_is_not_shown(tmp_path: Path) -> None:
    """All of its enterprises meet it: each is known to."""
    rows = [(f"{at:09}", "ABC"[at % 3], "x" if at % 3 else "xy"[at % 2], 10) for at in range(90)]
    record, released_rows = asked(
        Lab(tmp_path, rows), "SELECT ville, count(*) AS n FROM e WHERE metier = 'x' GROUP BY 1"
    )
    assert advice_of(record) == "suppressed"
    assert [entry["ville"] for entry in released_rows] == ["A"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ville, sum(ca) AS ca FROM e WHERE siren = '000000001' GROUP BY ville",
        "SELECT ville, sum(ca) AS ca FROM e WHERE ca > 500 GROUP BY ville",
        "SELECT ville, sum(ca) AS ca FROM e WHERE ville = 'A' OR metier = 'x' GROUP BY ville",
        "SELECT ville, sum(ca) AS ca FROM e GROUP BY ville HAVING sum(ca) > 500",
        "SELECT ville, sum(ca) AS ca FROM e GROUP BY ville ORDER BY ca",
        "SELECT ville, sum(ca) AS ca FROM e GROUP BY ville LIMIT 2",
        "SELECT ville, max(ca) AS ca FROM e GROUP BY ville",
        "SELECT ville, count(DISTINCT metier) AS n FROM e GROUP BY ville",
        "SELECT ville, sum(CASE WHEN metier = 'x' THEN ca END) AS ca FROM e GROUP BY ville",
        "SELECT ville, sum(ca) AS ca FROM (SELECT * FROM e) GROUP BY ville",
        "SELECT ville, ca FROM e",
    ],
)
def test_other_queries_wait_for_a_reviewer(tmp_path: Path, sql: str) -> None:
    """What picks units, orders by figures or works something out is not followed."""
    assert advice_of(asked(Lab(tmp_path, enterprises(1, 60)), sql)[0]) == "held"


def test_pivot_of_sums_leaves_what_an_aggregation_would(tmp_path: Path) -> None:
    """A cell that is empty there is empty here, and its row stays for the others."""
    rows = [*enterprises(3, 60), ("999999999", "A", "w", 50)]
    summed = Lab(tmp_path / "a", rows).aggregate("ville", "metier", counts=[])
    record, wide = turned(Lab(tmp_path / "p", rows), columns=["x", "y", "z", "w"])
    assert advice_of(record) == advice_of(summed[0]) == "suppressed"
    turnover_by_cell = {(row["ville"], row["metier"]): row["ca"] for row in summed[1]}
    for row in wide:
        for trade in "xyzw":
            assert row[trade] == turnover_by_cell.get((row["ville"], trade))
    assert record.entries[0].by == ("ville", "metier")


def test_pivot_is_checked_against_what_left(tmp_path: Path) -> None:
    """The only one of its trade in a town is told by the town's sum, unless another is hidden."""
    rows = [*enterprises(3, 60), ("999999999", "A", "w", 50)]
    lab = Lab(tmp_path, rows)
    lab.aggregate("ville", counts=[])
    _, wide = turned(lab)
    (town,) = [row for row in wide if row["ville"] == "A"]
    assert None in {town[trade] for trade in "xyz"}


@pytest.mark.parametrize(
    "parameters", [{"figure": "max"}, {"figure": "first"}, {"columns": []}, {"names": "ville"}]
)
def test_other_pivots_wait_for_a_reviewer(tmp_path: Path, parameters: dict[str, object]) -> None:
    """Values of one unit, and columns that are called by what is in the table."""
    assert advice_of(turned(Lab(tmp_path, enterprises(1, 60)), **parameters)[0]) == "held"


def test_figure_that_names_groups_waits_for_a_reviewer(tmp_path: Path) -> None:
    """As a name it would stand where no rule looks at it."""
    steps = [
        step("aggregate", {"table": "e"}, "s", by=["ville"], sums=["ca"], rows="n"),
        step("aggregate", {"table": "s"}, "r", by=["ca"], sums=["n"]),
    ]
    assert advice_of(Lab(tmp_path, enterprises(1, 60)).treat(steps)[0]) == "held"


def test_number_of_values_is_that_of_units_alone(tmp_path: Path) -> None:
    """Of one trade alone all enterprises of a town would be."""
    record, rows = Lab(tmp_path, enterprises(1, 60)).aggregate(
        "ville", sums=[], distinct=["siren", "metier"]
    )
    assert advice_of(record) != "held"
    assert all(row["siren_distincts"] and row["metier_distincts"] is None for row in rows)
