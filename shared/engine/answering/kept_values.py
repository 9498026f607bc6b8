"""Which types hold each value of a column as it is, so that a cast changes no row."""

from sqlglot import exp

from shared.engine.answering.sql_text import whole_number

_TEXTS = ("varchar", "text")
_CENTS = 2
"""Digits behind the point that an amount of money has."""

_NEVER = 99
"""More digits than any type has behind the point."""

_KEEPING = {
    "integer": ("bigint", "int", "smallint", "int128", "double", "float", "decimal"),
    "decimal": ("double", "float"),
    "date": ("date", "timestamp", "timestampntz", *_TEXTS),
}
"""Types, by kind of column, in which each value stays what it is; in FLOAT to seven digits."""


def keeps_values(to: exp.DataType, kind: str) -> bool:
    """Whether a type holds each value of a column of that kind."""
    return to.is_type(*_KEEPING.get(kind, _TEXTS))


def keeps_amounts(node: exp.Expr, kind: str) -> bool:
    """Whether a cast or a rounding leaves each amount of a column of that kind as it is.

    Decimal amounts are of money: of others each row may differ by 0.005. Without a kind, whatever
    is worked out has to keep all its digits.
    """
    digits = {"integer": 0, "decimal": _CENTS}.get(kind, _NEVER)
    if isinstance(node, exp.Round):
        decimals = node.args.get("decimals")
        kept_digits = whole_number(decimals) if decimals else 0
        return kept_digits is not None and kept_digits >= digits
    to = node.args["to"]
    if to.is_type("decimal"):
        return scale_of(to) >= digits
    return keeps_values(to, kind or "decimal")


def scale_of(to: exp.DataType) -> int:
    """Return how many digits a DECIMAL has behind the point."""
    _, *scale = to.expressions or [None]
    return (whole_number(scale[0].this) or 0) if scale else 0
