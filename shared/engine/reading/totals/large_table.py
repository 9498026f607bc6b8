"""Looks through a large table for rows that are labelled alike, and together sum the others."""

from collections.abc import Iterator, Sequence

from shared.engine.database import ROW, Database, quoted
from shared.engine.reading.totals.labels import (
    MOST_COLUMNS,
    NUMBERS,
    PARTLY,
    Reason,
    figure_sql,
    hint_sql,
    label_sql,
    may_be_figures,
)
from shared.engine.reading.totals.set_sums import set_sums
from shared.engine.tables.manifest import Column

_ENDS = 100
_REPEATING = 0.2


def marked_sets(
    database: Database, table: str, columns: Sequence[Column], rows: int
) -> Iterator[tuple[int, Reason]]:
    """Yield the rows of a large table that are labelled alike and together sum the others."""
    texts = [column for column in columns if column.kind == "text"][:MOST_COLUMNS]
    numbers = [column for column in columns if column.kind in NUMBERS and may_be_figures(column)]
    numbers = numbers[:MOST_COLUMNS]
    if not texts or not numbers:
        return
    for text in _hinted(database, table, texts, rows):
        marked = f"({hint_sql(text.name)} AND {label_sql(text.name)} >= {PARTLY})"
        ((count,),) = database.execute(
            f"SELECT count(*) FROM {quoted(table)} WHERE {marked}"
        ).fetchall()
        if not count:
            continue
        figures = ", ".join(
            f"sum({figure_sql(column)}) FILTER ({which})"
            for column in numbers
            for which in ("marked", "NOT marked")
        )
        ((*sums,),) = database.execute(
            f"SELECT {figures} FROM (SELECT *, {marked} AS marked FROM {quoted(table)})"
        ).fetchall()
        pairs = zip(numbers, sums[::2], sums[1::2], strict=True)
        named = tuple(
            column.name
            for column, mine, others in pairs
            if set_sums(mine or 0.0, others or 0.0, count, has_gaps=False)
        )
        if named:
            reason = Reason("label", text.name, named)
            labelled_rows = database.execute(
                f"SELECT number FROM (SELECT {ROW} AS number, {marked} AS marked"
                f" FROM {quoted(table)}) WHERE marked"
            ).fetchall()
            yield from ((int(row), reason) for (row,) in labelled_rows)


def _hinted(database: Database, table: str, texts: Sequence[Column], rows: int) -> list[Column]:
    """Return the columns that may hold a label.

    One with nearly as many values as rows is slow to look through: a table that has totals there
    begins or ends with one.
    """
    few = [column for column in texts if column.distinct <= _REPEATING * rows]
    many = [column for column in texts if column not in few]
    ends = (f"{quoted(table)} LIMIT {_ENDS}", f"{quoted(table)} OFFSET {rows - _ENDS}")
    looks = [
        (few, f"SELECT * FROM {quoted(table)}"),
        *((many, f"SELECT * FROM {end}") for end in ends),
    ]
    columns_with_labels: set[str] = set()
    for columns, source in looks:
        if columns:
            tests = ", ".join(f"bool_or({hint_sql(column.name)})" for column in columns)
            ((*has,),) = database.execute(f"SELECT {tests} FROM ({source})").fetchall()
            columns_with_labels |= {
                column.name for column, hit in zip(columns, has, strict=True) if hit
            }
    return [column for column in texts if column.name in columns_with_labels]
