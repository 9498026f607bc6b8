"""Which level of a dimension an expression of a query needs, by what stands around its column.

A class answers for all its rows where the expression is the same for each of them: `age >= 60`
where a class begins at 60, `year(day)` of a month.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from sqlglot import exp

from shared.engine.answering.kept_values import keeps_values
from shared.engine.answering.source import ProtectedSource
from shared.engine.answering.sql_text import whole_number
from shared.engine.applications.application import NotInTables
from shared.engine.contract.policy import AREA_LEVELS, DATE_LEVELS, LevelKind, PolicyDimension
from shared.language.french import quoted

_PREFIX = 2
"""Characters of a commune's code that are its département's, or the beginning of that."""

_YEAR, _MONTH, _ISO_DAY = 4, 7, 10
"""Characters of an ISO date that are its year, its year and month, and all."""

_Edge = tuple[float | date, bool] | None
"""Where a comparison parts values: before a value, or (True) behind it; None where it does not."""

_NEVER = 99
"""More characters than a prefix has."""

_ENDS = (exp.GT, exp.LTE)
_MIRRORED = {exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.LT: exp.GT}


def needed_depth(source: ProtectedSource, column: exp.Column) -> tuple[str, int]:
    """Return the dimension, and how deep a table has to go into it for this use of its column.

    Raises NotInTables for a use that no class answers.
    """
    dimension = source.dimension(column.name)
    level = _level(source, dimension, column)
    return dimension.column, source.depth(dimension, level)


def _level(source: ProtectedSource, dimension: PolicyDimension, column: exp.Column) -> LevelKind:
    own, outer = source.own_level(dimension), _bare_parent(source, column)
    if isinstance(outer, exp.Is) and isinstance(outer.expression, exp.Null):
        return dimension.levels[0]
    if set(dimension.levels) & set(DATE_LEVELS):
        return _date_level(source, dimension, outer)
    if own in AREA_LEVELS:
        is_prefix = _prefix(outer) <= _PREFIX and "departement" in dimension.levels
        return "departement" if is_prefix else own
    if "classes" in dimension.levels:
        if _is_by_classes(source, dimension, outer):
            return "classes"
        if "value" not in dimension.levels:
            raise NotInTables(
                f"{quoted(dimension.column)} n'est montré que par"
                f" {source.levels_in_french(dimension)} : comparez-le au début d'une classe"
            )
    return "value"


def _bare_parent(source: ProtectedSource, column: exp.Column) -> exp.Expr:
    """Return what a column stands in, but for brackets and types that keep its values."""
    kind, parent = source.columns[column.name.lower()].kind, column.parent
    while isinstance(parent, exp.Paren | exp.Cast | exp.TryCast | exp.TsOrDsToDate):
        to = parent.args.get("to")
        if to is not None and not keeps_values(to, kind):
            return parent
        parent = parent.parent
    return parent if parent is not None else column


def is_departement(node: exp.Expr) -> bool:
    """Whether an expression is the first characters of a code that nearly tell its département."""
    return _prefix(node) == _PREFIX


def _prefix(outer: exp.Expr) -> int:
    """Return how many characters of a text an expression looks at, at most."""
    match outer:
        case exp.Left():
            return _characters(outer.expression)
        case exp.Substring():
            return _characters(outer.args.get("start")) - 1 + _characters(outer.args.get("length"))
        case exp.Like() if isinstance(outer.expression, exp.Literal):
            text = outer.expression.name
            return (
                len(text) - 1 if text.endswith("%") and not set(text[:-1]) & {"%", "_"} else _NEVER
            )
        case exp.StartsWith():
            return len(outer.expression.name)
        case exp.Bracket() if isinstance(outer.expressions[0], exp.Slice):
            return _characters(outer.expressions[0].args.get("expression"))
    return _NEVER


def _characters(node: exp.Expr | None) -> int:
    number = whole_number(node)
    return _NEVER if number is None else number


def _edges(outer: exp.Expr, value: Callable[[exp.Expr], float | date | None]) -> Iterator[_Edge]:
    """Yield the edges of a comparison; `value` reads a constant."""
    match outer:
        case exp.Between():
            for name, is_behind in (("low", False), ("high", True)):
                bound = value(outer.args[name])
                yield None if bound is None else (bound, is_behind)
        case exp.GTE() | exp.GT() | exp.LTE() | exp.LT():
            right, left = value(outer.expression), value(outer.this)
            kind = type(outer) if right is not None else _MIRRORED[type(outer)]
            bound = right if right is not None else left
            yield None if bound is None else (bound, kind in _ENDS)
        case exp.EQ() | exp.NEQ() | exp.In():
            values = outer.expressions or [outer.expression, outer.this]
            bounds = [value(node) for node in values]
            known = [bound for bound in bounds if bound is not None]
            if outer.args.get("query") or len(known) < len(outer.expressions or [None]):
                yield None
            for bound in known:
                yield from ((bound, False), (bound, True))
        case _:
            yield None


def _is_by_classes(source: ProtectedSource, dimension: PolicyDimension, outer: exp.Expr) -> bool:
    is_whole = source.columns[dimension.column.lower()].kind == "integer"

    def is_edge(edge: _Edge) -> bool:
        if edge is None or isinstance(edge[0], date):
            return False
        bound, is_behind = float(edge[0]), edge[1]
        if is_behind and not is_whole:
            return False
        at = bound + 1 if is_behind else bound
        # Nobody has less than no age, no child and no amount.
        return at in dimension.bounds or (at == 0 < dimension.bounds[0])

    edges = list(_edges(outer, _number))
    return bool(edges) and all(map(is_edge, edges))


def _number(node: exp.Expr) -> float | None:
    inner = node.this if isinstance(node, exp.Paren | exp.Neg) else node
    if not isinstance(inner, exp.Literal) or inner.is_string:
        return None
    try:
        number = float(inner.name)
    except ValueError:
        return None
    return -number if isinstance(node, exp.Neg) else number


_PARTS: dict[type[exp.Expr], LevelKind] = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Monthname: "month",
    exp.LastDay: "month",
}
_UNITS: dict[str, LevelKind] = {"YEAR": "year", "QUARTER": "quarter", "MONTH": "month"}
_YEAR_FORMATS, _MONTH_FORMATS = set("Yy"), set("mbB")
"""What strftime writes of a date for these letters is its year, and its month."""


def _date_level(source: ProtectedSource, dimension: PolicyDimension, outer: exp.Expr) -> LevelKind:
    level = _PARTS.get(type(outer)) or _part_of_date(outer)
    if level:
        return level
    is_day = source.columns[dimension.column.lower()].kind == "date"
    levels = [_edge_level(edge, is_day=is_day) for edge in _edges(outer, day_of)]
    if levels and None not in levels:
        return max(filter(None, levels), key=DATE_LEVELS.index)
    raise NotInTables(
        f"{quoted(dimension.column)} n'est montré que par"
        f" {source.levels_in_french(dimension)} : year(…), quarter(…), date_trunc(…), ou comparé au"
        " premier jour d'une période"
    )


def _part_of_date(outer: exp.Expr) -> LevelKind | None:
    match outer:
        case exp.Extract():
            level = _UNITS.get(outer.name.upper())
        case exp.DateTrunc() | exp.TimestampTrunc() | exp.DateDiff():
            unit = outer.args.get("unit")
            level = _UNITS.get(unit.name.upper()) if unit is not None else None
        case exp.TimeToStr():
            level = level_of_format(outer.args["format"].name)
        case exp.Left() | exp.Substring() | exp.Bracket():
            characters = _prefix(outer)
            level = "year" if characters <= _YEAR else "month" if characters <= _MONTH else None
        case _:
            level = None
    return level


def level_of_format(text: str) -> LevelKind | None:
    """Return the level of what strftime writes of a date; None where it is of no level."""
    letters = set(re.findall(r"%-?(.)", text)) - {"%"}
    if not letters <= _YEAR_FORMATS | _MONTH_FORMATS:
        return None
    return "month" if letters & _MONTH_FORMATS else "year" if letters else None


def day_of(node: exp.Expr) -> date | None:
    """Return a day that is written as a constant."""
    day: date | None = None
    match node:
        case exp.Cast() | exp.Paren() | exp.TsOrDsToDate() | exp.Date():
            day = day_of(node.this)
        case exp.StrToTime() if node.args["format"].name == "%Y-%m-%d":
            day = day_of(node.this)
        case exp.DateFromParts():
            parts = [whole_number(node.args.get(name)) for name in ("year", "month", "day")]
            numbers = [number for number in parts if number is not None]
            if len(numbers) == len(parts):
                day = _iso_day("{:04}-{:02}-{:02}".format(*numbers))
        case exp.Add() | exp.Sub() if isinstance(node.expression, exp.Interval):
            start, months = day_of(node.this), _months(node.expression)
            sign = 1 if isinstance(node, exp.Add) else -1
            day = _moved(start, sign * months) if start and months else None
        case exp.Literal() if node.is_string:
            day = _iso_day(node.name.removesuffix(" 00:00:00"))
    return day


def _iso_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == _ISO_DAY else None
    except ValueError:
        return None


def _months(interval: exp.Interval) -> int:
    """Return how many months an interval of months or years has; 0 for another."""
    unit = interval.args.get("unit")
    months = {"MONTH": 1, "MONTHS": 1, "YEAR": 12, "YEARS": 12}.get(unit.name if unit else "", 0)
    number = interval.this
    is_number = isinstance(number, exp.Literal) and number.name.isdigit()
    return months * int(number.name) if is_number else 0


def _moved(day: date, months: int) -> date | None:
    """Return the day so many months later; None where that month lacks it."""
    years, month = divmod(day.month - 1 + months, 12)
    return _iso_day(f"{day.year + years:04}-{month + 1:02}-{day.day:02}")


def _edge_level(edge: _Edge, *, is_day: bool) -> LevelKind | None:
    """Return the coarsest level of dates that begins there."""
    if edge is None or not isinstance(edge[0], date) or (edge[1] and not is_day):
        return None
    if edge[0] == date.max:
        return "year"  # later than all days
    day = edge[0] + timedelta(days=1) if edge[1] else edge[0]
    if day.day != 1:
        return None
    if day.month == 1:
        return "year"
    return "quarter" if day.month % 3 == 1 else "month"
