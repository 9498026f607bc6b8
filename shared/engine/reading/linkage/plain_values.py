"""What a cell means, as text written in one way: two spellings of a day are one day."""

from shared.engine.database import filled, quoted
from shared.engine.reading.columns.typed_values import typed_value
from shared.engine.tables.manifest import Column

_ISO_DAY = "%Y-%m-%d"
_NUMBERS = frozenset(("integer", "year", "decimal"))
_FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
_EXACT = 10**15
"""Below it, a whole number that is stored as DOUBLE is exact."""


def kind_of_value(column: Column | None, stored: str) -> str:
    """Return `day` or `number` where values are compared as such; else empty."""
    if stored == "DATE":
        return "day"
    if stored != "VARCHAR":
        is_number = stored.endswith(("INT", "INTEGER")) or stored.startswith(_FRACTIONS)
        return "number" * is_number
    if column is None or not typed_value(column):
        return ""
    return "day" if column.type == "date" else "number" * (column.type in _NUMBERS)


def plain_value(column: Column | None, name: str, stored: str) -> str:
    """Return a column's cells as text in SQL: ISO 8601 days, numbers without units.

    What is neither in a column of these stays as it is written.
    """
    kind = kind_of_value(column, stored)
    if stored.startswith(_FRACTIONS):
        return _plain_number(quoted(name))
    if stored != "VARCHAR" or not kind or column is None or _is_plain(column):
        return quoted(name)
    value = typed_value(column)
    plain = f"CAST({value} AS VARCHAR)" if kind == "day" else _plain_number(value)
    return f"coalesce({plain}, {filled(name)})"


def mixed_days(column: Column) -> bool:
    """Whether a column writes its days in several ways."""
    return column.type == "date" and bool(typed_value(column)) and _format(column) is None


def with_iso_days(column: Column) -> Column:
    """Return the column as it is once `plain_value` has written its days."""
    meaning = column.meaning and column.meaning.model_copy(update={"format": _ISO_DAY})
    return column.model_copy(update={"meaning": meaning})


def _is_plain(column: Column) -> bool:
    if column.type == "date":
        return _format(column) == _ISO_DAY
    return column.kind == "integer" and _format(column) is None


def _format(column: Column) -> str | None:
    return column.meaning.format if column.meaning else None


def _plain_number(value: str) -> str:
    """Return a number as text, without the decimal point of a whole one."""
    number = f"CAST({value} AS DOUBLE)"
    is_whole = f"{number} = floor({number}) AND abs({number}) < {_EXACT}"
    whole = f"CAST(CAST({number} AS BIGINT) AS VARCHAR)"
    return f"CASE WHEN {is_whole} THEN {whole} ELSE CAST({number} AS VARCHAR) END"
