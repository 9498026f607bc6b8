"""PIVOT and UNPIVOT: columns named by values, and values by columns."""

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.joins import Analyst
from shared.engine.applications.query.sql.nodes import is_star, spreads
from shared.engine.applications.query.sql.relations import (
    NONE,
    Parts,
    QueryColumn,
    Relation,
    computed,
    grouped,
)
from shared.engine.applications.query.sql.scope import Scope
from shared.engine.applications.query.sql.statement import SqlFault, place_of

_NAMING = (
    *(exp.Func, exp.Binary, exp.Unary, exp.Predicate, exp.Alias, exp.Filter, exp.Where, exp.Tuple),
    *(exp.Distinct, exp.Order, exp.Ordered, exp.UnpivotColumns),
)
_OTHER = (exp.Dot, exp.Columns, exp.Query)
"""Forms within which a name is a column's, and those of them within which it may be another's."""

_VALUE_IN: Mapping[type[exp.Expr], str] = {
    exp.PropertyEQ: "expression",
    exp.Kwarg: "expression",
    exp.Collate: "this",
}
"""The part of a form that is a value; the other is a name of its own."""


def pivoted(analyst: Analyst, node: exp.Pivot, table: Relation, scope: Scope) -> Relation:
    """Return the table that a PIVOT or UNPIVOT makes of another."""
    inside = Scope(scope.ctes, parent=scope)
    inside.add("", table)
    if node.args.get("unpivot"):
        return _unpivoted(analyst, node, table, inside)
    return _pivoted(analyst, node, table, inside)


def _pivoted(analyst: Analyst, node: exp.Pivot, table: Relation, scope: Scope) -> Relation:
    """Return groups by the keys, or by all other columns, and one column for each value."""
    on = node.args.get("fields") or node.expressions
    using = node.args.get("using") or (node.expressions if node.args.get("fields") else [])
    for pivoted in on:
        if not isinstance(pivoted, exp.In) or not pivoted.expressions:
            raise SqlFault(
                "PIVOT doit nommer ses valeurs, p. ex. ON annee IN (2023, 2024) : les colonnes du"
                " résultat doivent être connues avant le calcul",
                place_of(analyst.sql, pivoted),
            )
    parts = analyst.expressions.parts
    chosen = NONE.union(*(analyst.account.read(parts(pivoted.this, scope)) for pivoted in on))
    scope.counted = computed("count", chosen)
    figures = NONE.union(*(parts(figure, scope) for figure in using)) if using else scope.counted
    group = node.args.get("group")
    if group is not None:
        keys = [
            QueryColumn(expression.name, parts(expression, scope))
            for expression in group.expressions
        ]
    else:
        keys = _without(_names([*(pivoted.this for pivoted in on), *using]), table)
        analyst.account.whole.update(table.open)
    read = NONE.union(*(analyst.account.read(key.parts) for key in keys))
    by = frozenset(part.source for part in read | (table.rest if group is None else NONE))
    # Each figure is of the rows with one value of what is pivoted, too.
    finer = by | {part.source for part in chosen}
    rest = grouped(finer, figures | computed("derived", chosen))
    keys = [key._replace(parts=grouped(by, key.parts)) for key in keys]
    outputs = (*keys, *_named(on, using, rest))
    is_sure = len(outputs) > len(keys) and not table.is_unsure and not table.open
    return Relation(
        outputs, table.open if group is None else (), NONE if is_sure else rest, not is_sure
    )


def _named(on: list[exp.Expr], using: list[exp.Expr], parts: Parts) -> list[QueryColumn]:
    """Return the columns of the values, where DuckDB's names for them are plain."""
    if len(on) > 1 or len(using) > 1:
        return []
    values = on[0].expressions
    if not all(isinstance(value, exp.Literal | exp.Alias) for value in values):
        return []
    suffix = f"_{using[0].alias}" if using and using[0].alias else ""
    names = [value.alias if isinstance(value, exp.Alias) else value.name for value in values]
    return [QueryColumn(f"{name}{suffix}", parts) for name in names]


def _without(names: set[str], table: Relation) -> list[QueryColumn]:
    """Return the columns that are none of these: the engine tells them by their names alone."""
    return [output for output in table.outputs if plain_lower(output.name) not in names]


def _names(nodes: list[exp.Expr]) -> set[str]:
    """Return the columns that expressions name; where a name is in doubt the column stays a key."""
    names, stack = set(), list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Column) and len(node.parts) == 1:
            names.add(plain_lower(node.name))
        elif part := _VALUE_IN.get(type(node)):
            stack.append(node.args[part])
        elif isinstance(node, _NAMING) and not isinstance(node, _OTHER):
            stack.extend(node.iter_expressions())
    return names


def _unpivoted(analyst: Analyst, node: exp.Pivot, table: Relation, scope: Scope) -> Relation:
    """Return the other columns, one of names and one of values."""
    fields, into = node.args.get("fields"), node.args.get("into")
    if fields:
        columns = [expression for field in fields for expression in field.expressions]
        label = fields[0].this.name
        values = [
            column.name
            for expression in node.expressions
            for column in (expression.expressions or [expression])
        ]
    else:
        columns = node.expressions
        label = into.this.name if into else "name"
        values = [expression.name for expression in into.expressions] if into else ["value"]
    parts_by_column = (analyst.expressions.parts(column, scope) for column in columns)
    parts = analyst.account.read(NONE.union(*parts_by_column))
    kept = _without(_names(columns), table)
    if any(is_star(column) or spreads(column) for column in columns):
        # Which columns it turns, and so which it keeps, only the run tells.
        kept, parts = [], parts | table.rest
        table = replace(table, rest=parts, is_unsure=True)
    made_columns = (
        QueryColumn(label, NONE, "text"),
        *(QueryColumn(name, parts) for name in values),
    )
    return Relation((*kept, *made_columns), table.open, table.rest, table.is_unsure)
