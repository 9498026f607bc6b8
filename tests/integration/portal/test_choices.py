"""The treatments that choices make, run on a table."""

from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from services.portal.building import Choices, treatment_of
from services.portal.pages.projects.treatments import with_value
from tests.integration.compute.jobs import Taken, step, take_in, treat_taken

TOWNS = "commune;parts\nCAEN;1\n  Caen ;2\ncaën;3\nVire;4\nÉvreux;5\n;6\n".encode()


@pytest.fixture(scope="module")
def towns() -> Taken:
    """One table, `table`."""
    return take_in({"table": TOWNS})


@pytest.mark.parametrize(
    ("comparison", "value", "parts"),
    [("=", "Caen", {1, 2, 3}), ("=", " evreux ", {5}), ("<>", "CAEN", {4, 5})],
)
def test_a_word_keeps_its_rows_however_it_is_written(
    towns: Taken, tmp_path: Path, comparison: str, value: str, parts: set[int]
) -> None:
    """In capitals, without its accents, with spaces around."""
    columns: list[dict[str, Any]] = [{"name": "commune", "kind": "text", "key": None}]
    treatment = treatment_of(
        with_value(Choices(left="dts_1", kept=("commune", comparison, value)), columns)
    )
    assert treatment
    [kept] = treatment["steps"]
    roles = {"table": "table"}
    run = treat_taken(tmp_path, towns, step("filter", roles, "r", **kept["parameters"]))
    assert not run.error
    rows = parquet.read_table(run.output_path("result.parquet")).to_pylist()
    assert {int(row["parts"]) for row in rows} == parts
