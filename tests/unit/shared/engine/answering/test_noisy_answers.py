"""Queries answered from tables with noise: every figure, right within its error."""

import pytest

from shared.engine.applications.application import NotInTables
from tests.unit.shared.engine.answering.worlds import noisy


@pytest.mark.parametrize(
    ("group", "figure", "others", "close"),
    [
        ("sexe", "count(*)", "", 0.1),
        ("sexe", "count(DISTINCT id)", "", 0.1),
        ("sexe", "sum(montant)", "", 0.1),
        ("sexe", "avg(montant)", "", 0.15),
        ("left(code_commune, 2)", "count(*)", "WHERE sexe = 'F'", 0.25),
        ("zone", "count(*)", "JOIN zones ON code_commune = code", 0.2),
    ],
)
def test_no_figure_is_hidden_and_each_is_nearly_right(
    group: str, figure: str, others: str, close: float
) -> None:
    """Also of sums of cells, and of means, which are sums by counts."""
    sql = f"SELECT {group} AS k, {figure} AS v FROM caf {others} GROUP BY k"  # noqa: S608
    answer = {row["k"]: row["v"] for row in noisy().answer(sql)}
    for row in noisy().truth(sql):
        if row["k"] != "75":
            assert answer[row["k"]] == pytest.approx(float(row["v"]), rel=close)


def test_small_groups_are_answered_too() -> None:
    """Nobody is asked for so few; that there are any, the figure does not tell."""
    where = "code_commune = '14118' AND sexe = 'X'"
    (row,) = noisy().answer(f"SELECT count(*) AS n FROM caf WHERE {where}")  # noqa: S608
    assert row["n"] == 0
    sql = "SELECT code_commune AS k, sexe AS k2, count(*) AS n FROM caf GROUP BY ALL"
    assert all(row["n"] is not None for row in noisy().answer(sql))


def test_rows_of_several_a_unit_are_no_count_of_units() -> None:
    """It would be too large by those that have several."""
    with pytest.raises(NotInTables, match="au plus 2 par unité"):
        noisy(2).answer("SELECT count(DISTINCT id) AS n FROM caf")
