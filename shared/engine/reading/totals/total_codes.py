"""Rows whose code says that they sum the other values of a dimension, as SDMX writes `_T`.

The sum is looked for among the rows that are alike in all other columns of text. Dimensions that
are numbers need not be known: sums over all their values are equal where those of each are.
"""

from collections.abc import Iterator, Sequence
from math import log

from shared.engine.database import ROW, Database, filled, literal, quoted
from shared.engine.reading.totals.labels import (
    MOST_COLUMNS,
    OTHER_NAMES,
    Reason,
    figure_sql,
    may_be_figures,
)
from shared.engine.tables.manifest import Column
from shared.language.folding import fold

_CODES = ("_t", "_z", "t", "tot", "total", "ens", "ensemble")
"""SDMX's cross-domain code list CL_SEX and the like have `_T` and `_Z`; INSEE wrote ENS before."""

_AMBIGUOUS = ("_z", "t", "ens")
"""These mean something else as often."""

_MOST_VALUES = 5000
"""Of a dimension; a column with more names things, and takes long."""

_FEWEST_VALUES = 3
_OWN = 0.5
"""A column that has more values, for each row, tells none that are alike."""

_MATCHING = 0.5
"""Of the groups that have parts: those of some are secret or rounded."""

_ROUNDED = 0.001
_ENOUGH = log(100)
"""So improbable sums by chance must be, as a logarithm; each has one chance in its size."""


def coded_totals(
    database: Database, table: str, columns: Sequence[Column], rows: int
) -> Iterator[tuple[int, Reason]]:
    """Yield the rows, from 1, that have a total's code and sum the rows with other codes.

    Those that look so and sum nothing come with a reason that has no `sums`.
    """
    texts = [column for column in columns if column.kind == "text"][:MOST_COLUMNS]
    numbers = [column for column in columns if may_be_figures(column)][:MOST_COLUMNS]
    possible = [
        text_column
        for text_column in texts
        if _FEWEST_VALUES <= text_column.distinct <= _MOST_VALUES
    ]
    if not numbers or not possible:
        return
    for column in _with_codes(database, table, possible):
        alike = _alike(
            database,
            table,
            column,
            [text_column for text_column in texts if text_column != column],
            rows,
        )
        sums = tuple(
            summed_column.name
            for summed_column in numbers
            if _is_sum(database, table, column, summed_column, alike)
        )
        if sums or _is_plain(database, table, column):
            reason = Reason("total_code", column.name, sums)
            yield from ((row, reason) for row in _rows(database, table, column, alike))


def _is_code(column: Column) -> str:
    codes = ", ".join(map(literal, _CODES))
    return f"coalesce(lower({filled(column.name)}) IN ({codes}), false)"


def _is_plain(database: Database, table: str, column: Column) -> bool:
    """Whether a code means a total in itself: no single letter, nor a company's name."""
    if OTHER_NAMES.search(fold(column.name)):
        return False
    plain = ", ".join(literal(code) for code in _CODES if code not in _AMBIGUOUS)
    ((is_plain,),) = database.execute(
        f"SELECT bool_or(lower({filled(column.name)}) IN ({plain})) FROM {quoted(table)}"
    ).fetchall()
    return bool(is_plain)


def _with_codes(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    tests = ", ".join(f"bool_or({_is_code(column)})" for column in columns)
    ((*has,),) = database.execute(f"SELECT {tests} FROM {quoted(table)}").fetchall()
    return [column for column, has_code in zip(columns, has, strict=True) if has_code]


def _alike(
    database: Database, table: str, column: Column, others: Sequence[Column], rows: int
) -> list[str]:
    """Return the columns, in SQL, whose values a total shares with its parts."""
    repeated = [other for other in others if other.distinct <= _OWN * rows]
    if not repeated:
        return []
    pairs = ", ".join(
        f"count(DISTINCT ({filled(column.name)}, {filled(other.name)}))" for other in repeated
    )
    ((*counts,),) = database.execute(f"SELECT {pairs} FROM {quoted(table)}").fetchall()
    return [
        filled(other.name)
        for other, count in zip(repeated, counts, strict=True)
        if count > column.distinct + 1
    ]


def _is_sum(
    database: Database, table: str, column: Column, number: Column, alike: Sequence[str]
) -> bool:
    """Whether the rows with the code sum those with other codes, not by chance."""
    code, figure = _is_code(column), figure_sql(number)
    ((groups, matching, improbable),) = database.execute(
        f"""
        SELECT count(*), count(*) FILTER (fits), sum(ln(least(size, 500))) FILTER (fits)
        FROM (
            SELECT greatest(abs(mine), 1) AS size, abs(mine - parts) <= {_ROUNDED} * size AS fits
            FROM (
                SELECT sum({figure}) FILTER ({code}) AS mine,
                    sum({figure}) FILTER (NOT {code}) AS parts,
                    count({figure}) FILTER (NOT {code}) AS n
                FROM {quoted(table)} GROUP BY {f"({', '.join(alike)})"}
            ) WHERE mine <> 0 AND n > 1
        )
        """
    ).fetchall()
    return bool(groups) and matching >= _MATCHING * groups and (improbable or 0) >= _ENOUGH


def _rows(database: Database, table: str, column: Column, alike: Sequence[str]) -> list[int]:
    """Return the rows with the code that stand beside rows with other codes."""
    code = _is_code(column)
    keys = [f"key{number}" for number in range(len(alike))]
    named = "".join(f", {expression} AS {key}" for expression, key in zip(alike, keys, strict=True))
    within = f"PARTITION BY {', '.join(keys)}" if keys else ""
    numbers = database.execute(
        f"""
        SELECT number FROM (
            SELECT number, coded, bool_or(NOT coded) OVER ({within}) AS has_parts
            FROM (SELECT {ROW} AS number, {code} AS coded{named} FROM {quoted(table)})
        ) WHERE coded AND has_parts ORDER BY number
        """
    ).fetchall()
    return [int(row) for (row,) in numbers]
