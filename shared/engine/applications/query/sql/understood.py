"""Which forms of SQL the analysis understands; whatever else the parser knows may be anything."""

from collections.abc import Mapping

from sqlglot import exp


def _parts(names: str) -> frozenset[str]:
    return frozenset(names.split())


_UNION = _parts("this expression distinct by_name with_ order limit offset")

_SOURCES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Select: _parts(
        "with_ expressions distinct from_ joins laterals where group having qualify windows order"
        " limit offset"
    ),
    exp.Union: _UNION,
    exp.Except: _UNION,
    exp.Intersect: _UNION,
    exp.Subquery: _parts("this alias with_ joins pivots order limit offset"),
    exp.Table: _parts("this alias joins pivots"),
    exp.Pivot: _parts(
        "this alias expressions fields unpivot using group into with_ include_nulls columns"
        " pivot_column_naming"
    ),
    exp.Join: _parts("this on side kind using method"),
    exp.Lateral: _parts("this alias"),
    exp.Unnest: _parts("expressions alias offset"),
    exp.Values: _parts("expressions alias"),
    exp.From: _parts("this"),
    exp.With: _parts("expressions recursive"),
    exp.CTE: _parts("this alias materialized key_expressions"),
    exp.TableAlias: _parts("this columns"),
    exp.Group: _parts("expressions grouping_sets cube rollup all"),
    exp.Star: _parts("except_ replace rename"),
}
"""What stands around expressions, and the parts of each that are gone through."""

_VALUES = (
    *(exp.Condition, exp.Func, exp.Alias, exp.Identifier, exp.Var, exp.DataType, exp.Interval),
    *(exp.Tuple, exp.Distinct, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Where),
    *(exp.Having, exp.Qualify, exp.WindowSpec, exp.Filter, exp.WithinGroup, exp.Comprehension),
    *(
        exp.Lambda,
        exp.PositionalColumn,
        exp.Cube,
        exp.Rollup,
        exp.GroupingSets,
        exp.UnpivotColumns,
        exp.DataTypeParam,
    ),
    *(exp.IgnoreNulls, exp.RespectNulls, exp.Fetch, exp.LimitOptions, exp.AtTimeZone, exp.Slice),
    *(exp.ColumnDef, exp.JSONPath, exp.JSONPathPart, exp.JSONKeyValue),
)
"""Of these every part is gone through, as one that is read."""


def is_understood(tree: exp.Expr) -> bool:
    """Return whether all of a query is of forms whose parts the analysis goes through."""
    return all(map(_is_form, tree.walk()))


def _is_form(node: exp.Expr) -> bool:
    parts = _SOURCES.get(type(node))
    if parts is None:
        return isinstance(node, _VALUES) and not isinstance(node, exp.Query)
    return all(key in parts for key, value in node.args.items() if value)
