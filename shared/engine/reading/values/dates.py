"""Tells dates by their format, and only those that the calendar has."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.values.value_tests import Counts, Flags, Test, Texts

FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d")
"""As strftime has them; days and months may have one digit, except where nothing parts them."""

WRITTEN = ("%d %B %Y", "%d/%m/%y")
"""As people write days besides: `1er mai 2024`, and with two digits of the year."""

MONTHS = ("%Y-%m", "%m/%Y", "%Y/%m", "%m-%Y", "%B %Y", "%Y%m")
"""Of months without a day; `%B` is a French name or its abbreviation."""

MONTH_NAMES = (
    "janv(?:ier|\\.)?",
    "f[ée]v(?:r(?:ier|\\.)?|\\.)?",
    "mars",
    "avr(?:il|\\.)?",
    "mai",
    "juin",
    "juil(?:let|\\.)?",
    "ao[uû]t",
    "sept(?:embre|\\.)?",
    "oct(?:obre|\\.)?",
    "nov(?:embre|\\.)?",
    "d[ée]c(?:embre|\\.)?",
)
"""How each month is written, as patterns, from January on."""

_TIME = (
    r"[ T](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_PARTS = {
    "%Y": "(?P<year>[0-9]{4})",
    "%m": "(?P<month>0?[1-9]|1[0-2])",
    "%d": "(?P<day>0?[1-9]|[12][0-9]|3[01])",
    "%B": f"(?P<month>(?i:{'|'.join(MONTH_NAMES)}))",
    "%y": "(?P<year>[0-9]{2})",
}
_MONTH_PARTS = {**_PARTS, "%Y": "(?P<year>(?:18|19|20)[0-9]{2})", "%m": "(?P<month>0[1-9]|1[0-2])"}
PIVOT = 30
"""Of two digits, from here on a year of the last century, as Excel reads them."""

_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FEBRUARY = 2


def is_date(shape: str, *, timed: bool = False) -> Test:
    """Return the test for days in one of the formats, each with a time of day when `timed`."""
    pattern = f"^{_pattern(shape)}{_TIME if timed else ''}$"

    def test(texts: Texts) -> Flags:
        parts = pc.extract_regex(texts, pattern)
        passing: Flags = parts.is_valid().to_numpy(zero_copy_only=False)
        if passing.any():
            passing[passing] = _in_calendar(parts.drop_null())
        return passing

    return test


def is_month(shape: str) -> Test:
    """Return the test for months in one of the formats, which are not all school years."""
    pattern = shape
    for directive, part in _MONTH_PARTS.items():
        pattern = pattern.replace(directive, part)

    def test(texts: Texts) -> Flags:
        parts = pc.extract_regex(texts, f"^{pattern}$")
        passing: Flags = parts.is_valid().to_numpy(zero_copy_only=False)
        if passing.any() and shape == "%Y-%m" and _are_school_years(parts.drop_null()):
            passing[:] = False
        return passing

    return test


def _are_school_years(parts: Texts) -> bool:
    years, months = (_numbers(pc.struct_field(parts, name)) for name in ("year", "month"))
    return bool(((years + 1) % 100 == months).all())


def any_of(tests: tuple[Test, ...]) -> Test:
    """Return the test that passes what any of the tests passes."""
    return lambda texts: np.logical_or.reduce([test(texts) for test in tests])


def _pattern(shape: str) -> str:
    pattern = re.escape(shape)
    for directive, part in _PARTS.items():
        exact = part.replace("0?", "0") if shape == "%Y%m%d" else part
        if directive == "%d" and "%B" in shape:
            exact += "(?:er)?"
        pattern = pattern.replace(directive, exact)
    return pattern


def _numbers(texts: Texts) -> Counts:
    """Return digits, or names of months, as numbers."""
    if len(texts) and not texts[0].as_py()[0].isdigit():
        for number, name in enumerate(MONTH_NAMES, start=1):
            texts = pc.replace_substring_regex(texts, f"^(?i:{name})$", str(number))
    numbers: Counts = texts.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def _in_calendar(parts: Texts) -> Flags:
    """Tell which days exist, with the leap years of the Gregorian rule."""
    year, month, day = (_numbers(pc.struct_field(parts, name)) for name in ("year", "month", "day"))
    leaps = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    flags: Flags = day <= _LENGTHS[month - 1] + (leaps & (month == _FEBRUARY))
    return flags
