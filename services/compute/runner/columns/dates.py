"""Tells dates by their format, and only those that the calendar has."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.value_tests import Flags, Test, Texts

FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d")
"""As strftime has them; days and months may have one digit, except where nothing parts them."""

_TIME = (
    r"[ T](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_PARTS = {
    "%Y": "(?P<year>[0-9]{4})",
    "%m": "(?P<month>0?[1-9]|1[0-2])",
    "%d": "(?P<day>0?[1-9]|[12][0-9]|3[01])",
}
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FEBRUARY = 2


def is_date(shape: str, *, timed: bool = False) -> Test:
    """Days of one of the formats, each with a time of day when `timed`."""
    pattern = f"^{_pattern(shape)}{_TIME if timed else ''}$"

    def test(texts: Texts) -> Flags:
        parts = pc.extract_regex(texts, pattern)
        found: Flags = parts.is_valid().to_numpy(zero_copy_only=False)
        found[found] = _in_calendar(parts.drop_null())
        return found

    return test


def any_of(tests: tuple[Test, ...]) -> Test:
    """What one of the tests passes."""
    return lambda texts: np.logical_or.reduce([test(texts) for test in tests])


def _pattern(shape: str) -> str:
    pattern = re.escape(shape)
    for directive, part in _PARTS.items():
        exact = part.replace("0?", "0") if shape == "%Y%m%d" else part
        pattern = pattern.replace(directive, exact)
    return pattern


def _in_calendar(parts: Texts) -> Flags:
    """Which days exist, leap years by the Gregorian rule."""
    year, month, day = (
        pc.struct_field(parts, name).cast(pa.int64()).to_numpy(zero_copy_only=False)
        for name in ("year", "month", "day")
    )
    leaps = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    flags: Flags = day <= _LENGTHS[month - 1] + (leaps & (month == _FEBRUARY))
    return flags
