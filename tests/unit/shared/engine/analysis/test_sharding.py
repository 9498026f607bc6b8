"""Which rows several engines may add up: those of an input that is read for sums alone."""

from typing import Any

import pytest

from shared.engine.analysis.sharding import ShardedStep, sharded_step
from shared.engine.contract.work import CachedStep, Work
from shared.engine.tables.release import ProtectedInput
from shared.events.event import Step

CROSS = Step(
    application="cross",
    inputs={"left": "a", "right": "b"},
    parameters={"left_key": "k", "right_key": "k"},
    output="c",
)
SUM = Step(
    application="aggregate",
    inputs={"table": "c"},
    parameters={"by": ["k"], "sums": ["n"]},
    output="r",
)
CHART = Step(application="chart", inputs={"table": "r"}, parameters={}, output="d")


def work(*steps: Step, **more: Any) -> Work:
    """What an engine is told of two inputs."""
    return Work(kind="full", inputs={"a": "in/0", "b": "in/1"}, steps=steps, **more)


def changed(step: Step, inputs: dict[str, str] | None = None, **parameters: Any) -> Step:
    """The step with other inputs and more parameters."""
    update = {"parameters": {**step.parameters, **parameters}, "inputs": inputs or step.inputs}
    return step.model_copy(update=update)


def test_rows_are_added_up_by_key_or_by_group() -> None:
    """Of a crossing whose sums are read alone, or of sums themselves, whatever comes next."""
    assert sharded_step(work(CROSS, SUM, CHART)) == ShardedStep(0, "a")
    alone = changed(SUM, {"table": "a"})
    assert sharded_step(work(alone)) == ShardedStep(0, "a")


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([CROSS], id="rows are handed on"),
        pytest.param([CROSS, SUM, changed(CROSS, {"left": "r", "right": "b"})], id="crossed again"),
        pytest.param([changed(CROSS, how="full"), SUM], id="rows of the other table"),
        pytest.param([CROSS, changed(SUM, distinct=["n"])], id="different values"),
        pytest.param([CROSS, SUM, changed(SUM, {"table": "a"})], id="read twice"),
        pytest.param([changed(CROSS, {"left": "a", "right": "a"}), SUM], id="crossed with itself"),
    ],
)
def test_rows_that_are_needed_themselves_are_not_shared(steps: list[Step]) -> None:
    """Nor those of which a figure is no sum of sums."""
    assert sharded_step(work(*steps)) is None


@pytest.mark.parametrize(
    "more",
    [
        {"sample_rows": 500},
        {"protected": {"b": ProtectedInput(dataset_id="dts_b", version=1, unit="u")}},
        {"cached": {"c": CachedStep(job_id="job_1", day="2026-01-01", facts="in/facts")}},
        {"total_rows": {"a": ({"first": 1, "last": 2},)}},
    ],
    ids=lambda more: next(iter(more)),
)
def test_trials_secrets_totals_and_steps_taken_over_stay_with_one_engine(
    more: dict[str, Any],
) -> None:
    """What is known of rows there is known of the whole table alone."""
    assert sharded_step(work(CROSS, SUM, **more)) is None
