"""What a preview says of a result, and of what its job will take."""

from typing import Any

import pytest

from services.compute.jobs.planning.previews import preview_treatment
from shared.auth import Caller
from shared.engine.analysis.preview import KnownPreview, PlannedTreatment
from shared.errors import Invalid
from shared.settings import Settings
from tests.integration.compute.jobs import step

CROSS = step("cross", {"left": "a", "right": "b"}, "c", left_key="com", right_key="code")
SUMS = step("aggregate", {"table": "c"}, "s", by=["epci"], sums=["logements"])
ON_CLUSTER = {"slurm_folder": "/shared", "slurm_shard_bytes": 100_000_000}


class Catalogue:
    """A catalogue that knows two tables, of so many rows and of 35,000."""

    def __init__(
        self, rows: int | None, columns: list[dict[str, str]] | None = None, **about: Any
    ) -> None:
        self._rows, self._columns, self._about = rows, columns, about

    def preview_inputs(self, _treatment: Any, _member: str, *, is_staff: bool) -> Any:
        """What is known of them."""
        assert not is_staff
        names = {"dts_a": ("com", "logements", "vacants", "voie"), "dts_b": ("code", "epci", "nom")}
        tables = [
            {
                "dataset_id": name,
                "rows": self._rows if name == "dts_a" else 35_000,
                "size": 400_000_000 if name == "dts_a" else 1_000_000,
                "on_cluster": True,
                "columns": self._columns or [{"name": name} for name in columns],
            }
            | (self._about if name == "dts_a" else {})
            for name, columns in names.items()
        ]
        return KnownPreview.model_validate({"inputs": {"tables": tables}}).model_dump(mode="json")


def estimated(rows: int | None, *steps: dict[str, Any]) -> Any:
    """The estimate for these steps on so many rows."""
    return previewed(Catalogue(rows), *steps).estimate


def previewed(catalogue: Catalogue, *steps: dict[str, Any], **settings_changes: Any) -> Any:
    """The preview of these steps."""
    planned = PlannedTreatment.model_validate(
        {"inputs": {"a": "dts_a", "b": "dts_b"}, "steps": steps}
    )
    caller = Caller("mbr_1", frozenset())
    settings = Settings.model_construct(**settings_changes)
    return preview_treatment(catalogue, planned, caller, lambda *_: None, settings)


@pytest.mark.parametrize(
    ("steps", "rows", "seconds", "megabytes"),
    [
        ([CROSS, SUMS], 200_000_000, 6.9, 238),
        ([CROSS, SUMS], 50_000_000, 1.9, 233),
        ([CROSS], 5_000_000, 8.8, 842),
        ([CROSS], 2_000_000, 3.4, 631),
        ([CROSS], 500_000, 1.2, 351),
    ],
)
def test_estimate_is_near_what_was_measured(
    steps: list[dict[str, Any]], rows: int, seconds: float, megabytes: float
) -> None:
    """Of the jobs that it was fitted to, seconds within a tenth and memory within a quarter."""
    estimate = estimated(rows, *steps)
    assert estimate.seconds == pytest.approx(seconds, rel=0.1)
    assert estimate.memory_bytes / 1e6 == pytest.approx(megabytes, rel=0.25)


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


@pytest.mark.parametrize(
    ("about", "steps", "shards"),
    [
        ({}, [CROSS, SUMS], 4),
        ({"size": 250_000_000}, [CROSS, SUMS], 2),
        ({"size": 199_000_000}, [CROSS, SUMS], 1),
        ({}, [CROSS], 1),
        ({"total_rows": [{"first": 3, "last": 4}]}, [CROSS, SUMS], 1),
        ({"is_restricted": True}, [CROSS, SUMS], 1),
    ],
)
def test_shards_are_told_as_they_will_be_made(
    about: dict[str, Any], steps: list[dict[str, Any]], shards: int
) -> None:
    """With what they take, beside what one engine does; none where sums are not enough."""
    catalogue = Catalogue(500_000_000, **about)
    estimate = previewed(catalogue, *steps, **ON_CLUSTER).estimate
    assert (estimate.executor, estimate.shards) == ("slurm", shards)
    if shards == 1:
        assert estimate.shards_seconds is None
    else:
        assert estimate.seconds / shards < estimate.shards_seconds < estimate.seconds


@pytest.mark.parametrize(
    ("about", "settings", "executor"),
    [
        ({}, {"slurm_folder": ""}, "local"),
        ({"on_cluster": False}, {}, "local"),
        ({"size": 1_000}, {}, "local"),
        ({"size": None}, {}, ""),
    ],
)
def test_who_may_not_know_a_size_is_not_told_where_the_job_runs(
    about: dict[str, Any], settings: dict[str, str], executor: str
) -> None:
    """Others know: no cluster here, none that may have the data, or too little for one."""
    catalogue = Catalogue(500_000_000, **about)
    estimate = previewed(catalogue, CROSS, SUMS, **ON_CLUSTER | settings).estimate
    assert (estimate.executor, estimate.shards) == (executor, 1)
