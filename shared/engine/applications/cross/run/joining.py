"""Makes the rows of a crossing: those that meet, and those of either side that meet nothing."""

from collections.abc import Sequence

from shared.engine.applications.cross.run.key_tables import (
    ALONE,
    LEFT,
    JoinBound,
    cells,
    few_rows,
    key_text,
)
from shared.engine.database import evenly, quoted
from shared.engine.reading.privacy.column_sample import SAMPLE
from shared.engine.running.steps.workbench import Workbench
from shared.engine.tables.column_names import unique


def join_tables(
    workbench: Workbench, keys: tuple[str, str], how: str, of: JoinBound, sums: Sequence[str] = ()
) -> dict[str, str]:
    """Make the output, in the order of the left table; returns the right columns renamed.

    What is read once has no order: to number rows takes most of a large crossing's time. `sums` are
    aggregates of left rows that stand beside the cells of their key.
    """
    left, right = keys
    kept, added = list(workbench.columns("left")), list(workbench.columns("right"))
    new = unique(added, kept)
    renamed = {old: name for old, name in zip(added, new, strict=True) if old != name}
    chosen = [f"l.c{number} AS {quoted(name)}" for number, name in enumerate(kept)]
    chosen += [f"r.c{number} AS {quoted(name)}" for number, name in enumerate(new)]
    join = "JOIN" if how in ("inner", "right") else "LEFT JOIN"
    of_left = _columns(workbench.tables["left"].name, kept, left)
    of_right = _columns(workbench.tables["right"].name, added, right)
    if how == "anti":
        _make_anti(workbench, kept, of_left)
        return {}
    if workbench.summed and of.rows_of_a_key is None and how in ("left", "inner"):
        crossed = f"{join} ({_met_once(of, of_right)}) r ON r.met = l.cell"
        by_key = [f"l.cell AS {quoted(name)}" for name in kept if quoted(name) == left]
        by_key += [*chosen[len(kept) :], *(f"l.{quoted(column)}" for column in sums)]
        with_keys = f"{join} ({_with_keys(of_right)}) r ON r.key = l.key"
        met = f"{cells('left')} l {with_keys if of.are_equal else crossed}"
        added_up = f"SELECT {', '.join(by_key)} FROM {met}" if sums else ""
        _make_as_read(workbench, of_left, crossed, chosen, added_up)
        return renamed
    numbered = f"(SELECT row_number() OVER () AS number, {key_text('cell')} AS key, * FROM (SELECT"
    workbench.make(f"""
        SELECT {", ".join(chosen)} FROM {numbered} {of_left})) l
        LEFT JOIN {of.meetings} m ON m.left_key = l.key
        {join} {few_rows(f"{numbered} {of_right}))", of)} r ON r.key = m.right_key
        ORDER BY l.number, r.number
    """)
    if how in ("right", "full"):
        empty = [f"NULL AS {quoted(name)}" for name in kept]
        _add_alone(workbench, [*empty, *chosen[len(kept) :]], f"{numbered} {of_right})) r")
    return renamed


def _make_as_read(
    workbench: Workbench, left: str, crossed: str, chosen: Sequence[str], added_up: str
) -> None:
    """Cross the rows each time that they are read; and their sums by key, if any."""
    select = f"SELECT {', '.join(chosen)} FROM"
    some = evenly(SAMPLE, max(SAMPLE, workbench.tables["left"].rows))
    workbench.make_as_read(
        f"{select} (SELECT {left}) l {crossed}",
        f"{select} (SELECT {left} QUALIFY {some}) l {crossed}",
        added_up,
    )


def _met_once(of: JoinBound, of_right: str) -> str:
    """Return the right rows that each cell of the left key meets, in SQL."""
    return f"""
        SELECT x.cell AS met, r.* FROM {cells("left")} x
        JOIN {of.meetings} m ON m.left_key = x.key
        JOIN ({_with_keys(of_right)}) r ON r.key = m.right_key
    """


def _with_keys(rows: str) -> str:
    return f"SELECT {key_text('cell')} AS key, * FROM (SELECT {rows})"


def _add_alone(workbench: Workbench, chosen: list[str], right: str) -> None:
    """Add right rows that meet nothing behind the others; a trial adds as many as it samples."""
    limit = f"LIMIT {workbench.sample_rows}" if workbench.sample_rows else ""
    workbench.database.execute(
        f"INSERT INTO {quoted(workbench.output)} SELECT {', '.join(chosen)} FROM {right}"
        f" WHERE {ALONE.format('r.key')} ORDER BY r.number {limit}"
    )


def _make_anti(workbench: Workbench, kept: list[str], of_left: str) -> None:
    """Make the table of left rows whose key meets nothing, in their order."""
    chosen = ", ".join(f"c{number} AS {quoted(name)}" for number, name in enumerate(kept))
    met = f"SELECT key FROM {LEFT} WHERE met"
    workbench.make(f"""
        SELECT {chosen} FROM (SELECT {of_left}) WHERE {key_text("cell")} IS NULL
        OR {key_text("cell")} NOT IN ({met})
    """)


def _columns(table: str, columns: list[str], key: str) -> str:
    """Return the cell of a table's key, and its columns called c0, c1...: no name can meet ours."""
    named = ", ".join(f"{quoted(name)} AS c{number}" for number, name in enumerate(columns))
    return f"{key} AS cell, {named} FROM {quoted(table)}"
