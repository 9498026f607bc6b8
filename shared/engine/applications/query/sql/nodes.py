"""What the parts of an expression are: aggregates, and what surely is a number."""

from collections.abc import Iterator

from sqlglot import exp

_HOWS = {
    name: how
    for how, names in {
        "sum": "sum fsum kahan_sum sumkahan sum_no_overflow",
        "mean": "avg mean favg",
        "count": "count countif count_if",
        "distinct": "approxdistinct approx_count_distinct",
        "median": "median",
        "quantile": "quantile quantile_cont quantile_disc approx_quantile approxquantile"
        " reservoir_quantile percentilecont percentiledisc",
        "min": "min",
        "max": "max",
    }.items()
    for name in names.split()
}
_OTHER_AGGREGATES = frozenset(
    """any_value approx_top_k arbitrary arg_max arg_max_null arg_min arg_min_null argmax argmin
    array_agg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count_star covar_pop
    covar_samp entropy first geomean geometric_mean group_concat histogram histogram_exact
    json_group_array json_group_object json_group_structure kurtosis kurtosis_pop last list
    listagg mad max_by min_by mode product regr_avgx regr_avgy regr_count regr_intercept
    regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp
    string_agg var_pop var_samp variance wavg weighted_avg""".split()  # noqa: SIM905 - as a list it would fill a page
)
_NUMBERS = {"sum": "decimal", "mean": "decimal", "count": "integer", "distinct": "integer"}


def bare(node: exp.Expr) -> exp.Expr:
    """Return what stands within brackets or before AS."""
    while isinstance(node, exp.Paren | exp.Alias):
        node = node.this
    return node


def aggregate_of(node: exp.Expr) -> str:
    """Return how an aggregate function makes its figure; empty for what is none."""
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
    elif isinstance(node, exp.AggFunc) and not isinstance(node, exp.AnonymousAggFunc):
        name = type(node).__name__.lower()
    elif isinstance(node, exp.Func):
        name = type(node).__name__.lower()
        return "derived" if name in ("list", "arrayagg", "groupconcat") else ""
    else:
        return ""
    if name == "count" and isinstance(node.this, exp.Distinct):
        return "distinct"
    if name in ("min", "max") and node.expressions:
        return "derived"
    if name in _HOWS:
        return _HOWS[name]
    is_aggregate = isinstance(node, exp.AggFunc) or name in _OTHER_AGGREGATES
    return "derived" if is_aggregate else ""


def kind_of(node: exp.Expr) -> str:
    """Return the kind of values that an expression surely has, as in `Made`."""
    node = bare(node)
    if isinstance(node, exp.Filter):
        node = node.this
    if isinstance(node, exp.Predicate | exp.Not | exp.Connector):
        return "boolean"
    return _NUMBERS.get(aggregate_of(node), "")


def is_aggregated(node: exp.Expr) -> bool:
    """Return whether figures of groups stand in it, other than those of windows and subqueries."""
    for inner_node in descend(node):
        if isinstance(inner_node, exp.Window):
            inner = (
                inner_node.this.this if isinstance(inner_node.this, exp.Filter) else inner_node.this
            )
            parts = [*inner.iter_expressions(), *(inner_node.args.get("partition_by") or ())]
            parts += [order for order in (inner_node.args.get("order"),) if order]
            if any(map(is_aggregated, parts)):
                return True
        elif aggregate_of(inner_node):
            return True
    return False


def descend(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield a node's parts, but not what is inside windows and subqueries."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, exp.Query | exp.Window):
            stack.extend(current.iter_expressions())


def is_star(node: exp.Expr) -> bool:
    """Return whether it stands for all columns, as `*` and `t.*` do."""
    return isinstance(node, exp.Star) or (
        isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
    )


def spreads(node: exp.Expr) -> bool:
    """Return whether it stands for a column for each of a table's, as `COLUMNS(...)` does."""
    stars = (
        inner_node for inner_node in descend(node) if isinstance(inner_node, exp.Star | exp.Columns)
    )
    return any(not isinstance(star.parent, exp.Count) for star in stars)
