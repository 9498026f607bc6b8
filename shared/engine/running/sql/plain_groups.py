"""Recognises a query that adds up one table by groups, and writes it anew.

Such a query is judged as an aggregation is. What is not on the lists here is none: it waits for a
reviewer. What is judged is what runs: the text that is made of the parts, and not the holder's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from sqlglot import exp

from shared.engine.applications.effect import Effect, MadeColumn, Part, Source, as_it_is
from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.nodes import bare
from shared.engine.applications.query.sql.selects import name_of
from shared.engine.applications.query.sql.statement import parse
from shared.engine.database import literal, quoted
from shared.engine.running.sql.binding import Types

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


_CLAUSES = frozenset(("expressions", "from_", "where", "group", "order"))
_FUNCTIONS: Mapping[type[exp.Expr], str] = {exp.Count: "count", exp.Sum: "sum", exp.Avg: "mean"}
_COMPARED: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Like: "LIKE",
}
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_NUMERIC = re.compile(r"U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*")
_KEYS = re.compile(r"VARCHAR|BOOLEAN|DATE|(U?(TINY|SMALL)INT|U?INTEGER|BIGINT)")
"""Types whose values stay what they are in a table of the lab."""

NodeT = TypeVar("NodeT", bound=exp.Expr)


class _OtherError(Exception):
    """Something that is on no list."""


def plain_groups(sql: str, tables: Mapping[str, Types]) -> PlainGroups | None:
    """Return the query on these tables as groups of one of them; None for any other."""
    try:
        return _Reading(parse(sql), tables).groups()
    except _OtherError:
        return None


class _Reading:
    """One query that is being recognised."""

    def __init__(self, tree: exp.Query, tables: Mapping[str, Types]) -> None:
        if not isinstance(tree, exp.Select):
            raise _OtherError
        _check(tree, _CLAUSES)
        self._tree = tree
        table = _only(tree.args["from_"].this if tree.args.get("from_") else None, exp.Table)
        _check(table, ("this", "alias"))
        _check(table.args.get("alias"), ("this",))
        roles = [role for role in tables if plain_lower(role) == plain_lower(table.name)]
        if len(roles) != 1:
            raise _OtherError
        self._role, self._types = roles[0], tables[roles[0]]
        self._called = plain_lower(table.alias_or_name)

    def groups(self) -> PlainGroups:
        outputs = tuple(map(self._output, self._tree.expressions))
        names = {plain_lower(output.name) for output in outputs}
        if len(names) < len(outputs) or all(not output.how for output in outputs):
            raise _OtherError
        self._check_groups(outputs)
        conditions = tuple(self._conditions())
        return PlainGroups(self._role, outputs, conditions, tuple(self._order(outputs)))

    def _output(self, node: exp.Expr) -> GroupColumn:
        name, value = name_of(node), node.this if isinstance(node, exp.Alias) else node
        if isinstance(value, exp.Column):
            column = self._column(value)
            if not _KEYS.fullmatch(self._types[column]):
                raise _OtherError
            return GroupColumn(name, column)
        how = _FUNCTIONS.get(type(value))
        _check(value, ("this", "big_int"))
        if how is None or (value.this is None and how != "count"):
            raise _OtherError
        if how == "count" and (value.this is None or isinstance(value.this, exp.Star)):
            _check(value.this, ())
            return GroupColumn(name, "", how)
        return GroupColumn(name, self._column(value.this), how)

    def _column(self, node: exp.Expr) -> str:
        """Return the table's column of that name."""
        column = _only(node, exp.Column)
        _check(column, ("this", "table"))
        if column.table and plain_lower(column.table) != self._called:
            raise _OtherError
        names = [name for name in self._types if plain_lower(name) == plain_lower(column.name)]
        if len(names) != 1:
            raise _OtherError
        return names[0]

    def _check_groups(self, outputs: Sequence[GroupColumn]) -> None:
        """Raise where the query groups by other columns than it shows."""
        keys = {output.column for output in outputs if not output.how}
        group = self._tree.args.get("group")
        _check(group, ("expressions", "all"))
        named = (
            {self._key(expression, outputs) for expression in group.expressions} if group else set()
        )
        is_all = bool(group and group.args.get("all"))
        if named != (set() if is_all else keys):
            raise _OtherError

    def _key(self, node: exp.Expr, outputs: Sequence[GroupColumn]) -> str:
        """Return a column of groups by its name, else by its alias, else by its place."""
        if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
            at = int(node.name)
            if not 1 <= at <= len(outputs) or outputs[at - 1].how:
                raise _OtherError
            return outputs[at - 1].column
        column = _only(node, exp.Column)
        if not column.table and not self._has(column.name):
            return _named(outputs, column.name).column
        return self._column(column)

    def _has(self, name: str) -> bool:
        return any(plain_lower(column) == plain_lower(name) for column in self._types)

    def _order(self, outputs: Sequence[GroupColumn]) -> Iterator[Order]:
        order = self._tree.args.get("order")
        _check(order, ("expressions",))
        for expression in order.expressions if order else ():
            _check(_only(expression, exp.Ordered), ("this", "desc", "nulls_first"))
            column = self._key(expression.this, outputs)
            places = [
                at
                for at, output in enumerate(outputs, 1)
                if (output.column, output.how) == (column, "")
            ]
            if not places:
                raise _OtherError
            yield Order(
                places[0],
                bool(expression.args.get("desc")),
                bool(expression.args.get("nulls_first")),
            )

    def _conditions(self) -> Iterator[Condition]:
        where = self._tree.args.get("where")
        _check(where, ("this",))
        left = [where.this] if where else []
        while left:
            node = bare(left.pop())
            if isinstance(node, exp.And):
                left += [node.expression, node.this]
            else:
                yield self._condition(node)

    def _condition(self, node: exp.Expr) -> Condition:
        """Return one column, beside what stands in the query: no other column, no calculation."""
        if isinstance(node, exp.Not):
            inner = self._condition(bare(node.this))
            return inner._replace(sql=f"NOT ({inner.sql})")
        column = self._column(node.this)
        name, kind = quoted(column), self._types[column]
        match node:
            case exp.In():
                _check(node, ("this", "expressions"))
                listed = ", ".join(_value(expression, kind) for expression in node.expressions)
                return Condition(column, f"{name} IN ({listed})")
            case exp.Between():
                _check(node, ("this", "low", "high"))
                low, high = (_value(node.args[bound], kind) for bound in ("low", "high"))
                return Condition(column, f"{name} BETWEEN {low} AND {high}")
            case exp.Is():
                _only(node.expression, exp.Null)
                return Condition(column, f"{name} IS NULL")
        compared = _COMPARED.get(type(node))
        if compared is None or (compared == "LIKE" and kind != "VARCHAR"):
            raise _OtherError
        _check(node, ("this", "expression"))
        return Condition(column, f"{name} {compared} {_value(node.expression, kind)}")


def _named(outputs: Sequence[GroupColumn], name: str) -> GroupColumn:
    for output in outputs:
        if plain_lower(output.name) == plain_lower(name) and not output.how:
            return output
    raise _OtherError


def _value(node: exp.Expr, kind: str) -> str:
    """Return what stands in a query, for a column of that type.

    Texts are read as the column's values are. A number beside a column of texts would let the query
    fail where one of them is none, and so tell of it.
    """
    if isinstance(node, exp.Literal) and node.is_string:
        return literal(node.name)
    sign, number = ("-", node.this) if isinstance(node, exp.Neg) else ("", node)
    is_number = isinstance(number, exp.Literal) and not number.is_string
    if not (is_number and _NUMBER.fullmatch(number.name) and _NUMERIC.fullmatch(kind)):
        raise _OtherError
    return sign + number.name


def _only(node: exp.Expr | None, kind: type[NodeT]) -> NodeT:
    if node is None or type(node) is not kind:
        raise _OtherError
    return node


def _check(node: exp.Expr | None, known_arguments: Sequence[str] | frozenset[str]) -> None:
    """Raise where a part of the query has other arguments than the known ones."""
    if node is not None and any(
        value for name, value in node.args.items() if name not in known_arguments
    ):
        raise _OtherError
