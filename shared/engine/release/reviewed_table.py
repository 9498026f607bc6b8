"""What a reviewer reads of a table that may leave: its rows, and which figures a rule is on."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from shared.engine.database import Database, columns, quoted
from shared.engine.release.populations import visible
from shared.engine.tables.release import ReviewedRow, ReviewedTable, RuleName

_REVIEWED, _MOST_ROWS = "‹table relue›", 500
"""That a reviewer is given to read: those with a figure under a rule first."""


class CellMark(NamedTuple):
    """The rule that the figures of a group are under, which `carrier` numbers, and its units."""

    column: str
    carrier: str
    group: int
    rule: RuleName
    units: int


def reviewed_table(database: Database, table: str, marks: Iterable[CellMark]) -> ReviewedTable:
    """Return the first rows of a table, those with marks first, with all that they are marked by.

    `table` has the columns that number groups.
    """
    by_column: dict[str, list[CellMark]] = {}
    for mark in marks:
        by_column.setdefault(mark.column, []).append(mark)
    rules, units, joins = [], [], ""
    for at, column_marks in enumerate(by_column.values()):
        name = f"‹marques {at}›"
        _keep(database, name, column_marks)
        rules.append(f"m{at}.rule")
        units.append(f"m{at}.units")
        joins += f" LEFT JOIN {quoted(name)} m{at} ON m{at}.n = t.{quoted(column_marks[0].carrier)}"
    names = visible(list(columns(database, table)))
    cells = ", ".join(f"CAST(t.{quoted(name)} AS VARCHAR)" for name in names)
    number = " + ".join(["0", *(f"({rule} IS NOT NULL)::INT" for rule in rules)])
    database.execute(f"""
        CREATE OR REPLACE TEMP TABLE {quoted(_REVIEWED)} AS
        SELECT row_number() OVER () AS place, [{cells}] AS cells, {number} AS marked,
            [{", ".join(rules)}] AS rules, [{", ".join(units)}] AS units
        FROM {quoted(table)} t{joins}
    """)
    ((rows, marked_rows, marked_cells),) = database.execute(
        f"SELECT count(*), count(*) FILTER (marked > 0), sum(marked) FROM {quoted(_REVIEWED)}"
    ).fetchall()
    first = database.execute(
        f"SELECT cells, rules, units FROM {quoted(_REVIEWED)}"
        f" ORDER BY marked > 0 DESC, place LIMIT {_MOST_ROWS}"
    ).fetchall()
    return ReviewedTable(
        columns=tuple(names),
        rows=tuple(_row(list(by_column), *row) for row in first),
        all_rows=rows,
        marked_rows=marked_rows,
        marked_cells=int(marked_cells or 0),
    )


def _keep(database: Database, name: str, marks: Sequence[CellMark]) -> None:
    """Create the table of the rule and the units by group; of several marks the first counts."""
    first = {mark.group: mark for mark in reversed(marks)}
    database.register(
        "marks",
        pa.table(
            {
                "n": pa.array([mark.group for mark in first.values()], pa.int64()),
                "rule": pa.array([mark.rule for mark in first.values()], pa.string()),
                "units": pa.array([mark.units for mark in first.values()], pa.int64()),
            }
        ),
    )
    database.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS FROM marks")
    database.unregister("marks")


def _row(
    names: Sequence[str],
    values: Sequence[str | None],
    rules: Sequence[RuleName | None],
    units: Sequence[int | None],
) -> ReviewedRow:
    under = {
        name: (rule, number)
        for name, rule, number in zip(names, rules, units, strict=True)
        if rule is not None and number is not None
    }
    return ReviewedRow(
        values=tuple(values),
        rules={name: rule for name, (rule, _) in under.items()},
        units={name: number for name, (_, number) in under.items()},
    )
