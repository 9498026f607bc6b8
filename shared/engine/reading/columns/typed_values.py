"""Reads the text of a described column as the numbers and days that it writes, in SQL.

Codes stay text, and so do months, which have no day: they become `2024-05`. Whole numbers are
BIGINT, others DOUBLE, days DATE, moments TIMESTAMP, with a zone if they have one. What is none of
these in such a column is null.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.engine.database import Database, columns, filled, literal, quoted
from shared.engine.reading.values.dates import FORMATS, MONTH_NAMES, PIVOT
from shared.engine.reading.values.numbers import any_number_sql, number_sql, style_of
from shared.engine.reading.values.withheld_values import EmptyCells, is_withheld
from shared.engine.tables.manifest import Column, Meaning

_WHOLE = frozenset(("integer", "year"))
_ZONE = "(Z|[+-][0-9]{2}:?[0-9]{2})$"
_PLAIN = {True: (None,), False: ("0,0", "0.0")}
"""Formats of whole numbers, and of others, that have neither groups nor units."""


@dataclass(frozen=True)
class TypedTable:
    """A table as a SELECT with real types; `read` are the columns whose text it reads."""

    table: str
    select: str
    read: tuple[Column, ...]

    def lost(self, database: Database, typed: str) -> dict[str, EmptyCells]:
        """Count the cells of each column whose text could not be read, and those that are secret.

        `typed` is what the SELECT made, a table or file in SQL: to read texts twice takes long.
        """
        if not self.read:
            return {}
        held = ", ".join(f"count({filled(column.name)})" for column in self.read)
        marked = ", ".join(f"count(*) FILTER ({is_withheld(column)})" for column in self.read)
        kept = ", ".join(f"count({quoted(column.name)})" for column in self.read)
        (counts,) = database.execute(
            f"SELECT {held}, {marked} FROM {quoted(self.table)}"
        ).fetchall()
        (after,) = database.execute(f"SELECT {kept} FROM {typed}").fetchall()
        before, secret = counts[: len(self.read)], counts[len(self.read) :]
        return {
            column.name: EmptyCells(int(held - kept), int(hidden), column.withheld)
            for column, held, hidden, kept in zip(self.read, before, secret, after, strict=True)
            if held > kept
        }


def typed_table(database: Database, table: str, described: Iterable[Column]) -> TypedTable:
    """Return the rows of `table`, in order, with text columns as their described types."""
    columns_by_name = {column.name: column for column in described}
    chosen, read = [], []
    for name, stored in columns(database, table).items():
        value = (
            typed_value(columns_by_name[name])
            if stored == "VARCHAR" and name in columns_by_name
            else ""
        )
        chosen.append(f"{value or quoted(name)} AS {quoted(name)}")
        if value:
            read.append(columns_by_name[name])
    select = f"SELECT {', '.join(chosen)} FROM {quoted(table)}"
    return TypedTable(table, select, tuple(read))


def typed_value(column: Column) -> str:
    """Return a text column as an SQL expression of its values; empty if it stays text."""
    if column.key or column.meaning is None or column.meaning.repair:
        return ""
    text, meaning = filled(column.name), column.meaning
    shape = meaning.format
    match meaning.type:
        case "integer" | "year" | "decimal" | "latitude" | "longitude":
            value = _number(column, meaning, text)
        case "boolean" if column.kind == "integer":
            value = f"TRY_CAST({text} AS BIGINT)"
        case "date":
            value = day_sql(text, shape)
        case "datetime":
            value = _moment(text, shape)
        case "month":
            value = _month(text, shape or "")
        case _:
            value = ""
    return value


def _number(column: Column, meaning: Meaning, text: str) -> str:
    whole = meaning.type in _WHOLE
    is_plain = meaning.format in _PLAIN[whole] and not meaning.invalid_rows
    if is_plain and column.kind == ("integer" if whole else "decimal"):
        # All of them are plain: they need not be taken to pieces.
        return f"TRY_CAST(replace({text}, ',', '.') AS {'BIGINT' if whole else 'DOUBLE'})"
    value = number_sql(text, style_of(meaning.format), meaning.unit or "", whole=whole)
    if not meaning.invalid_rows or meaning.unit or meaning.type == "year":
        return value
    # What is a number by itself is one here, as it is where nobody knows the column.
    return f"coalesce({value}, {any_number_sql(text, whole=whole)})"


def day_sql(text: str, shape: str | None) -> str:
    """Return a text as a DATE in SQL; where formats are mixed, the first that fits."""
    if shape is None:
        clear = (
            date_format for date_format in FORMATS if date_format not in ("%m/%d/%Y", "%Y%m%d")
        )
        return f"coalesce({', '.join(day_sql(text, date_format) for date_format in clear)})"
    if shape == "%d/%m/%y":
        parts = [f"TRY_CAST(split_part({text}, '/', {at}) AS INTEGER)" for at in (1, 2, 3)]
        day, month, year = parts
        year = f"{year} + CASE WHEN {year} < {PIVOT} THEN 2000 ELSE 1900 END"
        return f"TRY_CAST(printf('%04d-%02d-%02d', {year}, {month}, {day}) AS DATE)"
    if shape == "%d %B %Y":
        number = _month_number(f"split_part({text}, ' ', 2)")
        day = f"regexp_extract({text}, '^[0-9]+')"
        written = f"split_part({text}, ' ', 3) || '-' || {number} || '-' || {day}"
        return f"CAST(try_strptime({written}, '%Y-%m-%d') AS DATE)"
    return f"CAST(try_strptime({text}, {literal(shape)}) AS DATE)"


def _moment(text: str, shape: str | None) -> str:
    """Return a TIMESTAMP of the day and, after a space or `T`, the time; UTC if zones are given."""
    day = rf"regexp_extract({text}, '^(\S+?)[ T]', 1)"
    time = rf"regexp_extract({text}, '^\S+?[ T](.*)$', 1)"
    written = f"CAST({day_sql(day, shape)} AS VARCHAR) || ' ' || {time}"
    return (
        f"CASE WHEN regexp_matches({text}, '{_ZONE}')"
        f" THEN timezone('UTC', TRY_CAST({written} AS TIMESTAMPTZ))"
        f" ELSE TRY_CAST({written} AS TIMESTAMP) END"
    )


def _month(text: str, shape: str) -> str:
    """Return year and month as text, as ISO 8601 writes them."""
    if shape == "%B %Y":
        year, number = f"regexp_extract({text}, '[0-9]{{4}}$')", _month_number(text)
        return f"nullif({year}, '') || '-' || {number}"
    return f"strftime(try_strptime({text}, {literal(shape)}), '%Y-%m')"


def _month_number(text: str) -> str:
    cases = " ".join(
        f"WHEN regexp_matches({text}, {literal(f'^(?i:{name})( |$)')}) THEN '{number:02}'"
        for number, name in enumerate(MONTH_NAMES, start=1)
    )
    return f"CASE {cases} END"
