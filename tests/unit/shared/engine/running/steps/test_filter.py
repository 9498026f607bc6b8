"""Rows are kept by a column's value, and stay as they are."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.engine.applications import APPLICATIONS, effect_of
from shared.engine.applications.effect import Source
from shared.engine.applications.filter import run as filtering
from shared.engine.applications.filter.application import FilterParameters
from shared.engine.contract.result import Report
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid
from shared.events import Step
from tests.unit.shared.engine.running.steps.benches import bench, made_column, result_rows

ROWS = [
    {
        "nom": " CAËN ",
        "n": 1,
        "prix": 1.5,
        "jour": date(2024, 1, 31),
        "heure": datetime(2024, 1, 31, 10, tzinfo=UTC),
    },
    {"nom": "caen", "n": 20, "prix": 2.0, "jour": date(2024, 2, 1), "heure": None},
    {"nom": "Vire", "n": 3, "prix": None, "jour": None, "heure": None},
    {"nom": "", "n": None, "prix": 10.0, "jour": date(2023, 12, 31), "heure": None},
]


def _run(workbench: Workbench, column: str, comparison: str, value: str, **more: Any) -> Report:
    parameters = {"column": column, "comparison": comparison, "value": value, **more}
    return filtering.run(workbench, FilterParameters.model_validate(parameters))


@pytest.mark.parametrize(
    ("column", "comparison", "value", "numbers"),
    [
        ("nom", "=", "Caen", [1, 20]),
        ("nom", "<>", "caen", [3]),
        ("nom", "=", "l'Aigle", []),
        ("n", ">", "3", [20]),
        ("n", "<=", "3", [1, 3]),
        ("prix", ">=", "1,6", [20, None]),
        ("jour", "<", "01/02/2024", [1, None]),
        ("jour", "=", "2024-02-01", [20]),
        ("heure", "<=", "31/01/2024", [1]),
    ],
)
def test_rows_are_kept_by_what_their_value_is(
    column: str, comparison: str, value: str, numbers: list[int | None]
) -> None:
    """Numbers and days as such, words however they are written; an empty cell is none of them."""
    workbench = bench(table=ROWS)
    report = _run(workbench, column, comparison, value)
    assert made_column(workbench, "n") == numbers
    assert report["rows"] == {"in": 4, "out": len(numbers)}


def test_case_and_spaces_differ_where_that_is_asked() -> None:
    """As they stand in the cell."""
    workbench = bench(table=ROWS)
    _run(workbench, "nom", "=", " CAËN ", exact=True)
    assert result_rows(workbench) == ROWS[:1]


def test_columns_are_handed_on_as_asked() -> None:
    """The column of the condition need not be among them."""
    workbench = bench(table=ROWS)
    _run(workbench, "n", "=", "3", columns=["nom"])
    assert result_rows(workbench) == [{"nom": "Vire"}]


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        (("n", "=", "trois"), "value", "de nombres entiers"),
        (("n", "=", "1,5"), "value", "de nombres entiers"),
        (("n", "=", "1" * 46), "value", "de nombres entiers"),
        (("n", "=", "\uff11\uff10"), "value", "de nombres entiers"),
        (("prix", "=", "cher"), "value", "de nombres, comme 1,5"),
        (("jour", "=", "31/02/2024"), "value", "de jours"),
        (("pop", "=", "1"), "column", "n'a pas de colonne « pop »"),
    ],
)
def test_value_that_its_column_cannot_have_is_refused(
    parameters: tuple[str, str, str], field: str, message: str
) -> None:
    """Naming the parameter."""
    with pytest.raises(Invalid, match=message) as refusal:
        _run(bench(table=ROWS), *parameters)
    assert refusal.value.field == field


def test_condition_is_read_and_another_one_is_another_request() -> None:
    """Also where its column does not come out."""

    def effect_with(value: str) -> Any:
        parameters = {"column": "n", "value": value, "columns": ["nom"]}
        step = Step(
            application="filter", inputs={"table": "t"}, parameters=parameters, output="kept"
        )
        return effect_of(step, "steps.0", {"table": ("nom", "n", "prix")})

    effect, other = effect_with("1"), effect_with("2")
    assert list(effect.columns) == ["nom"]
    assert effect.reads == {Source("table", "n"), Source("table", "nom")}
    assert effect.code != other.code


def test_sentence_says_whether_spelling_differs() -> None:
    """Of words; numbers have no case."""
    application = APPLICATIONS["filter"]
    words = {"column": "nom", "comparison": "<>", "value": "Caen"}
    numbers = {"column": "n", "value": "3"}
    tables = {"table": "« Villes »"}
    assert application.in_words(words, tables) == (
        "Garde dans « Villes » les lignes où « nom » n'est pas « Caen »,"
        " sans distinguer majuscules, accents ni espaces autour."
    )
    assert application.in_words(numbers, tables).endswith(" où « n » est égal à « 3 ».")
