"""Of what steps that choose rows, weigh or turn tables make no rule says what to mask."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.compute.jobs import step
from tests.release_advice import advice_of
from tests.unit.shared.engine.release.test_checking import Lab, enterprises


def _step(application: str, table: str, output: str, **parameters: object) -> dict[str, Any]:
    return step(application, {"table": table}, output, **parameters)


_SUM = _step("aggregate", "c", "r", by=["ville"], sums=["ca"])
_CHOSEN = {"op": "drop_rows", "column": "siren", "values": ["000000003"]}
_WEIGHED = {"op": "recode", "columns": ["ca"], "codes": {"1": "0"}}
_FILLED = {"op": "fill", "columns": ["ca"], "value": "7"}
_STOPPING = {"op": "dates", "columns": ["ca"], "others": "refused"}
_MEAN = {"column": "ca", "weight": "ca", "name": "moyenne"}


@pytest.mark.parametrize(
    "steps",
    [
        [_step("clean", "e", "c", operations=[_CHOSEN]), _SUM],
        [_step("filter", "e", "c", column="siren", comparison="<>", value="000000003"), _SUM],
        [_step("clean", "e", "c", operations=[_WEIGHED]), _SUM],
        [_step("clean", "e", "c", operations=[_FILLED]), _SUM],
        [_step("clean", "e", "unread", operations=[_STOPPING]), _SUM | {"inputs": {"table": "e"}}],
        [_step("aggregate", "e", "r", by=["ville"], weighted_means=[_MEAN])],
        [_step("pivot", "e", "r", wide={"index": ["ville"], "names": "ville", "values": "ca"})],
    ],
)
def test_what_could_tell_of_one_unit_is_masked_by_no_rule(
    tmp_path: Path, steps: list[dict[str, Any]]
) -> None:
    """One row left out, values set, means by weights, a turned table."""
    record, _ = Lab(tmp_path, enterprises(1, 24)).treat(steps)
    assert advice_of(record) == "held"


def test_sums_of_cells_that_are_only_trimmed_are_released(tmp_path: Path) -> None:
    """What changes no row and puts nothing together is followed."""
    trim = _step("clean", "e", "c", operations=[{"op": "trim", "columns": ["ville"]}])
    record, _ = Lab(tmp_path, enterprises(1, 24)).treat([trim, _SUM])
    assert advice_of(record) != "held"
