"""The judged files that the rules were tuned on stay typed and read as they should be."""

from pathlib import Path

from tests.benchmarks.judged.typing import CODES, judged, read_back, wrong
from tests.benchmarks.typers import ours

HALF = "tuning"


def test_judged_columns_are_typed_right_and_no_code_is_false() -> None:
    """One in fifty may be wrong; a false code leads joins astray."""
    columns, types = list(judged(HALF)), ours()
    told = {path: types(Path(path)) for path in {one.path for one in columns}}
    faults = [(one.name, one.type, said) for one, said in wrong(HALF, told)]
    assert len(faults) <= len(columns) / 50, faults
    assert not [said for *_, said in faults if said in CODES]


def test_judged_values_and_units_are_read_right() -> None:
    """Each number, day and month, and what is none of them is empty."""
    found = read_back(HALF)
    assert (found.values_right, found.units_right) == (found.values, found.units)
