"""Which kept steps stand in for work."""

from datetime import UTC, datetime, timedelta

import pytest

from services.compute.execution.step_cache.model import Chosen, KeptStep, beyond, choose
from shared.events import FileRef, Step

NOW = datetime(2026, 3, 12, tzinfo=UTC)


def step(application: str, reads: str, output: str, **parameters: object) -> Step:
    """A step that reads the tables named, separated by spaces."""
    inputs = {f"role{number}": name for number, name in enumerate(reads.split())}
    return Step(application=application, inputs=inputs, parameters=parameters, output=output)


def kept(size: int = 0, *, age: int = 0, needs_source: bool = False) -> KeptStep:
    """A kept step whose table has that many bytes; without any it has no table."""
    table = FileRef(sha256="b" * 64, size=size) if size else None
    about = {"project_id": "prj_1", "owner_id": "mbr_1", "job_id": "job_1", "dataset_ids": ()}
    return KeptStep(
        id=f"key{age}",
        kept_at=NOW - timedelta(days=age),
        facts=FileRef(sha256="a" * 64, size=1),
        table=table,
        needs_source=needs_source,
        **about,
    )


STEPS = (
    step("clean", "dwellings", "cleaned"),
    step("cross", "cleaned towns", "crossed"),
    step("aggregate", "crossed", "summed"),
    step("chart", "summed", "drawn"),
)


@pytest.mark.parametrize(
    ("kept_steps", "steps", "tables"),
    [
        ({}, set(), set()),
        ({"summed": kept(9), "crossed": kept(), "cleaned": kept()}, {2, 1, 0}, {2}),
        ({"summed": kept(9)}, {2}, {2}),
        ({"crossed": kept(9), "cleaned": kept()}, {1, 0}, {1}),
        ({"crossed": kept(), "cleaned": kept(9)}, {0}, {0}),
        (
            {"summed": kept(9, needs_source=True), "crossed": kept(), "cleaned": kept(9)},
            {2, 0},
            {2, 0},
        ),
        ({"summed": kept(9, needs_source=True), "crossed": kept(9)}, {2, 1}, {2, 1}),
        ({"cleaned": kept(), "drawn": kept(9)}, set(), set()),
    ],
)
def test_step_stands_in_where_what_is_read_of_it_is_kept(
    kept_steps: dict[str, KeptStep], steps: set[int], tables: set[int]
) -> None:
    """A table that nobody reads is not needed; who needs what sums are made of gets it."""
    expected = ({STEPS[number].output for number in numbers} for numbers in (steps, tables))
    assert choose(STEPS, kept_steps) == Chosen(*map(frozenset, expected))


def test_table_of_a_step_with_a_chart_is_read_to_draw_it() -> None:
    """The chart of a step that is not the last shows its own table."""
    chart = {"value": "n", "label": "com", "title": "T"}
    steps = (*STEPS[:2], step("aggregate", "crossed", "summed", chart=chart), STEPS[1])
    later = step("aggregate", "summed", "totals")
    chosen = choose((*steps[:3], later), {"summed": kept(), "totals": kept(9)})
    assert chosen == Chosen(frozenset({"totals"}), frozenset({"totals"}))


def test_oldest_steps_of_a_project_go_first() -> None:
    """So that those that stay fit."""
    recent, older, oldest = kept(10, age=1), kept(10, age=2), kept(10, age=3)
    assert beyond([older, oldest, recent], 22) == [oldest]
    assert beyond([older, oldest, recent], 10) == [recent, older, oldest]
    assert beyond([older, oldest, recent], 33) == []
