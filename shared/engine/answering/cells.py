"""The cells of protected tables as rows that a query reads in place of those of restricted data.

Each has the dataset's columns, where a class is one of its values, how many units it stands for,
and its sums. What is hidden is null there and marked, and so is a cell that has no row since all
that is larger is hidden too.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from shared.engine.answering.source import Depths, ProtectedSource
from shared.engine.answering.sql_text import literal
from shared.engine.applications.query.sql import quoted
from shared.engine.contract.policy import (
    COUNT,
    NOTHING,
    TABLE,
    LevelKind,
    PolicyDimension,
    table_name,
)

PLACE, UNITS, HIDDEN = "tableau de la cellule", "unités de la cellule", "cellule masquée"
"""The columns of a cell beside those of the data: of which of the tables it is, counted from 0, its
units, and whether they are hidden."""

SHARE, NUMBER = "part de la cellule", "numéro de la cellule"
"""Of one that stands for each of its parts: the share of it that is told there, and its number."""

CELL_COLUMNS = (PLACE, UNITS, HIDDEN, SHARE, NUMBER)

_DATES = {"year": "-01-01", "month": "-01"}


def sum_name(measure: str) -> str:
    """Return the column of a cell's sum; null where it is hidden."""
    return f"somme de {measure} de la cellule"


class CellTable(NamedTuple):
    """A table whose cells are read.

    Each may stand, in equal shares, for its `parts`, at a finer level of the dimension `parted`: so
    it is found by these.
    """

    depths: Depths
    parted: str = ""
    parts: int = 0


def cells_sql(
    source: ProtectedSource,
    role: str,
    tables: Sequence[CellTable],
    used: Collection[str] | None = None,
) -> str:
    """Return the query of the cells of these tables, which stand in the table `role`.

    Of its columns, in lower case, it has those that are `used`, or all.
    """
    return " UNION ALL ".join(
        _Cells(source, role, table, place, used).sql() for place, table in enumerate(tables)
    )


def is_incomplete_sql(source: ProtectedSource, role: str, table: CellTable) -> str:
    """Return whether classes may be missing from a table, as larger ones are hidden; or empty."""
    coarser = list[str]()
    for dimension, _ in source.keys(table.depths):
        names, depth = dimension.level_names, table.depths[dimension.column]
        is_parted = dimension.column == table.parted
        if names[(table.parts if is_parted else depth) - 1] in source.facts.listed_levels:
            continue
        coarser += names[depth - 1 : table.parts - 1] if is_parted else names[: depth - 1]
    if not coarser:
        return ""
    listed = ", ".join(map(literal, coarser))
    return (
        f"(SELECT count(*) FROM {quoted(role)} WHERE {quoted(TABLE)} IN ({listed})"
        f" AND {quoted(COUNT)} IS NULL) > 0"
    )


class _Cells:
    """The cells of a table that is so deep in each of its dimensions."""

    def __init__(
        self,
        source: ProtectedSource,
        role: str,
        table: CellTable,
        place: int,
        used: Collection[str] | None,
    ) -> None:
        self._source, self._role, self._place, self._table = source, role, place, table
        self._used = used
        self._keys = source.keys(table.depths)
        self._names = [dimension.level_name(level) for dimension, level in self._keys]

    def sql(self) -> str:
        chosen = [
            f"{expression} AS {quoted(name)}"
            for name, expression in chain(self._own_columns(), self._figures())
            if self._used is None or name.lower() in self._used
        ]
        columns = ", ".join(chosen)
        return (
            f"SELECT {self._place} AS {quoted(PLACE)}, {columns} FROM {self._rows()}"
            f" WHERE {self._is_of_some()}"
        )

    def _is_of_some(self) -> str:
        """Return whether a cell is not of nobody; with noise an amount may be beside no count."""
        policy = self._source.policy
        amounts = [measure.column for measure in policy.measures] if policy.is_noisy else []
        figures = (f"c.{quoted(name)} IS DISTINCT FROM 0" for name in (COUNT, *amounts))
        return f"({' OR '.join(figures)})"

    def _rows(self) -> str:
        """Return the rows of the table; of several dimensions all combinations of their classes."""
        name = table_name(self._names)
        figures = f"SELECT *, row_number() OVER () AS {quoted(NUMBER)}"
        cells = f"({figures} FROM {self._named(name)}) AS c"
        if len(self._names) > 1:
            sides = " CROSS JOIN ".join(
                f"(SELECT {quoted(level)} FROM {self._named(level)}) AS d{at}"
                for at, level in enumerate(self._names)
            )
            same = " AND ".join(
                f"c.{quoted(level)} = {self._side(at)}.{quoted(level)}"
                for at, level in enumerate(self._names)
            )
            cells = f"{sides} LEFT JOIN {cells} ON {same}"
        return f"{cells}{self._parts()}"

    def _named(self, name: str) -> str:
        """Return the rows of the table of that name."""
        return f"(SELECT * FROM {quoted(self._role)} WHERE {quoted(TABLE)} = {literal(name)})"

    def _side(self, at: int) -> str:
        """Return where the classes of a dimension stand."""
        return f"d{at}" if len(self._names) > 1 else "c"

    def _parts(self) -> str:
        """Return the join with the parts that a cell stands for, if it does."""
        for at, (dimension, _) in enumerate(self._keys):
            if dimension.column == self._table.parted:
                fine, coarse = dimension.level_names[self._table.parts - 1], self._names[at]
                parts = (
                    f"SELECT {quoted(fine)} AS part, {quoted(coarse)} AS whole,"
                    f" 1 / count(*) OVER (PARTITION BY {quoted(coarse)}) AS share"
                    f" FROM {self._named(fine)}"
                )
                return f" JOIN ({parts}) AS p ON p.whole = {self._side(at)}.{quoted(coarse)}"
        return ""

    def _own_columns(self) -> Iterator[tuple[str, str]]:
        """Yield the dataset's columns; those that the table is not made by are null."""
        values = {
            dimension.column.lower(): self._value(at, dimension, level)
            for at, (dimension, level) in enumerate(self._keys)
        }
        for name, column in self._source.columns.items():
            value = values.get(name, "NULL")
            kind = self._source.sql_type(name)
            yield column.name, f"TRY_CAST({value} AS {kind})"

    def _value(self, at: int, dimension: PolicyDimension, level: LevelKind) -> str:
        """Return a value of the column that is in the class: where it begins."""
        place = f"{self._side(at)}.{quoted(self._names[at])}"
        if dimension.column == self._table.parted:
            place, level = "p.part", dimension.levels[self._table.parts - 1]
        text = f"CAST({place} AS VARCHAR)"
        known = f"nullif({text}, {literal(NOTHING)})"
        if level == "classes":
            starts = (min(0.0, dimension.bounds[0] - 1), *dimension.bounds)
            cases = " ".join(
                f"WHEN {literal(name)} THEN {start:.15g}"
                for name, start in zip(dimension.class_names, starts, strict=True)
            )
            return f"CASE {text} {cases} END"
        if level in _DATES:
            return f"{known} || '{_DATES[level]}'"
        if level == "quarter":
            first = f"3 * TRY_CAST(right({known}, 1) AS INTEGER) - 2"
            month = f"lpad(CAST({first} AS VARCHAR), 2, '0')"
            return f"left({known}, 4) || '-' || {month} || '-01'"
        if level == "value" and self._source.sql_type(dimension.column) == "DOUBLE":
            return f"replace(replace({known}, ' ', ''), ',', '.')"
        return known

    def _figures(self) -> Iterator[tuple[str, str]]:
        count, share = f"c.{quoted(COUNT)}", "p.share" if self._table.parted else "1"
        yield UNITS, f"CAST({count} AS DOUBLE) * {share}"
        yield HIDDEN, f"{count} IS NULL"
        yield SHARE, f"CAST({share} AS DOUBLE)"
        yield NUMBER, f"c.{quoted(NUMBER)}"
        for measure in self._source.policy.measures:
            total = f"CAST(c.{quoted(measure.column)} AS DOUBLE) * {share}"
            yield sum_name(measure.column), total
