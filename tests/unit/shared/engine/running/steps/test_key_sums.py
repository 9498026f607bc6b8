"""What is added up by key while keys are counted is what the rows of the crossing add up to."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.applications.aggregate import run as aggregate
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.cross.application import CrossParameters
from shared.engine.applications.cross.run import cross
from shared.engine.running.steps.workbench import TABLE, InputTable, Workbench
from tests.unit.shared.engine.running.steps.benches import MADE, bench, result_rows

_CELL = st.sampled_from(["a", " a", "b", "c ", "", None])
_NUMBER = st.one_of(st.none(), st.integers(-9, 9), st.just(10**14))
_LEFT = st.lists(st.tuples(_CELL, _NUMBER), max_size=12)
_RIGHT = st.lists(st.tuples(_CELL, st.sampled_from(["x", "y", None])), max_size=5)
_FIGURES: dict[str, Any] = {
    "sums": ["v"],
    "means": ["v"],
    "counts": ["k"],
    "rows": "n",
    "mins": ["v"],
    "maxs": ["v"],
}


def _added(workbench: Workbench, parameters: AggregateParameters, how: str, *, by_key: bool) -> Any:
    """The table and the report of an aggregation of a crossing, and how it was made."""
    crossing = replace(workbench, summed=parameters if by_key else None, as_read={})
    keys = {"left_key": "k", "right_key": "k", "how": how, "many_to_many": "kept"}
    rows = cross.run(crossing, CrossParameters.model_validate(keys))["rows"]["out"]
    tables = {TABLE: InputTable(MADE, MADE, rows, rows)}
    summing = replace(crossing, tables=tables, output="sums")
    report = aggregate.run(summing, parameters)
    return result_rows(summing), report, crossing.as_read


def _table(columns: dict[str, pa.DataType], rows: list[tuple[Any, Any]]) -> pa.Table:
    listed = [dict(zip(columns, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(listed, pa.schema(columns))


def _bench(
    left: list[tuple[Any, Any]], right: list[tuple[Any, Any]], *, are_texts: bool
) -> Workbench:
    if are_texts:
        left = [(key, "" if number is None else f" {number}") for key, number in left]
    kind = pa.string() if are_texts else pa.int64()
    return bench(
        left=_table({"k": pa.string(), "v": kind}, left),
        right=_table({"k": pa.string(), "g": pa.string()}, right),
    )


@settings(max_examples=25, deadline=None)
@given(
    left=_LEFT,
    right=_RIGHT,
    how=st.sampled_from(["left", "inner"]),
    by=st.sampled_from("gk"),
    are_texts=st.booleans(),
)
def test_sums_by_key_are_those_of_the_rows(
    left: list[tuple[Any, Any]], right: list[tuple[Any, Any]], how: str, by: str, are_texts: bool
) -> None:
    """By columns of the right table or the key, with keys that repeat and rows that have none."""
    parameters = AggregateParameters.model_validate({"by": [by], **_FIGURES})
    given_tables = (_bench(left, right, are_texts=are_texts) for _ in range(2))
    *by_rows, _ = _added(next(given_tables), parameters, how, by_key=False)
    *by_key, as_read = _added(next(given_tables), parameters, how, by_key=True)
    assert by_key == by_rows
    assert as_read == {MADE: True}


@pytest.mark.parametrize(
    "fields",
    [
        {"by": ["g", "v"], "counts": ["k"]},
        {"by": ["g"], "distinct": ["v"]},
        {"by": ["g"], "counts": ["g"]},
        {"by": ["g"], "sums": ["d"]},
        {"by": ["g"], "sums": ["t"]},
    ],
)
def test_what_keys_cannot_tell_is_made_of_rows(fields: dict[str, Any]) -> None:
    """Groups of left columns, distinct values, right columns and sums of decimals, also texts."""
    workbench = bench(
        left=[{"k": "a", "v": 1, "d": 0.5, "t": "1"}, {"k": "a", "v": 1, "d": 0.25, "t": "1,5"}],
        right=[{"k": "a", "g": "x"}],
    )
    parameters = AggregateParameters.model_validate(fields)
    rows, _, as_read = _added(workbench, parameters, "inner", by_key=True)
    assert as_read == {MADE: False}
    assert [row["g"] for row in rows] == ["x"]
