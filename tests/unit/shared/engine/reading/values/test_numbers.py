"""Numbers as French files write them: recognised together, and read in SQL as what they are."""

import duckdb
import pyarrow as pa
import pytest

from shared.engine.reading.values.numbers import (
    DOTTED,
    ENGLISH,
    FRENCH,
    NumberStyle,
    format_of,
    number_sql,
    style_of,
    unit_of_values,
    written,
)


def flags(values: list[str], style: NumberStyle = FRENCH, *, whole: bool = False) -> list[bool]:
    """Which of a column's values are numbers of that style."""
    return written(style, whole=whole)(pa.array(values, pa.string())).tolist()


def read(values: list[str], style: NumberStyle = FRENCH, *, whole: bool = False) -> list[object]:
    """What the values read in SQL, with the unit that they have."""
    unit = unit_of_values(pa.array(values, pa.string()), format_of(style, whole=whole))
    value = number_sql("x", style, unit, whole=whole)
    with duckdb.connect() as database:
        table = database.sql("SELECT unnest($values) AS x", params={"values": values})
        return [row[0] for row in table.project(value).fetchall()]


@pytest.mark.parametrize(
    ("style", "values", "expected"),
    [
        (FRENCH, [".1431", "0.5", "1"], [0.1431, 0.5, 1.0]),
        (FRENCH, [",5", "1,25", "-3"], [0.5, 1.25, -3.0]),
        (FRENCH, ["12,5 %", "3\u00a0%", "7%", "0"], [12.5, 3.0, 7.0, 0.0]),
        (FRENCH, ["9,50 €", "1\u202f234,56 €", "1 234,56€"], [9.5, 1234.56, 1234.56]),
        (FRENCH, ["€ 12", "12,5 €"], [12.0, 12.5]),
        (FRENCH, ["12 k€", "1,5 K€", "3 keur"], [12.0, 1.5, None]),
        (FRENCH, ["(12)", "13", "-14", "\u221215", "- 16"], [-12.0, 13.0, -14.0, -15.0, -16.0]),
        (FRENCH, ["(1 234,50 €)", "(3) €", "12 €"], [-1234.5, -3.0, 12.0]),
        (FRENCH, ["12", "1", "3", "13*", "14 (e)", "15 ¹"], [12.0, 1.0, 3.0, 13.0, 14.0, 15.0]),
        (FRENCH, ["1,2E+05", "1.5e-3", "7.00E+05"], [120000.0, 0.0015, 700000.0]),
        (FRENCH, ["12 m2", "13 m²"], [12.0, 13.0]),
        (FRENCH, ["s", "12,5", "nd", "<5", "1 2", "1 23"], [None, 12.5, None, None, None, None]),
        (DOTTED, ["1.234,56", "-12", "1.234"], [1234.56, -12.0, 1234.0]),
        (ENGLISH, ["1,234.56", "12.5", "1,234"], [1234.56, 12.5, 1234.0]),
    ],
)
def test_written_numbers_are_recognised_and_read_alike(
    style: NumberStyle, values: list[str], expected: list[float | None]
) -> None:
    """With groups, commas, units, a minus of any kind or none, and notes."""
    assert flags(values, style) == [number is not None for number in expected]
    assert read(values, style) == expected


def test_whole_numbers_stay_whole() -> None:
    """As 64 bits hold them; a fraction among them is none."""
    values = ["1 234 €", "0", "(5) €", "999999999999999999 €", "1,5 €"]
    assert read(values, whole=True) == [1234, 0, -5, 999_999_999_999_999_999, None]
    assert flags(values, whole=True) == [True, True, True, True, False]


@pytest.mark.parametrize(
    "values",
    [
        ["12 €", "13 %", "14 €", "15 %", "16 $"],
        ["(1)", "(2)", "(3)"],
        ["12*", "13*"],
        ["1E5", "8E3"],
        ["3 B", "12 bis"],
        ["08h30", "1 h 20"],
        ["1-9", "10-19"],
        ["06 12 34 56 78"],
        ["192.168.1.10"],
        ["(12", "13)"],
    ],
)
def test_what_only_looks_like_numbers_is_none(values: list[str]) -> None:
    """Two units, notes, codes, floors, times, ranges, phones, versions."""
    for style in (FRENCH, DOTTED, ENGLISH):
        assert sum(flags(values, style)) <= len(values) * 0.4


def test_points_and_commas_group_only_where_a_value_proves_it() -> None:
    """`1.234` alone is a little more than one."""
    assert flags(["1.234", "2.500"], DOTTED) == [False, False]
    assert flags(["1.234", "2.500"]) == [True, True]
    assert flags(["1.234", "2.500", "1.000.000"], DOTTED) == [True, True, True]
    assert flags(["1,234", "2,500"], ENGLISH) == [False, False]


def test_zero_may_lack_the_unit_and_others_may_not() -> None:
    """3 among percentages may be a share as well as 3 %."""
    assert flags(["12,5 %", "4 %", "0", "0,0", "3"]) == [True, True, True, True, False]


@pytest.mark.parametrize("style", [DOTTED, ENGLISH])
@pytest.mark.parametrize("whole", [True, False])
def test_format_tells_the_style(style: NumberStyle, *, whole: bool) -> None:
    """What the profile tells is enough to read the column later."""
    assert style_of(format_of(style, whole=whole)) is style
    assert style_of(format_of(FRENCH, whole=whole)) is FRENCH
