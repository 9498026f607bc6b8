"""Whether conditions on a dimension leave one of its classes: `age >= 60`, the days of a year.

A condition is the same for all of a class. So one day or number of each class says what it is for
the class; of the endless periods of dates, those beside the days that are compared with do.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

from shared.engine.answering.needed_levels import day_of
from shared.engine.contract.policy import LevelKind, PolicyDimension

_MONTHS: dict[LevelKind, int] = {"year": 12, "quarter": 3, "month": 1}


def is_single_class(
    dimension: PolicyDimension, level: LevelKind, conditions: Sequence[exp.Expr]
) -> bool:
    """Whether all these conditions, on that column alone, leave one class at that level."""
    if not conditions:
        return False
    if level == "classes":
        first = dimension.bounds[0]
        below = first / 2 if 0 < first < 1 else first - 1
        values = [exp.Literal.number(f"{value:.15g}") for value in (below, *dimension.bounds)]
    elif level in _MONTHS:
        days = {start.isoformat() for part in conditions for start in _starts(part, _MONTHS[level])}
        values = [exp.Literal.string(day) for day in days]
    else:
        return False
    has_null = all(_outcome(part, exp.Null()) is True for part in conditions)
    # What cannot be decided here may hold.
    classes = sum(
        all(_outcome(part, value) is not False for part in conditions) for value in values
    )
    return classes + has_null == 1


def _starts(part: exp.Expr, months: int) -> Iterator[date]:
    """Yield the first days of the periods at and beside each day that stands in a condition."""
    for node in part.walk():
        if day := day_of(node):
            # What is later than all days has nothing behind it.
            month = min(max(day.year, 2), 9997) * 12 + (day.month - 1) // months * months
            for start in (month - months, month, month + months):
                yield date(start // 12, start % 12 + 1, 1)


def _outcome(part: exp.Expr, value: exp.Expr) -> bool | None:
    """Return whether a condition is true of that value of its column; None if not decided here."""

    def replaced(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return value.copy()
        if day := day_of(node):
            return exp.Literal.string(day.isoformat())
        inner = node.this if isinstance(node, exp.Cast | exp.TryCast | exp.Paren) else None
        return replaced(inner) if isinstance(inner, exp.Column | exp.Cast | exp.Paren) else node

    outcome = simplify(part.copy().transform(replaced))
    return bool(outcome.this) if isinstance(outcome, exp.Boolean) else None
