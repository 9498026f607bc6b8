"""Groups that are all of a larger one, but for too few units: nearly all are alike in it.

Who knows how many are in the larger group learns from their number what all of them have in common,
and who knows all others what the last one has. Whether a few are left, or none, is not told.
"""

from collections.abc import Collection, Iterable

from shared.engine.database import quoted
from shared.engine.release.populations import KNOWN, Population

_GROUPS, _CELL = "‹groupes de toutes les lignes›", "‹groupe›"


def make_alike(population: Population, target: str, columns: Collection[str]) -> None:
    """Create the table `target` of the rows in such groups by these columns of the input.

    It has the `row`, and the group by a number from 1.
    """
    row, groups, database = quoted(population.row), quoted(_GROUPS), population.database
    secret = [column for column in sorted(columns) if is_secret(population, [column])]
    named = ", ".join(map(quoted, columns)) or "1"
    same = " AND ".join(f"b.{name} IS NOT DISTINCT FROM g.{name}" for name in map(quoted, columns))
    database.execute(f"""
        CREATE OR REPLACE TEMP TABLE {groups} AS
        SELECT {named}, min({row}) AS {quoted(_CELL)} FROM {quoted(population.base)}
        WHERE {bool(secret)} GROUP BY ALL
    """)
    members = (
        f"SELECT g.{quoted(_CELL)} AS cell, b.{row} AS row"
        f" FROM {quoted(population.base)} b JOIN {groups} g ON {same or 'true'}"
    )
    secret_groups = set[int]()
    for column in secret:
        whole = (
            f"min({quoted(_CELL)}) OVER ({partition(name for name in columns if name != column)})"
        )
        places = f"SELECT {quoted(_CELL)} AS cell, {whole} AS whole FROM {groups}"
        secret_groups |= nearly_all(population, places, members)
    rows = f"SELECT row, cell AS alike FROM ({members}) WHERE cell IN (SELECT unnest(?))"
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE {quoted(target)} AS {rows}", [sorted(secret_groups)]
    )


def partition(columns: Iterable[str]) -> str:
    """Return the SQL window of the rows with the same values in these columns."""
    return f"PARTITION BY {', '.join(map(quoted, columns)) or '1'}"


def nearly_all(population: Population, places: str, members: str) -> set[int]:
    """Find the groups that hold all but too few of the units of a larger group.

    `places` is the query of each `cell` and the `whole` that it is in, `members` that of its rows.
    Any other group beside such a one has too few units, too: most are known by that.
    """
    units, enough = quoted(population.units), population.minimum
    rows = population.rows(f"""
        WITH places AS ({places}), members AS (
            SELECT cell, unit FROM ({members}) JOIN {units} USING (row)
        ), large AS (
            SELECT whole, min(cell) AS cell FROM places JOIN (
                SELECT cell FROM members GROUP BY cell HAVING count(DISTINCT unit) >= {enough}
            ) USING (cell) GROUP BY whole HAVING count(*) = 1
        ), beside AS (
            SELECT whole, count(DISTINCT unit) AS n FROM large l JOIN places p USING (whole)
            JOIN members m ON m.cell = p.cell WHERE p.cell <> l.cell GROUP BY whole
        )
        SELECT cell FROM large LEFT JOIN beside USING (whole) WHERE coalesce(n, 0) < {enough}
    """)
    return {group for (group,) in rows}


def nearly_met(population: Population, cells: str, left_out: str) -> set[int]:
    """Find the groups from which a condition leaves out too few units.

    `cells` is the query of all groups; the table `left_out` has the rows by `cell`.
    """
    rows = population.rows(f"""
        {cells} EXCEPT SELECT cell
        FROM {quoted(left_out)} JOIN {quoted(population.units)} USING (row)
        GROUP BY cell HAVING count(DISTINCT unit) >= {population.minimum}
    """)
    return {group for (group,) in rows}


def is_secret(population: Population, columns: Collection[str]) -> bool:
    """Whether these columns tell something of the input's units that is not known anyway."""
    return bool(columns) and not any(_is_known(population, column) for column in columns)


def _is_known(population: Population, column: str) -> bool:
    if population.type_of(column) in KNOWN:
        return True
    ((values,),) = population.rows(
        f"SELECT count(DISTINCT {quoted(column)}) FROM {quoted(population.base)}"
    )
    return bool(values <= 1)
