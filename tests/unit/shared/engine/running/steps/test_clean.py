"""Cleaning by operations in order, each of which says what it changed."""

from datetime import date
from typing import Any

import pytest

from shared.engine.applications import effect_of
from shared.engine.applications.clean.application import CleanParameters
from shared.engine.applications.clean.run import clean
from shared.engine.applications.effect import Part, Source
from shared.engine.contract.result import Report
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid, Rejected
from shared.events import Step
from tests.unit.shared.engine.running.steps.benches import bench, made_column, result_rows


def _run(workbench: Workbench, *operations: dict[str, Any]) -> Report:
    return clean.run(workbench, CleanParameters.model_validate({"operations": operations}))


_DAYS = [date(2024, 5, 31), date(2024, 6, 1), date(2024, 5, 1), date(2023, 12, 3)]


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        (
            {"op": "trim"},
            ["  Le  Havre ", "Caen", "\u00a0Bois\u202fGuillaume"],
            ["Le Havre", "Caen", "Bois Guillaume"],
        ),
        ({"op": "case", "to": "upper"}, ["Eu", "Sées", None], ["EU", "SÉES", None]),
        (
            {"op": "case", "to": "title"},
            ["SAINT-LÔ", "l'aigle", "BOIS GUILLAUME", None],
            ["Saint-Lô", "L'Aigle", "Bois Guillaume", None],
        ),
        ({"op": "pad", "length": 5}, ["1004", "14118", "2A004"], ["01004", "14118", "2A004"]),
        ({"op": "pad", "length": 2}, [1.0, 14.0], ["01", "14"]),
        (
            {"op": "leading_zero", "key": "commune"},
            ["1004", "14118", "9999"],
            ["01004", "14118", "9999"],
        ),
        ({"op": "fill", "value": "inconnu"}, ["a", "", " "], ["a", "inconnu", "inconnu"]),
        ({"op": "scale", "divide": 10}, ["140", "270", "10"], [14, 27, 1]),
        ({"op": "scale", "multiply": 0.001}, ["1500", None, "2"], [1.5, None, 0.002]),
        ({"op": "numbers"}, ["1 234,5", "2"], [1234.5, 2.0]),
        ({"op": "dates"}, ["31/05/2024", "2024-06-01", "1er mai 2024", "3 déc. 2023"], _DAYS),
        ({"op": "dates", "formats": ["%m/%d/%Y"]}, ["05/31/2024"], _DAYS[:1]),
        ({"op": "recode", "codes": {"1": "oui", "2": "non"}}, ["1", "2", "9"], ["oui", "non", "9"]),
        (
            {"op": "recode", "codes": {"1": "oui"}, "others": "empty"},
            ["1", "2", None],
            ["oui", None, None],
        ),
    ],
)
def test_operation_changes_the_cells_that_it_names(
    operation: dict[str, Any], before: list[Any], after: list[Any]
) -> None:
    """Other columns and the order of the rows stay; the report counts the cells that changed."""
    workbench = bench(table=[{"n": n, "v": value} for n, value in enumerate(before)])
    report = _run(workbench, {**operation, "columns": ["v"]})
    assert made_column(workbench, "v") == after
    assert made_column(workbench, "n") == list(range(len(before)))
    pairs = zip(before, after, strict=True)
    changed = sum(str(cell) != str(other) for cell, other in pairs)
    assert report["operations"][0]["cells"] == changed


def test_accidents_reach_their_commune_once_dep_is_divided_by_ten() -> None:
    """National accident files write département 14 as 140: what an analyst could not undo."""
    deps, coms = ["140", "270", "10", "760"], ["118", "229", "4", "351"]
    workbench = bench(table=[{"dep": d, "com": c} for d, c in zip(deps, coms, strict=True)])
    report = _run(
        workbench,
        {"op": "copy", "columns": {"dep": "departement"}},
        {"op": "scale", "columns": ["departement"], "divide": 10},
        {"op": "pad", "columns": ["departement"], "length": 2},
        {"op": "pad", "columns": ["com"], "length": 3},
    )
    assert made_column(workbench, "departement") == ["14", "27", "01", "76"]
    assert made_column(workbench, "com") == ["118", "229", "004", "351"]
    assert made_column(workbench, "dep") == deps
    assert [operation.get("cells") for operation in report["operations"]] == [None, 4, 1, 1]


def test_rows_are_dropped_by_what_they_say_and_counted() -> None:
    """Totals, repeated rows and values that are not wanted go; the first of equal rows stays."""
    lines = ["Caen 1 a", "Caen 1 b", "Eu 2 a", "Sous-total 3 a", "Total 4 a", "Totalville 5 c"]
    workbench = bench(table=[dict(zip("vnk", line.split(), strict=True)) for line in lines])
    report = _run(
        workbench,
        {"op": "drop_totals", "columns": ["v"]},
        {"op": "distinct", "columns": ["v", "n"]},
        {"op": "drop_rows", "column": "k", "values": ["c"]},
    )
    assert [(row["v"], row["k"]) for row in result_rows(workbench)] == [("Caen", "a"), ("Eu", "a")]
    assert [operation["rows"] for operation in report["operations"]] == [2, 1, 1]
    assert report["rows"] == {"in": 6, "out": 2}
    assert "totaux : 2 lignes écartées" in report["summary"]


def test_equal_rows_are_one_when_no_columns_are_named() -> None:
    """Also rows with empty cells."""
    rows = [{"a": 1, "b": None}, {"a": 1, "b": 2}, {"a": 1, "b": None}]
    workbench = bench(table=rows)
    _run(workbench, {"op": "distinct"})
    assert result_rows(workbench) == rows[:2]


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "scale", "columns": ["v"], "divide": 10}, "1 valeur n'est pas un nombre"),
        ({"op": "trim", "columns": ["w"]}, "il n'y a pas de colonne « w » ici"),
        (
            {"op": "recode", "columns": ["v"], "codes": {"1": "x"}, "others": "refused"},
            "2 valeurs n'ont pas de remplacement",
        ),
        (
            {"op": "recode", "columns": ["v"], "from_column": "f", "to_column": "t"},
            "mène à plusieurs autres",
        ),
        ({"op": "keep", "columns": ["u"]}, "il n'y a pas de colonne « u » ici"),
        ({"op": "drop", "columns": ["v"]}, "il ne resterait aucune colonne"),
    ],
)
def test_what_cannot_be_read_stops_the_cleaning(operation: dict[str, Any], message: str) -> None:
    """Nothing is guessed: the failure counts the values, and says none."""
    codes = [{"f": "1", "t": "x"}, {"f": "1", "t": "y"}]
    workbench = bench(table=[{"v": v} for v in ("1", "2", "ZZTOP")], codes=codes)
    with pytest.raises(Rejected) as refused:
        _run(workbench, operation)
    assert message in str(refused.value.args[0])
    assert "ZZTOP" not in str(refused.value)


@pytest.mark.parametrize("op", ["dates", "numbers"])
def test_cells_that_are_left_empty_by_choice_are_counted(op: str) -> None:
    """`others` = empty is the holder's choice, and the report says how many."""
    workbench = bench(table=[{"v": v} for v in ("2024-05-31", "non", "12")])
    report = _run(workbench, {"op": op, "columns": ["v"], "others": "empty"})
    assert report["operations"][0]["emptied"] == 2
    assert "2 laissées vides" in report["summary"]


def test_names_that_break_out_of_sql_are_names() -> None:
    """Names and values of any shape are quoted."""
    name, value = 'a"; DROP TABLE b; --{x}', "x'); --{table}"
    workbench = bench(table=[{name: value}, {name: None}])
    _run(
        workbench,
        {"op": "trim", "columns": [name]},
        {"op": "fill", "columns": [name], "value": value},
        {"op": "recode", "columns": [name], "codes": {value: value + "'"}},
        {"op": "distinct", "columns": [name]},
        {"op": "drop_rows", "column": name, "values": [value]},
        {"op": "rename", "columns": {name: "z'"}},
    )
    assert result_rows(workbench) == [{"z'": value + "'"}]


def _effect(*operations: dict[str, Any], columns: tuple[str, ...] | None = ("a", "b")) -> Any:
    inputs, parameters = {"table": "t", "codes": "u"}, {"operations": operations}
    step = Step(application="clean", inputs=inputs, parameters=parameters, output="o")
    return effect_of(step, "steps.0", {"table": columns, "codes": ("f", "t")})


def test_columns_are_followed_through_names_and_changes() -> None:
    """What a column is made of is known after it was copied, changed and renamed."""
    effect = _effect(
        {"op": "copy", "columns": {"a": "c"}},
        {"op": "pad", "columns": ["c"], "length": 2},
        {"op": "rename", "columns": {"b": "d"}},
        {"op": "recode", "columns": ["d"], "from_column": "f", "to_column": "t"},
    )
    assert set(effect.columns) == {"a", "d", "c"}
    assert effect.columns["a"].unchanged == Source("table", "a")
    assert effect.columns["c"].of == (Part(Source("table", "a"), "derived"),)
    assert Part(Source("codes", "t")) in effect.columns["d"].of
    assert [meeting.left for meeting in effect.met] == [Source("table", "b")]


def test_rows_that_are_chosen_otherwise_are_another_request() -> None:
    """Its hash tells which rows count, and what is put together; spaces and names are none."""
    plain = {"op": "trim", "columns": ["a"]}
    chosen = [
        {"op": "keep_rows", "column": "b", "values": [kept_value]} for kept_value in ("x", "y")
    ]
    assert _effect(plain).code == ""
    assert len({_effect(operation).code for operation in chosen}) == 2
    assert Source("table", "b") in _effect(chosen[0]).reads


@pytest.mark.parametrize(
    ("operations", "field"),
    [
        ([{"op": "drop", "columns": ["a"]}, {"op": "trim", "columns": ["a"]}], "1.columns.0"),
        ([{"op": "rename", "columns": {"a": "B"}}], "0.columns"),
        ([{"op": "copy", "columns": {"a": "b"}}], "0.columns"),
    ],
)
def test_operation_on_what_is_gone_is_refused_before_the_run(
    operations: list[dict[str, Any]], field: str
) -> None:
    """The field of the first fault is named."""
    with pytest.raises(Invalid) as refused:
        _effect(*operations)
    assert refused.value.field == f"steps.0.parameters.operations.{field}"


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "wash", "columns": ["a"]}, "'op' doit être l'un de 'trim'"),
        ({"op": "scale", "columns": ["a"]}, "scale demande multiply ou divide"),
        ({"op": "recode", "columns": ["a"]}, "recode demande codes, ou from_column"),
    ],
)
def test_wrong_operation_is_explained_in_french(operation: dict[str, Any], message: str) -> None:
    """Whoever mistypes one reads which there are."""
    with pytest.raises(Invalid) as refused:
        _effect(operation)
    assert message in refused.value.args[0]


def test_table_of_unknown_columns_is_cleaned_as_far_as_it_is_named() -> None:
    """What nobody knows passes, unless the columns kept are named."""
    trim = {"op": "trim", "columns": ["a"]}
    assert _effect(trim, columns=None).passes == ("table",)
    kept = _effect(trim, {"op": "keep", "columns": ["a"]}, columns=None)
    assert (kept.passes, set(kept.columns)) == ((), {"a"})
