"""Numbers of the social security (NIR) that stand alone among other cells of a column."""

from collections.abc import Sequence
from math import exp, fsum, lgamma, log
from typing import NamedTuple

import numpy as np

from shared.engine.database import Database, literal, quoted, trimmed
from shared.engine.reading.columns.identifiers import FIFTEEN_DIGITS, WRITTEN_NIR, is_nir
from shared.engine.tables.manifest import Column

_SHORTEST_NIR, _LONGEST_NIR = 15, 21
_AT_ONCE = 100_000
_BY_CHANCE = 1 / 97
"""Of random numbers of fifteen digits so many have the key of a NIR, at most."""

_MOST = 0.5
"""Of the cells of a column numbers of fifteen digits are more only where that is what it holds."""


class KeyedCells(NamedTuple):
    """The cells of a column that are NIRs with the right key, and how many numbers those are.

    `written` are those with spaces or letters, as nobody writes other numbers; `long` are all its
    numbers of fifteen digits, each once, and `long_cells` the cells that hold them.
    """

    cells: int
    keyed: int
    written: int
    long: int
    long_cells: int

    @property
    def is_chance(self) -> bool:
        """Whether as many of any long numbers would have the right key by chance."""
        return not self.written and self.keyed <= self.long * _BY_CHANCE

    @property
    def certainty(self) -> float:
        """Return how sure it is that this many do not have the key by chance (Poisson)."""
        mean = max(1, self.long) * _BY_CHANCE
        if self.written:
            return 1 - _BY_CHANCE
        fewer = range(self.keyed)
        return fsum(exp(number * log(mean) - mean - lgamma(number + 1)) for number in fewer)


def nirs_in_cells(
    database: Database, table: str, columns: Sequence[Column]
) -> dict[str, KeyedCells]:
    """Return the columns with cells that are whole NIRs with the right key.

    All rows are looked at: one among thousands is somebody's. In a column most of which is numbers
    of fifteen digits they count for nothing, and where chance makes as many.
    """
    cells_by_column = {}
    for column in _with_long_cells(database, table, columns):
        cells = _counted(database, table, column.name)
        if cells.keyed and cells.long_cells <= _MOST * column.filled and not cells.is_chance:
            cells_by_column[column.name] = cells
    return cells_by_column


def _with_long_cells(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns with a cell as long as a NIR; reading one costs much more."""
    possible = [
        column
        for column in columns
        if column.kind in {"text", "integer", "decimal"} and column.filled
    ]
    if not possible:
        return []
    is_long = (f"bool_or(length({trimmed(column.name)}) >= {_SHORTEST_NIR})" for column in possible)
    (answer,) = database.execute(f"SELECT {', '.join(is_long)} FROM {quoted(table)}").fetchall()
    return [column for column, has_long in zip(possible, answer, strict=True) if has_long]


def _counted(database: Database, table: str, column: str) -> KeyedCells:
    """Count a column's NIRs, and its numbers of fifteen digits."""
    values = database.sql(f"""
        SELECT * FROM (
            SELECT cell, count(*) AS cells, {_matches(FIFTEEN_DIGITS)} AS is_long,
                {_matches(WRITTEN_NIR)} AS is_shaped, NOT {_matches("[0-9]*")} AS is_written
            FROM (
                SELECT regexp_replace({trimmed(column)}, '[.]0$', '') AS cell
                FROM {quoted(table)}
            ) WHERE length(cell) BETWEEN {_SHORTEST_NIR} AND {_LONGEST_NIR} GROUP BY cell
        ) WHERE is_long OR is_shaped
    """)
    sums = np.zeros(len(KeyedCells._fields), np.int64)
    for batch in values.to_arrow_reader(_AT_ONCE):
        cells = batch["cells"].to_numpy()
        long, keyed, written = (
            batch[name].to_numpy(zero_copy_only=False).copy()
            for name in ("is_long", "is_shaped", "is_written")
        )
        keyed[keyed] = is_nir(batch["cell"].filter(batch["is_shaped"]))
        both = (keyed & written).sum()
        sums += (cells[keyed].sum(), keyed.sum(), both, long.sum(), cells[long].sum())
    return KeyedCells(*map(int, sums))


def _matches(pattern: str) -> str:
    return f"regexp_full_match(cell, {literal(pattern)})"
