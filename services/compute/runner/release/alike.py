"""Groups that are all of a larger one, but for too few units: nearly all are alike in it.

Who knows how many are in the larger group learns from their number what all of them have in common,
and who knows all others what the last one has. Whether a few are left, or none, is not told.
"""

from collections.abc import Collection, Iterable

import duckdb

from services.compute.runner.database import quoted
from services.compute.runner.release.populations import KNOWN, Population

_NUMBERED = "‹groupes de toutes les lignes›"


def make_alike(
    database: duckdb.DuckDBPyConnection,
    population: Population,
    target: str,
    columns: Collection[str],
) -> None:
    """Make the table `target` of the rows that are in such groups by these columns of the input.

    It has the `row`, and the group by a number from 1.
    """
    row, numbered = quoted(population.row), quoted(_NUMBERED)
    secret = [one for one in sorted(columns) if is_secret(database, population, [one])]
    wholes = ", ".join(
        f"min({row}) OVER ({partition(it for it in columns if it != one)}) AS whole{at}"
        for at, one in enumerate(secret)
    )
    database.execute(f"""
        CREATE OR REPLACE TEMP TABLE {numbered} AS
        SELECT {row} AS row, min({row}) OVER ({partition(columns)}) AS cell
            {"," * bool(secret)} {wholes}
        FROM {quoted(population.base)}
    """)
    found = set[int]()
    for at, _ in enumerate(secret):
        places = f"SELECT DISTINCT cell, whole{at} AS whole FROM {numbered}"
        found |= nearly_all(database, population, places, f"FROM {numbered}")
    database.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {quoted(target)} AS SELECT row, cell AS alike FROM {numbered}
        WHERE cell IN (SELECT unnest(?))
    """,
        [sorted(found)],
    )


def partition(columns: Iterable[str]) -> str:
    """The window of the rows that have the same values in these columns."""
    return f"PARTITION BY {', '.join(map(quoted, columns)) or '1'}"


def nearly_all(
    database: duckdb.DuckDBPyConnection, population: Population, places: str, members: str
) -> set[int]:
    """The groups beside which too few units are in the same larger one.

    `places` is the query of each `cell` and the `whole` that it is in, `members` has the rows.
    """
    rows = database.execute(f"""
        WITH places AS ({places}), units AS (
            SELECT DISTINCT whole, cell, unit FROM places JOIN (SELECT cell, row {members})
            USING (cell) JOIN {quoted(population.units)} USING (row)
        ), counted AS (
            SELECT cell, whole, count(*) OVER (PARTITION BY whole, unit) AS cells FROM units
        ), wholes AS (SELECT whole, count(DISTINCT unit) AS n FROM units GROUP BY whole)
        SELECT cell FROM counted JOIN wholes USING (whole) GROUP BY cell, n
        HAVING n - count(*) FILTER (cells = 1) < {population.minimum}
    """)
    return {group for (group,) in rows.fetchall()}


def nearly_met(
    database: duckdb.DuckDBPyConnection, population: Population, cells: str, left_out: str
) -> set[int]:
    """The groups that a condition leaves too few units out of.

    `cells` is the query of all groups; the table `left_out` has the rows by `cell`.
    """
    rows = database.execute(f"""
        {cells} EXCEPT SELECT cell
        FROM {quoted(left_out)} JOIN {quoted(population.units)} USING (row)
        GROUP BY cell HAVING count(DISTINCT unit) >= {population.minimum}
    """)
    return {group for (group,) in rows.fetchall()}


def is_secret(
    database: duckdb.DuckDBPyConnection, population: Population, columns: Collection[str]
) -> bool:
    """Whether what is made of these columns tells of the input's units what is not known anyway."""
    return bool(columns) and not any(_is_known(database, population, one) for one in columns)


def _is_known(database: duckdb.DuckDBPyConnection, population: Population, column: str) -> bool:
    if population.type_of(column) in KNOWN:
        return True
    ((values,),) = database.execute(
        f"SELECT count(DISTINCT {quoted(column)}) FROM {quoted(population.base)}"
    ).fetchall()
    return bool(values <= 1)
