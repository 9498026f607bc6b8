"""What a preview says of a result, and of what its job will take."""

from typing import Any

import pytest

from services.compute.jobs.previews import preview_treatment
from shared.auth import Caller
from shared.engine.analysis.preview import KnownPreview, PlannedTreatment
from shared.errors import Invalid
from tests.integration.compute.jobs import step

CROSS = step("cross", {"left": "a", "right": "b"}, "c", left_key="com", right_key="code")
SUMS = step("aggregate", {"table": "c"}, "s", by=["epci"], sums=["logements"])


class Catalogue:
    """A catalogue that knows two tables, of so many rows and of 35,000."""

    def __init__(self, rows: int | None, columns: list[dict[str, str]] | None = None) -> None:
        self._rows, self._columns = rows, columns

    def preview_inputs(self, _treatment: Any, _member: str, *, is_staff: bool) -> Any:
        """What is known of them."""
        assert not is_staff
        names = {"dts_a": ("com", "logements", "vacants", "voie"), "dts_b": ("code", "epci", "nom")}
        tables = [
            {
                "dataset_id": name,
                "rows": self._rows if name == "dts_a" else 35_000,
                "columns": self._columns or [{"name": name} for name in columns],
            }
            for name, columns in names.items()
        ]
        return KnownPreview.model_validate({"inputs": {"tables": tables}}).model_dump(mode="json")


def estimated(rows: int | None, *steps: dict[str, Any]) -> Any:
    """The estimate for these steps on so many rows."""
    return previewed(Catalogue(rows), *steps).estimate


def previewed(catalogue: Catalogue, *steps: dict[str, Any]) -> Any:
    """The preview of these steps."""
    planned = PlannedTreatment.model_validate(
        {"inputs": {"a": "dts_a", "b": "dts_b"}, "steps": steps}
    )
    caller = Caller("mbr_1", frozenset())
    return preview_treatment(catalogue, planned, caller, lambda *_: None)


@pytest.mark.parametrize(
    ("steps", "rows", "seconds", "megabytes"),
    [
        ([CROSS, SUMS], 50_000_000, 3.6, 314),
        ([CROSS, SUMS], 5_000_000, 0.8, 320),
        ([CROSS], 5_000_000, 6.9, 917),
        ([CROSS], 500_000, 1.1, 397),
    ],
)
def test_estimate_is_near_what_was_measured(
    steps: list[dict[str, Any]], rows: int, seconds: float, megabytes: float
) -> None:
    """Of the jobs that it was fitted to, within a tenth."""
    estimate = estimated(rows, *steps)
    assert estimate.seconds == pytest.approx(seconds, rel=0.1)
    assert estimate.memory_bytes / 1e6 == pytest.approx(megabytes, rel=0.1)


def test_codes_of_the_result_are_told_as_codes() -> None:
    """Of départements and régions too, whose maps and crossings they are; not what is no code."""
    columns = [
        {"name": "dep", "kind": "integer", "type": "departement"},
        {"name": "reg", "kind": "text", "type": "region"},
        {"name": "com", "kind": "text", "type": "commune", "key": "commune"},
        {"name": "n", "kind": "integer", "type": "integer"},
    ]
    by = step("aggregate", {"table": "a"}, "s", by=["dep", "reg", "com"], sums=["n"])
    output_columns = previewed(Catalogue(9, columns), by).columns
    assert {output_column.name: output_column.key for output_column in output_columns} == {
        "dep": "departement",
        "reg": "region",
        "com": "commune",
        "n": "",
    }


def test_codes_of_named_communes_are_told_as_codes() -> None:
    """So that crossings and maps are offered; a column that is there already is not overwritten."""
    codes = {"op": "commune_codes", "column": "ville"}
    cleaned = step("clean", {"table": "a"}, "p", operations=[codes])
    columns = previewed(Catalogue(9, [{"name": "ville"}]), cleaned).columns
    assert [(column.name, column.key) for column in columns] == [
        ("ville", ""),
        ("code_commune", "commune"),
    ]
    with pytest.raises(Invalid, match="déjà une colonne « code_commune »"):
        previewed(Catalogue(9, [{"name": "ville"}, {"name": "code_commune"}]), cleaned)


def test_nothing_is_estimated_of_what_nobody_knows() -> None:
    """A table without a count of rows, or no steps yet."""
    assert estimated(None, CROSS, SUMS) is None
    assert estimated(50_000) is None
