"""Tests of values, asked for whole columns."""

import pyarrow as pa
import pytest

from services.compute.runner.columns.value_tests import Test, among, matching


def flags(test: Test, *values: str) -> list[bool]:
    """Which of these values pass."""
    return list(map(bool, test(pa.array(values, pa.string()))))


@pytest.mark.parametrize(
    ("test", "valid", "invalid"),
    [
        (among({"14001"}), "14001", "14002"),
        (matching("a|b"), "b", "ab"),
    ],
)
def test_valid_and_invalid_values_are_told_apart(test: Test, valid: str, invalid: str) -> None:
    """Side by side in one column, and alone."""
    assert flags(test, valid, invalid, valid) == [True, False, True]
    assert flags(test, invalid) == [False]
    assert flags(test) == []
