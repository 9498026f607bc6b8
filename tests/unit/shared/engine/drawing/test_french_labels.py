"""Numbers and labels as French readers write them."""

from datetime import date, datetime

import pytest

from shared.engine.drawing.french_labels import are_years, french_cell, french_number, shortened


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        (1234567.891, "", "1\u202f234\u202f567,89"),
        (12.5, "%", "12,5\u00a0%"),
        (-3, "", "\u22123"),
        (-0.0, "", "0"),
        (0, "€", "0\u00a0€"),
        (0.000123, "", "0,000123"),
        (float("nan"), "%", "\u2013"),
    ],
)
def test_numbers_are_written_in_french(value: float, unit: str, message: str) -> None:
    """Digits by threes, a decimal comma, a true minus, and the unit after a space that holds."""
    assert french_number(value, unit) == message


def test_digits_after_the_comma_can_be_given() -> None:
    """The bounds of classes have as many as each other."""
    assert french_number(5, digits=1) == "5,0"


def test_cells_are_written_by_their_type() -> None:
    """What is text stays as it is: codes look like numbers."""
    cells = (None, True, 1234, date(2026, 11, 3), datetime(2026, 11, 3, 4, 5), "01234")  # noqa: DTZ001 - as tables have it
    french_cells = [french_cell(cell) for cell in cells]
    assert french_cells == ["", "oui", "1\u202f234", "03/11/2026", "03/11/2026", "01234"]


def test_years_are_no_quantities() -> None:
    """A year has no space after its thousands."""
    assert are_years([2019, 2021.0])
    assert not are_years([2019, 2021.5])
    assert not are_years([12, 2021])


def test_long_labels_are_cut() -> None:
    """A label has at most three lines, and says that it goes on."""
    label = shortened("commune " * 40, 38)
    assert label.endswith("…")
    assert all(len(line) <= 38 for line in label.splitlines())
    assert shortened("x" * 200, 100) == "x" * 89 + "…"
