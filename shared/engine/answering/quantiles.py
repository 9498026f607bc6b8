"""Medians and quantiles of rows, estimated from how many of them are in each class.

The class that a quantile lies in follows from the counts of a table by classes, and its place there
is taken as if the rows of a class were spread evenly over it, as of grouped data everywhere. Who
has the tables can work it out, so that it tells nothing that they do not, of however few rows.
"""

from collections.abc import Iterable
from itertools import pairwise
from math import floor, log10
from typing import NamedTuple

from sqlglot import exp

from shared.engine.answering.source import ProtectedSource
from shared.engine.applications.application import NotInTables
from shared.engine.contract.policy import PolicyDimension
from shared.language.french import french_list, quoted

_MEDIAN = 0.5
_DIGITS = 2
"""A place in a class is said to a hundredth of its width, or to the unit."""


class Quantile(NamedTuple):
    """The value that this share of a column's values is below."""

    column: exp.Column
    share: float


class ClassCounts(NamedTuple):
    """Counts in SQL of rows by classes; hidden ones are left out.

    `total` are all rows with a value, `counted` those of them in classes that are shown, `below`
    those of these under each bound. `margin` is by how many rows a sum of counts may be wrong.
    """

    total: str
    counted: str
    below: tuple[str, ...]
    margin: str


def quantile_of(function: exp.Expr) -> Quantile | None:
    """Return the quantile that a function is; None for another, or one of more than a column."""
    share: exp.Expr | None = None
    match function:
        case exp.Median():
            share = exp.Literal.number(_MEDIAN)
        case exp.Quantile() | exp.ApproxQuantile():
            share = function.args.get("quantile")
        case exp.PercentileCont() | exp.PercentileDisc():
            share = function.expression
    if not isinstance(share, exp.Literal) or share.is_string:
        return None
    column = function.this
    if not isinstance(column, exp.Column) or not 0 < float(share.name) < 1:
        return None
    return Quantile(column, float(share.name))


def classes_of(source: ProtectedSource, name: str) -> PolicyDimension:
    """Return the dimension of a column that has classes of numbers. Raises NotInTables."""
    by_classes = [part for part in source.policy.dimensions if "classes" in part.levels]
    for dimension in by_classes:
        if dimension.column.lower() == name.lower():
            return dimension
    others = french_list([quoted(part.column) for part in by_classes])
    raise NotInTables(
        f"une médiane ou un quantile s'estime dans des classes, et {quoted(name)} n'en a pas"
        + (f" ; en a {others}" if others else "")
    )


def quantile_sql(share: float, bounds: tuple[float, ...], counts: ClassCounts) -> str:
    """Return the quantile in SQL; null where no class is sure to have it, or one without an end.

    It is sure where those shown up to the end of a class are enough, and those from its start on.
    """
    # Nobody has less than no age, no child and no amount.
    has_start = bounds[0] > 0
    edges = (0.0, *bounds) if has_start else bounds
    widths = [end - start for start, end in pairwise(edges)]
    facts = {
        "total": counts.total,
        "counted": counts.counted,
        "margin": counts.margin,
        "below": _listed(("0", *counts.below) if has_start else counts.below),
        "starts": _listed(edges[:-1]),
        "widths": _listed(widths),
        "digits": _listed(max(0, _DIGITS - floor(log10(width))) for width in widths),
    }
    named = ", ".join(f"'{name}': {fact}" for name, fact in facts.items())
    sure = f"list_filter({_listed(range(1, len(edges)))}, LAMBDA i : {_is_sure(share)})"
    first = f"list_transform({sure}, LAMBDA i : {_value(share)})[1]"
    # A list of one has the counts worked out once, and named.
    return f"list_transform([{{{named}}}], LAMBDA c : {first})[1]"


def _is_sure(share: float) -> str:
    """Return whether both ranks that the quantile lies between are in a class, whatever is hidden.

    The ranks are those of `quantile_cont`, from 0.
    """
    rank = f"{share} * (c['total'] - 1)"
    return (
        f"c['total'] > 0 AND c['below'][i + 1] >= ceil({rank}) + 1 + c['margin']"
        f" AND c['counted'] - c['below'][i] >= c['total'] - floor({rank}) + c['margin']"
    )


def _value(share: float) -> str:
    of_class = "nullif(c['below'][i + 1] - c['below'][i], 0)"
    part = f"({share} * c['counted'] - c['below'][i]) / {of_class}"
    place = f"c['widths'][i] * greatest(0, least(1, {part}))"
    return f"round(c['starts'][i] + {place}, c['digits'][i])"


def _listed(values: Iterable[object]) -> str:
    return f"[{', '.join(map(str, values))}]"
