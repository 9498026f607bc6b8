"""What charts, maps and reports read and show, as owners are asked for it."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.engine.analysis.lineage import Reading, readings_of
from shared.engine.applications.chart.application import ChartParameters
from shared.engine.applications.map.application import MapParameters
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

HOMES = "dts_homes"
COLUMNS: dict[str, tuple[str, ...] | None] = {HOMES: ("com", "homes", "vacant", "owner")}


def _step(application: str, table: str, output: str, **parameters: Any) -> Any:
    return step(application, {"table": table}, output, **parameters)


SUM = _step("aggregate", "homes", "summed", by=["com"], sums=["homes"])


def _reading(*steps: dict[str, Any]) -> Reading:
    fields = {"inputs": {"homes": HOMES}, "steps": steps}
    return readings_of(Treatment.model_validate(fields), COLUMNS)[HOMES]


def test_a_picture_of_groups_reads_no_more_than_the_groups() -> None:
    """Chart, map and report of sums by commune show the communes and their sums, not the rows."""
    reading = _reading(
        SUM,
        _step("chart", "summed", "c", label="com", value="homes", title="t"),
        _step("map", "c", "m", key="com", value="homes", title="t"),
        _step("report", "m", "r", title="t"),
    )
    assert reading.columns == ("com", "homes")
    assert {(figures.by, figures.figures) for figures in reading.shown} == {
        ((f"{HOMES}.com",), ("com", "sum(homes)"))
    }


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (ChartParameters, {"label": "a", "value": "b", "title": "t", "series": "c"}),
        (ChartParameters, {"label": "a", "value": "b", "title": "t", "formats": []}),
        (ChartParameters, {"label": "a", "value": "b", "title": "t", "kind": "pie"}),
        (MapParameters, {"key": "a", "value": "b", "title": "t", "bounds": [1]}),
        (MapParameters, {"key": "a", "value": "b", "title": "t", "bounds": [2, 1]}),
        (MapParameters, {"key": "a", "value": "b", "title": "t", "classes": 8}),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_runs(
    kind: type[ChartParameters | MapParameters], parameters: dict[str, Any]
) -> None:
    """Series of bars, no format, classes that are none."""
    with pytest.raises(ValidationError):
        kind.model_validate(parameters)
