"""Dates told by format, for whole columns."""

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.engine.reading.values.dates import FORMATS, any_of, is_date


def parses(text: str, shape: str) -> bool:
    """Whether Python reads it so."""
    try:
        datetime.strptime(text, shape)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False
    return True


def shaped(shape: str) -> st.SearchStrategy[str]:
    """Texts of that shape whose parts are numbers, many of them no day."""
    parts = st.tuples(st.integers(1, 9999), st.integers(0, 13), st.integers(0, 32))
    return parts.map(
        lambda day: (
            shape.replace("%Y", f"{day[0]:04}")
            .replace("%m", f"{day[1]:02}")
            .replace("%d", f"{day[2]:02}")
        )
    )


@pytest.mark.parametrize("shape", FORMATS)
def test_days_agree_with_python_s_calendar(shape: str) -> None:
    """Leap years and the lengths of months included."""

    @given(st.lists(shaped(shape), min_size=1, max_size=20))
    def check(texts: list[str]) -> None:
        date_flags = is_date(shape)(pa.array(texts, pa.string()))
        assert date_flags.tolist() == [parses(text, shape) for text in texts]

    check()


def test_time_of_day_is_there_where_it_is_asked_for() -> None:
    """And none where it is not; hours, minutes and zones as ISO 8601 and offices write them."""
    days = pa.array(["31/12/2026", "31/12/2026 9:05", "31/12/2026T23:59:59Z", "31/12/2026 24:00"])
    assert is_date("%d/%m/%Y")(days).tolist() == [True, False, False, False]
    assert is_date("%d/%m/%Y", timed=True)(days).tolist() == [False, True, True, False]


def test_columns_may_mix_formats() -> None:
    """What one of the tests passes."""
    test = any_of((is_date("%Y-%m-%d"), is_date("%d.%m.%Y")))
    flags = test(pa.array(["2026-12-31", "31.12.2026", "31/12/2026"]))
    assert flags.tolist() == [True, True, False]
