"""A query that adds up one table by groups: its parts, and its text that is made of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shared.engine.applications.effect import Effect, MadeColumn, Part, Source, as_it_is
from shared.engine.database import quoted

_WRITTEN: Mapping[str, str] = {"count": "count", "sum": "sum", "mean": "avg"}


class GroupColumn(NamedTuple):
    """A column of the result: a figure or, where `how` is empty, a column of groups as it is.

    `column` is empty for a number of rows.
    """

    name: str
    column: str
    how: str = ""

    @property
    def sql(self) -> str:
        """Return the column in SQL: how it is worked out, and its name."""
        value = quoted(self.column) if self.column else "*"
        expression = f"{_WRITTEN[self.how]}({value})" if self.how else value
        return f"{expression} AS {quoted(self.name)}"


class Condition(NamedTuple):
    """A condition on one column, in SQL."""

    column: str
    sql: str


class Order(NamedTuple):
    """The place of a column of groups by which the rows are sorted."""

    place: int
    is_down: bool
    is_empty_first: bool

    @property
    def sql(self) -> str:
        """Return the order in SQL."""
        down, first = "DESC" * self.is_down, "FIRST" if self.is_empty_first else "LAST"
        return f"{self.place} {down} NULLS {first}"


@dataclass(frozen=True)
class PlainGroups:
    """A query's parts; rows count for which all conditions hold."""

    role: str
    outputs: tuple[GroupColumn, ...]
    conditions: tuple[Condition, ...]
    order: tuple[Order, ...]

    @property
    def keys(self) -> dict[str, str]:
        """Return the columns that make groups, by their names in the result."""
        return {output.name: output.column for output in self.outputs if not output.how}

    @property
    def tests_by_column(self) -> dict[str, str]:
        """Return the conditions by their columns."""
        tests: dict[str, str] = {}
        for condition in self.conditions:
            before = tests.get(condition.column)
            tests[condition.column] = f"{before} AND {condition.sql}" if before else condition.sql
        return tests

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that it reads."""
        named = [
            *(output.column for output in self.outputs),
            *(condition.column for condition in self.conditions),
        ]
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def sql(self) -> str:
        """Return the query; groups are sorted, as nobody shall learn from the order of the rows."""
        chosen = ", ".join(output.sql for output in self.outputs)
        where = " AND ".join(f"({condition.sql})" for condition in self.conditions) or "true"
        text = f"SELECT {chosen} FROM {quoted(self.role)} WHERE {where}"
        if not self.keys:
            return text
        by = [str(at) for at, output in enumerate(self.outputs, 1) if not output.how]
        order = ", ".join((*(sort_key.sql for sort_key in self.order), *by))
        return f"{text} GROUP BY {', '.join(by)} ORDER BY {order}"

    @property
    def effect(self) -> Effect:
        """Return what it makes of columns, as an aggregation would tell it."""
        columns = {}
        for output in self.outputs:
            source = Source(self.role, output.column)
            parts = (Part(source, output.how),) if output.column else ()
            columns[output.name] = MadeColumn(parts) if output.how else as_it_is(source)
        return Effect(columns, by=tuple(Source(self.role, key) for key in self.keys.values()))
