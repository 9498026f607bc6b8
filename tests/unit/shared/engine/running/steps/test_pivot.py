"""Pivoting: every value has its cell, and what has none is counted."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.applications import effect_of
from shared.engine.applications.effect import Source
from shared.engine.applications.pivot import run as pivot
from shared.engine.applications.pivot.application import PivotParameters
from shared.engine.contract.result import Report
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid, Rejected
from shared.events import Step
from tests.unit.shared.engine.running.steps.benches import bench, result_rows

_WIDE = {"index": ["commune"], "names": "annee", "values": "n"}
_ROWS = [
    {"commune": "Caen", "annee": "2020", "n": "3"},
    {"commune": "Caen", "annee": "2021", "n": "4"},
    {"commune": "Eu", "annee": "2021", "n": "5"},
    {"commune": "Eu", "annee": "2021", "n": "6"},
    {"commune": "Eu", "annee": " ", "n": "7"},
]


def _run(workbench: Workbench, **parameters: Any) -> Report:
    return pivot.run(workbench, PivotParameters.model_validate(parameters))


@pytest.mark.parametrize(
    ("figure", "cells"),
    [("sum", 11), ("mean", 5.5), ("count", 2), ("min", 5), ("max", 6), ("first", "5")],
)
def test_rows_become_columns(figure: str, cells: object) -> None:
    """One row for each group; where there are no rows the cell is empty, or counts none."""
    workbench = bench(table=_ROWS)
    report = _run(workbench, wide={**_WIDE, "figure": figure})
    caen, eu = result_rows(workbench)
    nothing = 0 if figure == "count" else None
    assert list(caen) == ["commune", "2020", "2021"]
    assert (eu["commune"], eu["2020"], eu["2021"]) == ("Eu", nothing, cells)
    assert report["rows"] == {"in": 5, "out": 2, "unnamed": 1, "left_out": 0, "repeated": 1}
    assert "1 ligne n'a pas de nom de colonne" in report["summary"]


def test_count_of_nothing_is_zero() -> None:
    """Also in a column that no row has; of others' restricted data it stays as it was."""
    wide = {**_WIDE, "figure": "count", "columns": ["2019", "2020"]}
    workbench, protected = bench(table=_ROWS), replace(bench(table=_ROWS), is_protected=True)
    _run(workbench, wide=wide)
    _run(protected, wide=wide)
    assert [[row["2019"], row["2020"]] for row in result_rows(workbench)] == [[0, 1], [0, 0]]
    assert [[row["2019"], row["2020"]] for row in result_rows(protected)] == [
        [None, 1],
        [None, None],
    ]


def test_named_columns_are_known_before_the_run() -> None:
    """A year that no row has is an empty column, and what is not named is counted."""
    workbench = bench(table=_ROWS)
    report = _run(workbench, wide={**_WIDE, "columns": ["2019", "2020"]})
    assert result_rows(workbench)[0] == {"commune": "Caen", "2019": None, "2020": 3}
    assert report["columns"] == {"names": ["2019", "2020"], "missing": ["2019"]}
    assert report["rows"]["left_out"] == 3


def test_names_that_are_taken_get_a_suffix_and_are_quoted() -> None:
    """A value may be called as a column of the groups, or be SQL."""
    evil = "x') FROM t; --"
    rows = [{"g": "a", "name": "G", "v": 1}, {"g": "a", "name": evil, "v": 2}]
    workbench = bench(table=rows)
    _run(workbench, wide={"index": ["g"], "names": "name", "values": "v"})
    assert result_rows(workbench) == [{"g": "a", "G_2": 1, evil: 2}]


def test_columns_become_rows_in_their_order() -> None:
    """Other columns are repeated; empty cells are left out and counted, unless they are kept."""
    rows = [{"c": "Caen", "a": "1", "b": ""}, {"c": "Eu", "a": "2", "b": "3"}]
    long = {"columns": ["a", "b"], "names_to": "k", "values_to": "c"}
    workbench = bench(table=rows)
    report = _run(workbench, long=long)
    assert result_rows(workbench) == [
        {"c": "Caen", "k": "a", "c_2": "1"},
        {"c": "Eu", "k": "a", "c_2": "2"},
        {"c": "Eu", "k": "b", "c_2": "3"},
    ]
    assert report["rows"] == {"in": 2, "out": 3, "empty": 1}
    kept = bench(table=rows)
    _run(kept, long={**long, "empty": "kept"})
    assert len(result_rows(kept)) == 4


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(-9, 9)), min_size=1
    )
)
def test_wide_is_a_sum_of_each_cell(rows: list[tuple[str, str, int]]) -> None:
    """As a dictionary of sums has them."""
    naive: dict[tuple[str, str], int] = defaultdict(int)
    for group, name, value in rows:
        naive[group, name] += value
    workbench = bench(table=[{"g": g, "name": n, "v": v} for g, n, v in rows])
    _run(workbench, wide={"index": ["g"], "names": "name", "values": "v"})
    values_by_cell = {
        (row["g"], name): value
        for row in result_rows(workbench)
        for name, value in row.items()
        if name != "g" and value is not None
    }
    assert values_by_cell == naive


def test_too_many_columns_or_rows_are_refused_before_they_are_made() -> None:
    """A key has as many values as rows."""
    workbench = bench(table=[{"g": 1, "k": str(n), "v": 1} for n in range(501)])
    with pytest.raises(Invalid, match="plus de 500 valeurs") as refused:
        _run(workbench, wide={"index": ["g"], "names": "k", "values": "v"})
    assert refused.value.field == "wide.names"
    with pytest.raises(Rejected, match="n'a aucune valeur"):
        _run(
            bench(table=[{"g": 1, "k": "", "v": 1}]),
            wide={**_WIDE, "index": ["g"], "names": "k", "values": "v"},
        )


def test_effect_says_what_cells_are_made_of() -> None:
    """Columns that only the run names are open, and owners are told of what fills them."""

    def effect(**parameters: object) -> Any:
        step = Step(application="pivot", inputs={"table": "t"}, parameters=parameters, output="o")
        return effect_of(step, "steps.0", {"table": ("commune", "annee", "n")})

    wide = effect(wide=_WIDE)
    assert wide.is_open
    assert wide.by == (Source("table", "commune"), Source("table", "annee"))
    assert Source("table", "n") in wide.reads
    known_effect = effect(wide={**_WIDE, "columns": ["2020"]})
    assert (known_effect.is_open, list(known_effect.columns)) == (False, ["commune", "2020"])
    long = effect(long={"columns": ["annee", "n"]})
    assert list(long.columns) == ["commune", "nom", "valeur"]
    assert [part.source.column for part in long.columns["valeur"].of] == ["annee", "n"]


@pytest.mark.parametrize(
    "parameters",
    [{}, {"wide": _WIDE, "long": {"columns": ["a"]}}, {"wide": {**_WIDE, "index": ["a", "A"]}}],
)
def test_pivot_in_no_or_two_directions_is_refused(parameters: dict[str, Any]) -> None:
    """And groups that name a column twice."""
    with pytest.raises(ValueError, match="validation error"):
        PivotParameters.model_validate(parameters)
