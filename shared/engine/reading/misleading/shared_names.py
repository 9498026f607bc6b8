"""Finds names of communes that several have, and the column that tells these apart."""

import re
from collections.abc import Sequence

from shared.engine.codes.commune_names import find_commune
from shared.engine.database import ROW, Database, filled, quoted
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import ColumnWarning
from shared.language.folding import fold

_MOST_NAMES = 40_000
"""So many communes there are, with those that are gone."""

_PLACING = ("departement", "postcode", "epci", "siren")
_PLACED_BY = re.compile(
    r"departement|(^|[_ ])(dep|dept|dpt)([_ ]|$)|epci|postal|(^|[_ ])cp([_ ]|$)"
)
_EXAMPLES, _LONGEST = 3, 50


def shared_names(
    database: Database, table: str, columns: Sequence[Column]
) -> dict[str, ColumnWarning]:
    """Return warnings, by name, on columns of `table` with names that communes share.

    Where their codes stand in the table, nobody has to know them by their names.
    """
    warnings: dict[str, ColumnWarning] = {}
    if any(column.key == "commune" for column in columns):
        return warnings
    for column in columns:
        if column.names == "commune" and column.distinct <= _MOST_NAMES:
            names = [
                entry for entry in _names(database, table, column.name) if _is_shared(entry[0])
            ]
            if names:
                texts = [text for text, *_ in names]
                beside = _beside(database, table, column, texts, columns)
                warnings[column.name] = _warning(names, beside)
    return warnings


def _is_shared(name: str) -> bool:
    return find_commune(name).outcome == "several"


def _names(database: Database, table: str, column: str) -> list[tuple[str, int, int]]:
    """Return the names in a column, how many rows have each, and the first of these rows."""
    return database.execute(
        f"SELECT text, count(*), min(row) FROM (SELECT {filled(column)} AS text, {ROW} AS row"
        f" FROM {quoted(table)}) WHERE text IS NOT NULL GROUP BY text ORDER BY min(row)"
    ).fetchall()


def _beside(
    database: Database, table: str, column: Column, names: Sequence[str], columns: Sequence[Column]
) -> str:
    """Return the column that tells which commune is meant where several share a name."""
    for other in columns:
        if other.name == column.name or not _may_place(other):
            continue
        pairs = database.execute(
            f"SELECT DISTINCT {filled(column.name)} AS text, coalesce({filled(other.name)}, '')"
            f" FROM {quoted(table)} WHERE text IN (SELECT unnest(?))",
            [names],
        ).fetchall()
        if all(find_commune(*pair).code for pair in pairs):
            return other.name
    return ""


def _may_place(column: Column) -> bool:
    return column.type in _PLACING or bool(_PLACED_BY.search(fold(column.name)))


def _warning(names: Sequence[tuple[str, int, int]], beside: str) -> ColumnWarning:
    return ColumnWarning(
        kind="shared_names",
        beside=beside,
        rows=sum(rows for _, rows, _ in names),
        examples=tuple(text[:_LONGEST] for text, *_ in names[:_EXAMPLES]),
        first_rows=tuple(first for *_, first in names[:_EXAMPLES]),
    )
