"""Numbers, dates and labels as people read them in French."""

import math
import re
import textwrap
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

_UNDRAWABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|[\u202a-\u202e\u2066-\u2069]"
)
_NARROW, _WIDE = "\u202f", "\u00a0"
_DIGITS = 2
_SIGNIFICANT = 3
_LABEL = 90


def french_number(value: float | Decimal, unit: str = "", digits: int | None = None) -> str:
    """Write a number in French: `1 234,5 %`.

    `digits` are kept after the comma; by default two, or as many as a small number needs.
    """
    if not math.isfinite(value):
        return "\u2013"
    number = f"{value:,.{digits_of(float(value)) if digits is None else digits}f}"
    if float(number.replace(",", "")) == 0:
        number = number.lstrip("-")
    number = number.replace(",", _NARROW).replace(".", ",").replace("-", "\u2212")
    return f"{number}{_WIDE}{unit}" if unit else number


def digits_of(value: float) -> int:
    """Return how many decimals a number needs: two at most, more where it is small."""
    size = abs(value)
    if not math.isfinite(size) or size == 0:
        return 0
    most = _DIGITS if size >= 0.1 else min(12, _SIGNIFICANT - 1 - math.floor(math.log10(size)))  # noqa: PLR2004
    return len(f"{value:.{most}f}".rstrip("0").partition(".")[2])


def french_day(day: date) -> str:
    """Write a day in French: 31/12/2026."""
    return f"{day:%d/%m/%Y}"


def french_cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    """Write a table's cell in French: a number, a day, or nothing without a value."""
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case int() | float() | Decimal():
            return french_number(value)
        case date():
            return french_day(value)
    return str(value)


def shortened(label: str, width: int) -> str:
    """Break a label from the data into lines of that width; cut a long one."""
    line = " ".join(drawable(label).split())
    return textwrap.fill(line if len(line) <= _LABEL else f"{line[: _LABEL - 1]}…", width)


def drawable(text: str) -> str:
    """Remove what XML may not hold, and signs that change the direction of text."""
    return _UNDRAWABLE.sub("\ufffd", text)


def are_years(values: Sequence[float]) -> bool:
    """Whether all are whole and may be years: those are written without spaces."""
    return all(value == int(value) and 1500 <= value <= 2200 for value in values)  # noqa: PLR2004 - years
