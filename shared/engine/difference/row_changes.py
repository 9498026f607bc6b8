"""Which rows and figures of two tables differ: by their key, or without one as they are."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice, zip_longest
from typing import Any, NamedTuple

from shared.engine.contract.table_difference import MovedFigure, TableDifference
from shared.engine.database import Database, count
from shared.engine.difference.table_pair import AFTER, BEFORE, IS_THERE, SharedColumn, TablePair

_MOST_FIGURES = 20
_LONGEST_VALUE = 200
"""Characters of a value of the key that are shown."""


class _RowChanges(NamedTuple):
    """How many rows differ, and which figures of them."""

    added: int
    removed: int
    changed: int | None = None
    figures: Sequence[MovedFigure] = ()


def compare_rows(
    database: Database, pair: TablePair, key: Sequence[SharedColumn]
) -> TableDifference:
    """Return what differs between two tables, whose rows are told apart by `key`, if by any."""
    changes = _by_key(database, pair, key) if key else _as_they_are(database, pair)
    return TableDifference(
        rows_before=count(database, BEFORE),
        rows_after=count(database, AFTER),
        added_columns=pair.added,
        removed_columns=pair.removed,
        changed_kinds=pair.changed_kinds,
        key=tuple(column.name for column in key),
        added_rows=changes.added,
        removed_rows=changes.removed,
        changed_rows=changes.changed,
        moved_figures=tuple(changes.figures),
    )


def _by_key(database: Database, pair: TablePair, key: Sequence[SharedColumn]) -> _RowChanges:
    figures = [column for column in pair.shared if column.figure]
    is_added, is_removed = f"b.{IS_THERE} IS NULL", f"a.{IS_THERE} IS NULL"
    is_other = " OR ".join(f"b.{value} IS DISTINCT FROM a.{value}" for _, value, *_ in pair.shared)
    counts = [
        f"count(*) FILTER ({condition})"
        for condition in (
            is_added,
            is_removed,
            f"NOT ({is_added} OR {is_removed}) AND ({is_other})",
        )
    ]
    chosen = ", ".join((*counts, *(_most_moved(column, key) for column in figures)))
    pairing = " AND ".join(f"b.{value} IS NOT DISTINCT FROM a.{value}" for _, value, *_ in key)
    ((added, removed, changed, *moves),) = database.execute(
        f"SELECT {chosen} FROM {BEFORE} b FULL JOIN {AFTER} a ON {pairing}"
    ).fetchall()
    moves_by_column = [
        [_moved(column, move["row"], move["before"], move["after"]) for move in column_moves or ()]
        for column, column_moves in zip(figures, moves, strict=True)
    ]
    return _RowChanges(added, removed, changed, _most_of_all(moves_by_column))


def _most_moved(column: SharedColumn, key: Sequence[SharedColumn]) -> str:
    """Return, in SQL, the list of a column's figures that moved most; by their rows where equal."""
    row = ", ".join(f"left(CAST(a.{value} AS VARCHAR), {_LONGEST_VALUE})" for _, value, *_ in key)
    before, after = f"b.{column.figure}", f"a.{column.figure}"
    move = f"{{less: -abs({after} - {before}), row: [{row}], before: {before}, after: {after}}}"
    return f"min({move}, {_MOST_FIGURES}) FILTER ({before} <> {after})"


def _most_of_all(moves_by_column: Sequence[Sequence[MovedFigure]]) -> list[MovedFigure]:
    """Return the first of each column, then the second, as far as there is room, by column.

    A change of one column is not larger than that of another: they need not have one unit.
    """
    turns = zip_longest(*moves_by_column)
    moves = (move for turn in turns for move in turn if move)
    kept = list(islice(moves, _MOST_FIGURES))
    return [move for column_moves in moves_by_column for move in column_moves if move in kept]


def _as_they_are(database: Database, pair: TablePair) -> _RowChanges:
    """Count each row as often as it stands in one of the tables and not in the other."""
    if not pair.shared:
        return _RowChanges(added=count(database, AFTER), removed=count(database, BEFORE))
    values = ", ".join(column.value for column in pair.shared)
    rows = f"SELECT {values}, 1 AS side FROM {AFTER} UNION ALL SELECT {values}, -1 FROM {BEFORE}"
    surplus = f"SELECT sum(side) AS surplus FROM ({rows}) GROUP BY {values}"
    ((added, removed),) = database.execute(
        "SELECT coalesce(sum(surplus) FILTER (surplus > 0), 0),"
        f" coalesce(-sum(surplus) FILTER (surplus < 0), 0) FROM ({surplus})"
    ).fetchall()
    return _RowChanges(int(added), int(removed), figures=list(_moved_sums(database, pair)))


def _moved_sums(database: Database, pair: TablePair) -> Iterator[MovedFigure]:
    figures = [column for column in pair.shared if column.figure]
    before, after = (_sums(database, view, figures) for view in (BEFORE, AFTER))
    moved = (
        _moved(column, (), sum_before, sum_after)
        for column, sum_before, sum_after in zip(figures, before, after, strict=True)
        if sum_before != sum_after
    )
    yield from islice(moved, _MOST_FIGURES)


def _sums(database: Database, view: str, figures: Sequence[SharedColumn]) -> list[Decimal]:
    sums = [f"coalesce(sum({column.figure}), 0)" for column in figures]
    if not sums:
        return []
    return list(database.execute(f"SELECT {', '.join(sums)} FROM {view}").fetchall()[0])


def _moved(
    column: SharedColumn, row: Sequence[Any], before: Decimal, after: Decimal
) -> MovedFigure:
    return MovedFigure(
        row=tuple(row),
        column=column.name,
        before=_exact(before),
        after=_exact(after),
        change=_exact(after - before),
    )


def _exact(number: Decimal) -> str:
    """Return a number as text, without the zeros at the end of its decimals."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
