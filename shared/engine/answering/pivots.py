"""PIVOTs of rows, on listed values, as SELECTs of a figure for each value."""

from collections.abc import Sequence

from sqlglot import exp

from shared.engine.answering.sql_text import put
from shared.engine.applications.application import NotInTables

_NO_PLAIN_PIVOT = (
    "PIVOT n'est suivi ici que sur des valeurs nommées, avec des chiffres nommés s'ils sont"
    " plusieurs : ON … IN (…) USING … GROUP BY …"
)


def with_plain_pivots(tree: exp.Expr, role: str) -> exp.Expr:
    """Return the query without the PIVOTs of the data `role` or of rows; raises NotInTables.

    Those of what a SELECT has grouped are left as they are: they only move its figures.
    """
    for pivot in list(tree.find_all(exp.Pivot)):
        if pivot.args.get("fields"):
            source = pivot.parent
            if isinstance(source, exp.Table | exp.Subquery) and _is_of_rows(source, role):
                rows = source.copy()
                rows.set("pivots", None)
                select = _select(rows, pivot.args["fields"], pivot.expressions, pivot)
                tree = put(tree, source, select.subquery(pivot.alias or None))
        elif isinstance(pivot.this, exp.Table | exp.Query | exp.Subquery):
            figures = pivot.args.get("using") or []
            select = _select(pivot.this.copy(), pivot.expressions, figures, pivot)
            tree = put(tree, pivot, select)
    return tree


def _is_of_rows(source: exp.Table | exp.Subquery, role: str) -> bool:
    """Whether a PIVOT's table is the data or what a SELECT chose, and nothing added up."""
    if isinstance(source, exp.Table):
        return source.name.lower() == role.lower()
    inner = source.this
    is_added_up = isinstance(inner, exp.Select) and (inner.args.get("group") or _has_figure(inner))
    return not is_added_up


def _has_figure(select: exp.Select) -> bool:
    return any(output.find(exp.AggFunc) for output in select.expressions)


def _select(
    rows: exp.Expr, on: Sequence[exp.Expr], figures: Sequence[exp.Expr], pivot: exp.Pivot
) -> exp.Select:
    """Return the SELECT of each figure for each value, by the groups of a PIVOT."""
    values = on[0].expressions if len(on) == 1 and isinstance(on[0], exp.In) else []
    is_plain = all(isinstance(_value(value), exp.Literal) for value in values)
    is_plain &= all(isinstance(figure.unalias(), exp.AggFunc) for figure in figures)
    is_named = len(figures) == 1 or all(figure.alias for figure in figures)
    if pivot.args.get("unpivot") or not (values and is_plain and is_named and figures):
        raise NotInTables(_NO_PLAIN_PIVOT)
    group = pivot.args.get("group")
    keys = group.expressions if group is not None else _other_columns(rows, on[0], figures)
    columns = [
        exp.alias_(
            exp.Filter(
                this=figure.unalias().copy(),
                expression=exp.Where(
                    this=exp.EQ(this=on[0].this.copy(), expression=_value(value).copy())
                ),
            ),
            "_".join(filter(None, (value.alias or value.name, figure.alias))),
            quoted=True,
        )
        for value in values
        for figure in figures
    ]
    select = exp.select(*(key.copy() for key in keys), *columns).from_(rows)
    select.set("with_", pivot.args.get("with_"))
    return select.group_by(*(key.copy() for key in keys)) if keys else select


def _value(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.PivotAlias) else node


def _other_columns(rows: exp.Expr, on: exp.Expr, figures: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Return the columns that a PIVOT without GROUP BY groups by: those that it does not name."""
    inner = rows.this if isinstance(rows, exp.Subquery) else None
    outputs = inner.expressions if isinstance(inner, exp.Select) else []
    if not outputs or any(output.is_star for output in outputs):
        raise NotInTables(_NO_PLAIN_PIVOT)
    named = {column.name.lower() for node in (on, *figures) for column in node.find_all(exp.Column)}
    names = [output.alias_or_name for output in outputs]
    return [exp.column(exp.to_identifier(name)) for name in names if name.lower() not in named]
