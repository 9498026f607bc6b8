"""Writes numbers, days and months as a column's source does, by the format that was read."""

from datetime import date

from shared.engine.reading.values.units import unit_of_name
from shared.engine.tables.manifest import Column

_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_SPELLINGS = {"octets": "Mo", "h": "heures"}
"""Of units that are called otherwise than cells write them."""

_MIXED_DAYS = ("%d/%m/%Y", "%Y-%m-%d")
_TIMES = ("08:15", "11:40", "14:05", "17:30")


def written_number(value: float, column: Column, row: int, decimals: int = 2) -> str:
    """Write a number as the column does; in a column of several ways, one by its row."""
    shape = column.meaning.format if column.meaning else None
    if column.kind == "integer" or column.type in ("integer", "year"):
        text = f"{round(value):,d}"
        return text.replace(",", "") if column.stored else _grouped(text, shape, column)
    text = f"{value:,.{decimals}f}"
    if column.stored:
        return text.replace(",", "")
    if shape is None and column.type == "decimal":
        # It has a unit, or mixes both signs.
        shape = "0,0" if row % 2 else "0.0"
    return _grouped(text, shape, column)


def _grouped(text: str, shape: str | None, column: Column) -> str:
    """Write a text such as 1,234.50 in a format, with the unit that cells have."""
    groups, decimals = {
        "# ##0": (" ", ","),
        "# ##0,0": (" ", ","),
        "#.##0": (".", ","),
        "#.##0,0": (".", ","),
        "#,##0": (",", "."),
        "#,##0.0": (",", "."),
        "0,0": ("", ","),
    }.get(shape or "", ("", "."))
    number = text.replace(",", "\0").replace(".", decimals).replace("\0", groups)
    unit = (column.meaning and column.meaning.unit) or ""
    if not unit or unit == unit_of_name(column.name):
        return number
    return f"{number} {_SPELLINGS.get(unit, unit)}"


def written_day(day: date, column: Column, row: int) -> str:
    """Write a day, with a time of day where the column has one."""
    shape = column.meaning.format if column.meaning else "%Y-%m-%d"
    if column.stored:
        shape = "%Y-%m-%d"
    text = _dated(day, shape or _MIXED_DAYS[row % len(_MIXED_DAYS)])
    is_timed = column.type == "datetime" or column.stored.startswith("TIMESTAMP")
    return f"{text} {_TIMES[row % len(_TIMES)]}" if is_timed else text


def written_month(day: date, column: Column) -> str:
    """Write the month of a day."""
    shape = column.meaning.format if column.meaning else None
    return _dated(day, shape or "%Y-%m")


def _dated(day: date, shape: str) -> str:
    # The names of months are French whatever the machine speaks.
    return day.strftime(shape.replace("%B", _MONTHS.split()[day.month - 1]))
