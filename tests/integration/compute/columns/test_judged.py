"""The judged files that the rules were tuned on stay typed and read as they should be."""

import pytest

from tests.benchmarks.judged.recognition import is_present
from tests.benchmarks.judged.typing import CODES, ReadBack, judged, read_back, wrong

HALF = "tuning"


@pytest.fixture(scope="module")
def readings() -> ReadBack:
    """What ingests say of the files, and the values that they read."""
    return read_back(HALF)


def test_judged_columns_are_typed_right_and_no_code_is_false(readings: ReadBack) -> None:
    """One in fifty may be wrong; a false code leads joins astray."""
    columns = list(judged(HALF))
    faults = [
        (column.name, column.type, told_type)
        for column, told_type in wrong(HALF, readings.types_by_path)
    ]
    assert len(faults) <= len(columns) / 50, faults
    assert not [told_type for *_, told_type in faults if told_type in CODES]


def test_judged_values_and_units_are_read_right(readings: ReadBack) -> None:
    """Each number, day and month, and what is none of them is empty."""
    assert (readings.values_right, readings.units_right) == (readings.values, readings.units)


def test_benchmark_starts_our_contender() -> None:
    """In a process of its own, where a module of the corpus is called as one of Python's."""
    assert is_present("ours")
