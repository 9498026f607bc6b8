"""Medians and quantiles of restricted rows, estimated from protected tables by classes."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest

from shared.engine.applications.application import NotInTables
from tests.unit.shared.engine.answering.worlds import Row, World, noisy, people

AGES = (0, 18, 25, 60, 80)
AMOUNTS = (*range(100, 501, 50),)

SHOWN = """
SELECT sexe AS k, median(age) AS m, count(*) AS n FROM caf GROUP BY sexe ORDER BY k;
SELECT left(code_commune, 2) AS k, median(age) AS m, quantile_cont(age, 0.25) AS q, quantile(age,
  0.1) AS d FROM caf GROUP BY 1 ORDER BY k;
SELECT median(age) FILTER (WHERE sexe = 'F') AS m FROM caf WHERE left(code_commune, 2) = '14';
SELECT sexe AS k, percentile_cont(0.25) WITHIN GROUP (ORDER BY age) AS q, round(median(age)) AS m
  FROM caf GROUP BY 1 ORDER BY 1;
SELECT median(age) AS m FROM caf WHERE age >= 25;
SELECT k, m FROM (SELECT sexe AS k, median(age) AS m FROM caf GROUP BY 1) ORDER BY m, k;
SELECT sexe AS k, median(age) AS m FROM caf GROUP BY sexe HAVING median(age) > 20 ORDER BY k;
SELECT z.zone AS k, median(c.age) AS m FROM caf c JOIN zones z ON z.code = c.code_commune
  WHERE z.zone = 'nord' GROUP BY 1;
"""

REFUSED = {
    "SELECT median(montant) AS m FROM caf": "« montant » n'en a pas",
    "SELECT median(code_commune) AS m FROM caf": "« code_commune » n'en a pas",
    "SELECT median(age + 1) AS m FROM caf": "« age » n'est montré que par classes",
    "SELECT median(DISTINCT age) AS m FROM caf": "« age » n'est montré que par classes",
    "SELECT quantile_cont(age, [0.25, 0.75]) AS m FROM caf": "« age » n'est montré que par classes",
    "SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY age DESC) AS m FROM caf": "« age »",
    "SELECT mad(age) AS m FROM caf": "n'est pas suivi ici",
}


def shown(world: World, sql: str, ends: Sequence[float]) -> list[bool]:
    """Whether each quantile of an answer is there; AssertionError for one in another class."""
    truth, answer = world.truth(sql), world.answer(sql)
    truth_by_key = {row.get("k"): row for row in truth}
    return [
        _is_right(cell, truth_by_key[row.get("k")], name, ends)
        for row in answer
        for name, cell in row.items()
        if name not in ("k", "n")
    ]


def _is_right(cell: float | None, truth: Row, name: str, ends: Sequence[float]) -> bool:
    if cell is not None:
        assert any(
            start <= value <= end and start <= cell <= end
            for start, end in pairwise(ends)
            for value in [float(truth[name])]
        ), (name, cell, truth)
    return cell is not None


@pytest.mark.parametrize("sql", [sql.strip() for sql in SHOWN.split(";")[:-1]])
def test_a_quantile_is_in_the_class_of_the_true_one(sql: str) -> None:
    """It is shown where the counts of its classes are, or those that are hidden do not matter."""
    assert all(shown(people(), sql, AGES))


def test_what_hidden_classes_could_move_is_not_shown() -> None:
    """Of random groups each is right or empty, and so is each of the smallest towns."""
    random, seen = Random(5), list[bool]()
    for _ in range(20):
        share = random.randint(1, 99) / 100
        where = random.choice(("sexe = 'F'", "prestation = 'C'", "age >= 18", "prestation IS NULL"))
        seen += shown(
            people(),
            f"SELECT left(code_commune, 2) AS k, quantile_cont(age, {share}) AS m FROM caf"  # noqa: S608
            f" WHERE {where} GROUP BY 1",
            AGES,
        )
    assert {*seen} == {True, False}
    towns = people().answer("SELECT code_commune AS k, median(age) AS m FROM caf GROUP BY 1")
    by_town = {row["k"]: row["m"] for row in towns}
    assert by_town["14118"] is not None
    assert by_town["14366"] is by_town["50218"] is None


def test_the_last_class_has_no_end_to_estimate_by() -> None:
    """A ninth decile beyond the last bound is left empty."""
    (row,) = people().answer("SELECT quantile_cont(age, 0.95) AS q FROM caf")
    assert row["q"] is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT median(age) FILTER (WHERE sexe = 'X') AS m FROM caf",
        "SELECT median(age) AS m FROM caf WHERE sexe = 'X'",
    ],
)
def test_nobody_has_no_median(sql: str) -> None:
    """It is empty, as the rows' own."""
    assert people().answer(sql) == people().truth(sql) == [{"m": None}]


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_quantile_between_two_classes_is_of_neither(share: float) -> None:
    """Each commune and year in turn: where its neighbours lie in two classes, it is empty."""
    seen = shown(
        people(),
        f"SELECT concat(code_commune, year(ouvert)) AS k, quantile_cont(age, {share}) AS q"  # noqa: S608
        " FROM caf GROUP BY code_commune, year(ouvert)",
        AGES,
    )
    assert {*seen} == {True, False}


def test_noise_is_no_reason_to_name_a_wrong_class() -> None:
    """The class is named where it is sure by what the counts may be wrong."""
    world = noisy(by_amount=True)
    sql = (
        "SELECT sexe AS k, quantile_cont(montant, {}) AS q FROM caf WHERE sexe IN ('F', 'H')"
        " GROUP BY 1"
    )
    shares = [0.3, 0.5, 0.55, 0.8]
    assert any(right for share in shares for right in shown(world, sql.format(share), AMOUNTS))


@pytest.mark.parametrize(("sql", "why"), REFUSED.items())
def test_what_is_no_quantile_of_a_column_in_classes_waits(sql: str, why: str) -> None:
    """The refusal names the column."""
    with pytest.raises(NotInTables, match=why):
        people().answer(sql)
