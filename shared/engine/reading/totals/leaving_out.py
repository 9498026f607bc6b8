"""Leaves rows of totals out of a table: by their place, which no choice of columns changes."""

from collections.abc import Sequence

from shared.engine.database import ROW, Database, filled, quoted
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import RowRange, TotalRows

_COUNTED = "table without totals"
_SINGLES = 3
"""Ranges of fewer rows are named one by one."""


def is_counted(ranges: Sequence[RowRange]) -> str:
    """Return the SQL of `QUALIFY` that leaves these rows out of a table in file order."""
    singles, tests = [], []
    for row_range in ranges:
        rows = range(row_range.first, row_range.last + 1, row_range.step)
        if len(rows) <= _SINGLES:
            singles += [str(row) for row in rows]
            continue
        place = f"({ROW} - {row_range.first}) % {row_range.step} = 0"
        tests.append(f"({ROW} BETWEEN {row_range.first} AND {row_range.last} AND {place})")
    if singles:
        tests.append(f"{ROW} IN ({', '.join(singles)})")
    return f"NOT ({' OR '.join(tests)})"


def without_totals(
    database: Database, table: str, columns: Sequence[Column], totals: Sequence[TotalRows]
) -> tuple[str, Sequence[Column]]:
    """Return a table without its totals, and its columns then; unchanged without totals."""
    ranges = [row_range for total in totals for row_range in total.ranges]
    if not ranges:
        return table, columns
    database.execute(
        f"CREATE OR REPLACE TABLE {quoted(_COUNTED)} AS"
        f" SELECT * FROM {quoted(table)} QUALIFY {is_counted(ranges)}"
    )
    counts = ", ".join(
        f"count({filled(column.name)}), count(DISTINCT {filled(column.name)})" for column in columns
    )
    ((*counted,),) = database.execute(f"SELECT {counts} FROM {quoted(_COUNTED)}").fetchall()
    pairs = zip(columns, counted[::2], counted[1::2], strict=True)
    return _COUNTED, [
        column.model_copy(update={"filled": rows, "distinct": distinct})
        for column, rows, distinct in pairs
    ]
