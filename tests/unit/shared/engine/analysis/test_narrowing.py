"""A treatment goes on without columns that their owners do not grant, where it can."""

from typing import Any

import pytest

from shared.engine.analysis.lineage import readings_of
from shared.engine.analysis.narrowing import does_without, without_columns
from shared.errors import Invalid
from shared.events.event import Treatment

COLUMNS = {"dts_buses": ("commune", "boardings", "revenue"), "dts_towns": ("code", "population")}


def treatment(*steps: dict[str, Any]) -> Treatment:
    """Does these steps, one after the other, with the buses and the towns."""
    inputs = {"buses": "dts_buses", "towns": "dts_towns"}
    return Treatment.model_validate({"inputs": inputs, "steps": steps})


def step(application: str, output: str, table: str = "buses", **parameters: Any) -> dict[str, Any]:
    """A step of one table."""
    inputs = {"table": table}
    fields = {"application": application, "inputs": inputs, "output": output}
    return {**fields, "parameters": parameters}


CROSS = {
    "application": "cross",
    "inputs": {"left": "buses", "right": "towns"},
    "parameters": {"left_key": "commune", "right_key": "code"},
    "output": "crossed",
}


@pytest.mark.parametrize(
    "steps",
    [
        [CROSS],
        [CROSS, step("aggregate", "s", "crossed", by=["commune"], sums=["boardings", "revenue"])],
        [step("query", "q", sql='SELECT * FROM "table"')],
        [step("clean", "c", operations=[{"op": "keep", "columns": ["commune", "revenue"]}])],
    ],
    ids=["crossed", "added up", "all of a query", "kept"],
)
def test_columns_are_left_out_of_whatever_takes_them_along(steps: list[dict[str, Any]]) -> None:
    """Nothing of them is read, and all the rest as before."""
    before = treatment(*steps)
    after = readings_of(without_columns(before, {"dts_buses": ["revenue"]}), COLUMNS)
    read = readings_of(before, COLUMNS)
    assert set(read["dts_buses"].columns or ()) - {"revenue"} == set(
        after["dts_buses"].columns or ()
    )
    assert read["dts_buses"].covers(after["dts_buses"])
    assert read["dts_towns"].columns == after["dts_towns"].columns


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([step("aggregate", "s", by=["revenue"], rows="n")], "steps.0.parameters.by.0"),
        (
            [step("python", "p", code="def run(t, p):\n    return t['table']['revenue']")],
            "steps.0.parameters.code",
        ),
        (
            [step("python", "p", code="def run(t, p):\n    return t['table'].revenue.sum()")],
            "steps.0.parameters.code",
        ),
        ([step("query", "q", sql='SELECT "revenue" FROM "table"')], "steps.0"),
    ],
)
def test_step_that_needs_one_is_named(steps: list[dict[str, Any]], field: str) -> None:
    """Its holder writes another treatment."""
    with pytest.raises(Invalid, match="revenue") as refused:
        without_columns(treatment(*steps), {"dts_buses": ["revenue"]})
    assert (refused.value.field or "").startswith(field)


def test_a_treatment_that_does_without_them_is_known() -> None:
    """It was made for these very columns: who presses twice asks for nothing more."""
    refused = {"dts_buses": ["revenue"]}
    before = treatment(step("query", "q", sql='SELECT * FROM "table"'))
    assert not does_without(before, refused)
    after = without_columns(before, refused)
    assert does_without(after, refused)
    assert not does_without(after, {"dts_buses": ["revenue", "boardings"]})
