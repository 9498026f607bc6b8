"""Keys of a crossing are followed back to the datasets that they come from."""

from typing import Any

from shared.engine.analysis.dataset_crossings import DatasetCrossing, dataset_crossings
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

COLUMNS = {"dts_a": ("com", "n"), "dts_b": ("code", "nom"), "dts_c": ("code", "epci")}


def last_crossing(*steps: Any) -> DatasetCrossing:
    """The last crossing of these steps."""
    inputs = {"a": "dts_a", "b": "dts_b", "c": "dts_c"}
    treatment = Treatment.model_validate({"inputs": inputs, "steps": steps})
    return list(dataset_crossings(treatment, COLUMNS))[-1]


def cross(left: str, right: str, left_key: str, **more: Any) -> Any:
    """A crossing by that key."""
    keys = {"left_key": left_key, "right_key": "code", **more}
    return step("cross", {"left": left, "right": right}, "crossed", **keys)


def clean(*operations: dict[str, Any]) -> Any:
    """The first table, cleaned."""
    return step("clean", {"table": "a"}, "t", operations=list(operations))


def test_steps_that_keep_rows_and_key_leave_a_crossing_exact() -> None:
    """Whatever they do to other columns, and by whatever name the key goes on."""
    renamed = clean({"op": "rename", "columns": {"com": "c"}}, {"op": "trim", "columns": ["n"]})
    drawn = step("report", {"table": "t"}, "r", title="Rapport")
    crossing = last_crossing(renamed, drawn, cross("r", "b", "c"))
    assert crossing.is_exact
    assert crossing.left[:2] == ("dts_a", "com")


def test_rows_that_steps_choose_are_told_with_the_step() -> None:
    """So do totals that an earlier step keeps, and a crossing before; several keys are no one."""
    kept = clean({"op": "keep_rows", "column": "n", "values": ["1"]})
    crossing = last_crossing(kept, cross("t", "b", "com"))
    assert crossing.dataset_ids == ("dts_a", "dts_b")
    assert crossing.changes == ("l'étape 1 (« Nettoyer une table ») ne garde que certaines lignes",)
    summed = clean({"op": "trim", "columns": ["n"]})
    summed["parameters"]["totals"] = "kept"
    (change,) = last_crossing(summed, cross("t", "b", "com")).changes
    assert change.endswith(" garde les lignes de total")
    first = {**cross("a", "b", "com"), "output": "ab"}
    assert not last_crossing(first, cross("ab", "c", "com")).is_exact
    assert not last_crossing(cross("a", "b", "com", keys=[{"left": "n", "right": "nom"}])).is_exact


def test_key_that_a_step_computes_has_no_dataset() -> None:
    """The step is named; own code may make any columns."""
    upper = clean({"op": "case", "columns": ["com"], "to": "upper"})
    key = last_crossing(upper, cross("t", "b", "com")).left
    assert key == ("", "", ("l'étape 1 (« Nettoyer une table ») calcule « com »",))
    code = step("python", {"a": "a"}, "t", code="def run(tables, parameters): ...")
    unknown = last_crossing(code, cross("t", "b", "com")).left
    assert unknown.dataset_id == ""
    assert "ne sont pas connues" in unknown.changes[0]
