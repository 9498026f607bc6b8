"""Columns that steps count with are followed back to the inputs that have them."""

from shared.engine.analysis.column_uses import needed_numbers
from shared.events import Treatment
from tests.integration.compute.jobs import step

COLUMNS = {"homes": ("com", "homes", "day", "label"), "towns": ("code", "label")}


def test_columns_are_followed_through_steps_that_hand_them_on() -> None:
    """Under the name that a crossing gives them; the first and last of days are days."""
    steps = [
        step("cross", {"left": "homes", "right": "towns"}, "c", left_key="com", right_key="code"),
        step("aggregate", {"table": "c"}, "s", by=["com"], sums=["homes", "label_2"], mins=["day"]),
    ]
    treatment = Treatment.model_validate({"inputs": {"homes": "h", "towns": "t"}, "steps": steps})
    assert needed_numbers(treatment, COLUMNS) == {
        ("homes", "homes"): False,
        ("towns", "label"): False,
        ("homes", "day"): True,
    }


def test_what_a_step_makes_into_numbers_need_be_none_before() -> None:
    """Texts may be cleaned first."""
    steps = [
        step(
            "clean", {"table": "homes"}, "c", operations=[{"op": "numbers", "columns": ["homes"]}]
        ),
        step("aggregate", {"table": "c"}, "s", by=["com"], sums=["homes"]),
    ]
    treatment = Treatment.model_validate({"inputs": {"homes": "h"}, "steps": steps})
    assert needed_numbers(treatment, {"homes": COLUMNS["homes"]}) == {}
