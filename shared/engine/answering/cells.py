"""The cells of protected tables as rows that a query reads in place of those of restricted data.

Each has the dataset's columns, where a class is one of its values, how many units it stands for,
and its sums. What is hidden is null there and marked, and so is a cell that has no row since all
that is larger is hidden too.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from shared.engine.answering.source import Depths, ProtectedSource
from shared.engine.answering.sql_text import literal, quoted
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

_DATES = {"year": "-01-01", "month": "-01"}


def sum_name(measure: str) -> str:
    """Return the column of a cell's sum; null where it is hidden."""
    return f"somme de {measure} de la cellule"


def cells_sql(source: ProtectedSource, role: str, tables: Sequence[Depths]) -> str:
    """Return the query of the cells of these tables, which stand in the table `role`."""
    return " UNION ALL ".join(
        _Cells(source, role, depths, place).sql() for place, depths in enumerate(tables)
    )


def is_incomplete_sql(source: ProtectedSource, role: str, depths: Depths) -> str:
    """Return whether classes may be missing from a table, as larger ones are hidden; or empty."""
    coarser = [
        name
        for dimension, _ in source.keys(depths)
        for name in dimension.level_names[: depths[dimension.column] - 1]
    ]
    if not coarser:
        return ""
    names = ", ".join(map(literal, coarser))
    return (
        f"(SELECT count(*) FROM {quoted(role)} WHERE {quoted(TABLE)} IN ({names})"
        f" AND {quoted(COUNT)} IS NULL) > 0"
    )


class _Cells:
    """The cells of a table that is so deep in each of its dimensions."""

    def __init__(self, source: ProtectedSource, role: str, depths: Depths, place: int) -> None:
        self._source, self._role, self._place = source, role, place
        self._keys = source.keys(depths)
        self._names = [dimension.level_name(level) for dimension, level in self._keys]

    def sql(self) -> str:
        columns = ", ".join(chain(self._own_columns(), self._figures()))
        return (
            f"SELECT {self._place} AS {quoted(PLACE)}, {columns} FROM {self._rows()}"
            f" WHERE c.{quoted(COUNT)} IS DISTINCT FROM 0"
        )

    def _rows(self) -> str:
        """Return the rows of the table; of several dimensions all combinations of their classes."""
        name = literal(table_name(self._names))
        cells = f"(SELECT * FROM {quoted(self._role)} WHERE {quoted(TABLE)} = {name}) AS c"
        if len(self._names) < 2:  # noqa: PLR2004 - a side alone has no combinations
            return cells
        sides = " CROSS JOIN ".join(
            f"(SELECT {quoted(level)} FROM {quoted(self._role)}"
            f" WHERE {quoted(TABLE)} = {literal(level)}) AS d{at}"
            for at, level in enumerate(self._names)
        )
        same = " AND ".join(
            f"c.{quoted(level)} = d{at}.{quoted(level)}" for at, level in enumerate(self._names)
        )
        return f"{sides} LEFT JOIN {cells} ON {same}"

    def _own_columns(self) -> Iterator[str]:
        """Yield the dataset's columns; those that the table is not made by are null."""
        values = {
            dimension.column.lower(): self._value(at, dimension, level)
            for at, (dimension, level) in enumerate(self._keys)
        }
        for name, column in self._source.columns.items():
            value = values.get(name, "NULL")
            kind = self._source.sql_type(name)
            yield f"TRY_CAST({value} AS {kind}) AS {quoted(column.name)}"

    def _value(self, at: int, dimension: PolicyDimension, level: LevelKind) -> str:
        """Return a value of the column that is in the class: where it begins."""
        side = "c" if len(self._names) < 2 else f"d{at}"  # noqa: PLR2004
        text = f"CAST({side}.{quoted(self._names[at])} AS VARCHAR)"
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

    def _figures(self) -> Iterator[str]:
        count = f"c.{quoted(COUNT)}"
        yield f"CAST({count} AS BIGINT) AS {quoted(UNITS)}"
        yield f"{count} IS NULL AS {quoted(HIDDEN)}"
        for measure in self._source.policy.measures:
            total = f"CAST(c.{quoted(measure.column)} AS DOUBLE)"
            yield f"{total} AS {quoted(sum_name(measure.column))}"
