"""Which columns tell the rows of two tables apart."""

from collections.abc import Sequence
from itertools import chain, combinations

from shared.engine.database import Database
from shared.engine.difference.table_pair import VIEWS, SharedColumn, TablePair

_MOST_COLUMNS = 3
_CANDIDATES = 8
"""Columns that are tried, the best ones: 92 sets of up to three."""

_FIRST_ROWS = 10_000
"""In these nearly all sets that are no key have two rows that are alike."""


def find_key(database: Database, pair: TablePair) -> tuple[SharedColumn, ...]:
    """Return the smallest set of columns of which no two rows of a table share all values.

    The best by `key_rank`, then the first in the table, of up to three that have a value in each
    row; empty without any. Figures are none, however different they are.
    """
    candidates = _candidates(database, pair)
    sizes = range(1, _MOST_COLUMNS + 1)
    column_sets = chain.from_iterable(combinations(candidates, size) for size in sizes)
    return next((chosen for chosen in column_sets if _is_key(database, chosen)), ())


def _candidates(database: Database, pair: TablePair) -> list[SharedColumn]:
    ranked = [(column.key_rank, column) for column in pair.shared if column.key_rank is not None]
    columns = [column for _, column in sorted(ranked, key=lambda entry: entry[0])]
    for view in VIEWS:
        counts = ", ".join(f"count({column.value})" for column in columns)
        row = f"SELECT count(*), {counts or 'NULL'} FROM {view}"
        ((rows, *filled_rows),) = database.execute(row).fetchall()
        columns = [
            column for column, filled in zip(columns, filled_rows, strict=False) if filled == rows
        ]
    return columns[:_CANDIDATES]


def _is_key(database: Database, columns: Sequence[SharedColumn]) -> bool:
    first_rows = [f"(FROM {view} LIMIT {_FIRST_ROWS})" for view in VIEWS]
    return all(_is_unique(database, rows, columns) for rows in (*first_rows, *VIEWS))


def _is_unique(database: Database, rows: str, columns: Sequence[SharedColumn]) -> bool:
    names = ", ".join(column.value for column in columns)
    repeated = f"SELECT 1 FROM {rows} GROUP BY {names} HAVING count(*) > 1"
    ((is_repeated,),) = database.execute(f"SELECT EXISTS ({repeated})").fetchall()
    return not is_repeated
