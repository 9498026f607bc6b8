"""Tells of columns what treatments would take wrongly.

Figures of a station, household or file may stand on each of its rows, and a sum counts them as
often: they are the same in all rows of one value of a key that repeats, which those of the rows
themselves are not but by chance. A name may be that of several communes.
"""

import re
from collections.abc import Sequence
from math import log
from typing import NamedTuple

from shared.engine.codes.commune_names import find_commune
from shared.engine.database import ROW, Database, filled, quoted
from shared.engine.reading.misleading.mixed_conventions import mixed_conventions
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import ColumnWarning
from shared.language.folding import fold

_MOST_NAMES = 40_000
"""So many communes there are, with those that are gone."""

_PLACING = ("departement", "postcode", "epci", "siren")
_PLACED_BY = re.compile(
    r"departement|(^|[_ ])(dep|dept|dpt)([_ ]|$)|epci|postal|(^|[_ ])cp([_ ]|$)"
)

_KEY_NAME = re.compile(
    r"(^|[_ .-])(id|ident|identifiant|code|cod|num|numero|no|ref|reference|matricule|cle|key)"
    r"([_ .-]|\d|$)|^(station|foyer|menage|dossier|site|arret|etablissement|groupe)s?$"
)
_NUMBERS = ("integer", "decimal")
_NO_FIGURES = re.compile(
    r"(^|[_ .-])(an|annee|year|millesime|mois|jour|date|rang|ordre|zone|niveau|type|categorie"
    r"|classe|statut|section|arrondissement|canton|departement|dep|region|commune)([_ .-]|$)"
)
"""What numbers number, and nobody adds up."""
_FIRST_ROWS = 20_000
_MOST_KEYS, _MOST_FIGURES = 8, 200
"""Columns of a table that are looked at, the first ones: more take too long."""

_REPEATED = 0.1
"""Share of the filled rows that repeat another's key, at least: a few may be mistakes."""

_NO_CHANCE = log(0.001)
_EXAMPLES, _LONGEST = 3, 50


def with_warnings(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of `table`, each with its warnings."""
    warnings_by_rule = [
        rule(database, table, columns)
        for rule in (mixed_conventions, _repeated_figures, _shared_names)
    ]
    return [
        column.model_copy(
            update={
                "warnings": tuple(
                    warnings[column.name]
                    for warnings in warnings_by_rule
                    if column.name in warnings
                )
            }
        )
        for column in columns
    ]


class _Repeats(NamedTuple):
    """A figure in rows with a key: how many, of how many keys, and whether each key has one."""

    rows: int
    keys: int
    is_constant: bool


def _repeated_figures(
    database: Database, table: str, columns: Sequence[Column]
) -> dict[str, ColumnWarning]:
    """Return warnings, by name, on figures of `table` that repeat with a key.

    Of several keys the one with the fewest values is named.
    """
    figures = [column.name for column in columns if _may_be_figure(column)][:_MOST_FIGURES]
    warnings: dict[str, ColumnWarning] = {}
    keys = list(filter(_may_be_key, columns))[:_MOST_KEYS]
    for key in sorted(keys, key=lambda key_column: key_column.distinct):
        left = [name for name in figures if name not in warnings]
        for source in (f"(FROM {quoted(table)} LIMIT {_FIRST_ROWS})", quoted(table)):
            repeats = _repeats(database, source, key.name, left)
            left = [name for name, repeat in repeats.items() if repeat.is_constant]
        for name in left:
            repeat = repeats[name]
            if repeat.rows - repeat.keys >= _REPEATED * repeat.rows and not _by_chance(
                database, table, name, repeat
            ):
                warnings[name] = _warning(database, table, key.name, repeat)
    return warnings


def _may_be_key(column: Column) -> bool:
    is_called_so = bool(column.key) or _KEY_NAME.search(fold(column.name))
    return bool(is_called_so) and 1 < column.distinct < column.filled


def _may_be_figure(column: Column) -> bool:
    is_number = column.kind in _NUMBERS and column.type in ("", "category", *_NUMBERS)
    name = fold(column.name)
    is_code = _KEY_NAME.search(name) or _NO_FIGURES.search(name)
    return is_number and not column.key and not is_code and column.distinct > 1


def _repeats(
    database: Database, source: str, key: str, figures: Sequence[str]
) -> dict[str, _Repeats]:
    """Count, for each figure, the rows and keys that have one, in a table or query."""
    if not figures:
        return {}
    cells = ", ".join(f"{filled(name)} AS c{at}" for at, name in enumerate(figures))
    places = range(len(figures))
    groups = ", ".join(f"count(c{at}) AS n{at}, min(c{at}) = max(c{at}) AS s{at}" for at in places)
    counts = ", ".join(f"sum(n{at}), count(*) FILTER (n{at} > 0), bool_and(s{at})" for at in places)
    (row,) = database.execute(
        f"SELECT {counts} FROM (SELECT {groups} FROM (SELECT {filled(key)} AS k, {cells}"
        f" FROM {source}) WHERE k IS NOT NULL GROUP BY k)"
    ).fetchall()
    return {
        name: _Repeats(int(row[3 * at] or 0), int(row[3 * at + 1]), bool(row[3 * at + 2]))
        for at, name in enumerate(figures)
    }


def _by_chance(database: Database, table: str, figure: str, repeats: _Repeats) -> bool:
    """Whether the rows of a key may have the same figure by chance."""
    ((alike,),) = database.execute(
        f"SELECT sum(n * n) / sum(n) ** 2 FROM (SELECT count(*) AS n FROM {quoted(table)}"
        f" WHERE {filled(figure)} IS NOT NULL GROUP BY {filled(figure)})"
    ).fetchall()
    return (repeats.rows - repeats.keys) * log(alike) > _NO_CHANCE


def _warning(database: Database, table: str, key: str, repeats: _Repeats) -> ColumnWarning:
    examples = database.execute(
        f"SELECT left(k, {_LONGEST}), min(row) FROM (SELECT {filled(key)} AS k, {ROW} AS row"
        f" FROM {quoted(table)}) WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1"
        f" ORDER BY min(row) LIMIT {_EXAMPLES}"
    ).fetchall()
    return ColumnWarning(
        kind="repeated_figure",
        beside=key,
        rows=repeats.rows - repeats.keys,
        examples=tuple(text for text, _ in examples),
        first_rows=tuple(row for _, row in examples),
    )


def _shared_names(
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
                entry
                for entry in _names(database, table, column.name)
                if find_commune(entry[0]).outcome == "several"
            ]
            if names:
                texts = [text for text, *_ in names]
                beside = _beside(database, table, column, texts, columns)
                warnings[column.name] = _shared_warning(names, beside)
    return warnings


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


def _shared_warning(names: Sequence[tuple[str, int, int]], beside: str) -> ColumnWarning:
    return ColumnWarning(
        kind="shared_names",
        beside=beside,
        rows=sum(rows for _, rows, _ in names),
        examples=tuple(text[:_LONGEST] for text, *_ in names[:_EXAMPLES]),
        first_rows=tuple(first for *_, first in names[:_EXAMPLES]),
    )
