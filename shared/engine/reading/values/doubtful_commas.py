"""Tells columns of a comma-separated file whose `12,345` may be twelve thousand.

Files that French programs write are separated by semicolons: where commas separate, a quoted comma
may set English groups of thousands apart as well as decimals. Only other values can settle that.
"""

from collections.abc import Sequence

from shared.engine.database import Database, filled, literal, quoted
from shared.engine.reading.repairs import Repairs
from shared.engine.reading.values.numbers import ENGLISH, format_of
from shared.engine.tables.manifest import Column

_MAY_BE_GROUPED = "[+-]?(0|[1-9][0-9]{0,2}(,[0-9]{3})?)"
"""No groups of thousands are `0,500`, `12,5` and `1234`: one settles what the others are."""

_DOUBTFUL = 0.5
"""What is left of confidence."""


def with_doubtful_commas(
    database: Database, table: str, columns: Sequence[Column], repairs: Repairs
) -> list[Column]:
    """Return the columns; note those whose commas may separate thousands."""
    decimals = [column for column in columns if column.type == "decimal" and _has_commas(column)]
    if not decimals:
        return list(columns)
    tests = ", ".join(_is_doubtful(column) for column in decimals)
    ((*are_doubtful,),) = database.execute(f"SELECT {tests} FROM {quoted(table)}").fetchall()
    doubtful = [column.name for column, is_so in zip(decimals, are_doubtful, strict=True) if is_so]
    repairs.note("doubtful_commas", count=len(doubtful), detail=", ".join(doubtful))
    return [_in_doubt(column) if column.name in doubtful else column for column in columns]


def _has_commas(column: Column) -> bool:
    return column.meaning is not None and "," in (column.meaning.format or "")


def _is_doubtful(column: Column) -> str:
    """Return the SQL test of a column whose commas may all separate thousands."""
    text = filled(column.name)
    marks = ", ".join(map(literal, (*column.withheld, *column.missing))) or "''"
    fits = f"regexp_full_match({text}, '{_MAY_BE_GROUPED}')"
    return f"bool_and({fits}) FILTER ({text} NOT IN ({marks})) AND bool_or(contains({text}, ','))"


def _in_doubt(column: Column) -> Column:
    meaning = column.meaning
    if meaning is None:
        return column
    other = format_of(ENGLISH, whole=True) or ""
    changed = {"also": (*meaning.also, other), "confidence": meaning.confidence * _DOUBTFUL}
    return column.model_copy(update={"meaning": meaning.model_copy(update=changed)})
