"""The values of a column as SQL to select from: each once, where they repeat."""

from shared.engine.database import filled, quoted
from shared.engine.tables.manifest import Column

CELLS = "cells"
"""The column that says how many cells hold a value."""

TEXT = filled("value")
"""A value as text, in SQL, without the spaces around it; null where nothing is left."""

_REPEATED = 5
"""So often values occur on average where to count them takes less time than to test each cell."""


def repeats(column: Column) -> bool:
    """Whether its values occur several times each, on average."""
    return column.filled >= _REPEATED * column.distinct


def cells_of(table: str, name: str) -> str:
    """Return the cells of a column of `table`, one by one."""
    return f"(SELECT CAST({quoted(name)} AS VARCHAR) AS value, 1 AS {CELLS} FROM {quoted(table)})"


def values_of(table: str, column: Column) -> str:
    """Return the values of a column of `table`, with their cells.

    Those that do not repeat are its cells, one by one; those that differ by the spaces around them
    are several.
    """
    cells = cells_of(table, column.name)
    if not repeats(column):
        return cells
    # Else a condition on the values is tried on each cell, before they are counted.
    return (
        f"(WITH counted AS MATERIALIZED (SELECT value, count(*) AS {CELLS} FROM {cells}"
        " GROUP BY value) SELECT * FROM counted)"
    )


def cells_with(test: str) -> str:
    """Return the number of cells whose value passes a test, as an SQL aggregate."""
    return f"coalesce(sum({CELLS}) FILTER ({test}), 0)::BIGINT"
