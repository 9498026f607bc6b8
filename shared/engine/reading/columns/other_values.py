"""Finds the rows of values that are none of the codes of their column."""

from collections.abc import Sequence

from shared.engine.database import ROW, Database, filled, quoted
from shared.engine.tables.key_file import COARSE
from shared.engine.tables.manifest import Column, Meaning


def with_rows_of_others(
    database: Database, table: str, columns: Sequence[Column], longest: int
) -> list[Column]:
    """Return the columns of `table`, with the first row of each value that is no code.

    Examples are cut after `longest` characters.
    """
    return [
        _with_rows(database, table, column, column.meaning, longest)
        if column.meaning and column.meaning.invalid and _is_code(column)
        else column
        for column in columns
    ]


def _is_code(column: Column) -> bool:
    repair = column.meaning and column.meaning.repair
    return bool(column.key or repair) or column.type in COARSE


def _with_rows(
    database: Database, table: str, column: Column, meaning: Meaning, longest: int
) -> Column:
    text = f"left({filled(column.name)}, {longest})"
    first_rows = database.execute(
        f"SELECT text, min(row) FROM (SELECT {text} AS text, {ROW} AS row FROM {quoted(table)})"
        " WHERE text IN (SELECT unnest(?)) GROUP BY text",
        [list(meaning.invalid)],
    ).fetchall()
    rows = {str(text): int(row) for text, row in first_rows}
    positions = {"invalid_at": tuple(map(rows.__getitem__, meaning.invalid))}
    return column.model_copy(update={"meaning": meaning.model_copy(update=positions)})
