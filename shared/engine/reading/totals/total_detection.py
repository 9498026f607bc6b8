"""Which rows of a table are totals: labelled or coded so, without a key, or sums of others.

A label is not enough, for a company or a list of candidates may be called so: the row's figures
have to be sums, or its key has to be missing or no code where those of the others are. A code, as
SDMX writes `_T`, says that a row sums the other values of a dimension: the sum is looked for among
the rows that are alike in all other columns of text. Dimensions that are numbers need not be known:
sums over all their values are equal where those of each are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log
from typing import NamedTuple

from shared.engine.database import ROW, Database, filled, literal, quoted
from shared.engine.reading.totals.labels import (
    MOST_COLUMNS,
    NUMBERS,
    OTHER_NAMES,
    PARTLY,
    Reason,
    figure_sql,
    hint_sql,
    label_sql,
    may_be_figures,
)
from shared.engine.reading.totals.small_table import SmallTable, set_sums
from shared.engine.reading.values.repeated_values import cells_of, values_of
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import TotalRows, ranges_of
from shared.language.folding import fold
from shared.language.french import counted, french_list
from shared.language.french import quoted as in_guillemets

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

_ENDS = 100
_REPEATING = 0.2


def _marked_sets(
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
    tested = hint_sql("value")
    looks = [(column, values_of(table, column)) for column in few]
    for end in (f"LIMIT {_ENDS}", f"OFFSET {rows - _ENDS}"):
        looks += [
            (column, f"(SELECT * FROM {cells_of(table, column.name)} {end})") for column in many
        ]
    hits = ", ".join(f"(SELECT bool_or({tested}) FROM {source})" for _, source in looks)
    ((*has,),) = database.execute(f"SELECT {hits}").fetchall()
    columns_with_labels = {column.name for (column, _), hit in zip(looks, has, strict=True) if hit}
    return [column for column in texts if column.name in columns_with_labels]


_SMALL = 20_000
"""Rows up to which each is looked at; of larger tables those that labels mark."""


class FoundTotals(NamedTuple):
    """The rows of a table that sum others, and those that look so; one reason's together."""

    totals: tuple[TotalRows, ...] = ()
    likely: tuple[TotalRows, ...] = ()

    @property
    def profile_fields(self) -> dict[str, tuple[TotalRows, ...]]:
        """Return the fields of a profile that list the totals."""
        return {"totals": self.totals, "likely_totals": self.likely}


def find_total_rows(
    database: Database, table: str, columns: Sequence[Column], rows: int
) -> FoundTotals:
    """Find the rows of a table that are totals, and those that only look like totals."""
    if rows <= 2:  # noqa: PLR2004 - no row can sum two others
        return FoundTotals()
    likely: dict[int, Reason] = {}
    if rows <= _SMALL:
        small = SmallTable(database, table, columns[:MOST_COLUMNS])
        certain, likely = small.find(), small.likely()
    else:
        certain = dict(_marked_sets(database, table, columns, rows))
    for row, reason in _coded_totals(database, table, columns, rows):
        (certain if reason.sums else likely).setdefault(row, reason)
    left = {row: reason for row, reason in likely.items() if row not in certain}
    return FoundTotals(_together(certain, _told), _together(left, _likely_told))


def _together(
    reasons: Mapping[int, Reason], message_of: Callable[[Reason, int], str]
) -> tuple[TotalRows, ...]:
    """Group the rows by their reason."""
    rows_of = defaultdict(list)
    for row, reason in sorted(reasons.items()):
        rows_of[reason].append(row)
    return tuple(
        TotalRows(
            kind=reason.kind,
            column=reason.column,
            sums=reason.sums,
            count=len(numbers),
            ranges=ranges_of(numbers),
            message=message_of(reason, len(numbers)),
        )
        for reason, numbers in rows_of.items()
    )


def _likely_told(reason: Reason, count: int) -> str:
    singular, many = "ligne ressemble à un total", "lignes ressemblent à des totaux"
    is_counted = "est comptée" if count == 1 else "sont comptées"
    return f"{counted(count, singular, many)} ({_why(reason)}) et {is_counted}"


def _told(reason: Reason, count: int) -> str:
    sums = french_list([in_guillemets(name) for name in reason.sums])
    lines = counted(count, "ligne de total", "lignes de total")
    what = f" ; somme d'autres lignes dans {sums}" if sums else ""
    return f"{lines} : {_why(reason)}{what}"


def _why(reason: Reason) -> str:
    column = in_guillemets(reason.column)
    return {
        "label": f"libellé de total dans {column}",
        "empty_key": f"sans {column}, que les autres ont",
        "short_code": f"code plus court que les autres dans {column}",
        "total_code": f"code de total dans {column}",
        "sum": "sans libellé",
    }[reason.kind]


def _coded_totals(
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
