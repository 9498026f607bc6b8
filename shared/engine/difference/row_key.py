"""Which columns tell the rows of two tables apart."""

from collections.abc import Sequence
from itertools import chain, combinations

from shared.engine.database import Database
from shared.engine.difference.table_pair import VIEWS, SharedColumn, TablePair

_CANDIDATES = {1: 60, 2: 8, 3: 8}
"""How many columns, the best, sets of so many are made of: 144 sets in all."""

_FIRST_ROWS = 10_000
"""In these nearly all sets that are no key have two rows that are alike."""


def find_key(database: Database, pair: TablePair) -> tuple[SharedColumn, ...]:
    """Return the smallest set of columns of which no two rows of a table share all values.

    An empty cell is a value: that of a total, for example. The best are those that are filled,
    then those of the lowest `key_rank`, then the first of the table. Empty without three columns
    that will do. Figures are none, however different they are.
    """
    candidates = _candidates(database, pair)
    column_sets = chain.from_iterable(
        combinations(candidates[:most], size) for size, most in _CANDIDATES.items()
    )
    return next((chosen for chosen in column_sets if _is_key(database, chosen)), ())


def _candidates(database: Database, pair: TablePair) -> list[SharedColumn]:
    ranked = [(column.key_rank, column) for column in pair.shared if column.key_rank is not None]
    columns = [column for _, column in sorted(ranked, key=lambda entry: entry[0])]
    with_gaps = set[str]().union(*(_with_gaps(database, view, columns) for view in VIEWS))
    return sorted(columns, key=lambda column: column.name in with_gaps)


def _with_gaps(database: Database, view: str, columns: Sequence[SharedColumn]) -> set[str]:
    """Return the names of the columns that have empty cells."""
    counts = ", ".join(("count(*)", *(f"count({column.value})" for column in columns)))
    ((rows, *filled_rows),) = database.execute(f"SELECT {counts} FROM {view}").fetchall()
    return {
        column.name for column, filled in zip(columns, filled_rows, strict=True) if filled < rows
    }


def _is_key(database: Database, columns: Sequence[SharedColumn]) -> bool:
    first_rows = [f"(FROM {view} LIMIT {_FIRST_ROWS})" for view in VIEWS]
    return all(_is_unique(database, rows, columns) for rows in (*first_rows, *VIEWS))


def _is_unique(database: Database, rows: str, columns: Sequence[SharedColumn]) -> bool:
    names = ", ".join(column.value for column in columns)
    repeated = f"SELECT 1 FROM {rows} GROUP BY {names} HAVING count(*) > 1"
    ((is_repeated,),) = database.execute(f"SELECT EXISTS ({repeated})").fetchall()
    return not is_repeated
