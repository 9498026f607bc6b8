"""Which columns of a table are figures of a protected input, and by which rules they go."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from services.compute.runner.release.following import Followed, Part

Kind = Literal["row", "count", "value", "share", "single", "weighed"]
"""`row`: as it is, row by row; `single`: one unit's value; `weighed`: by weights of the holder's.

Counts tell of units alone; values also how much each has of them, and shares also their total.
"""

_SINGLE = frozenset(("min", "max", "median", "quantile", "listed", "met"))
"""Figures that are the value of one unit: the rules look at sums."""

_VALUES = ("value", "share")
_COUNTS = frozenset(("count", "distinct"))
_STRICTEST: tuple[Kind, ...] = ("weighed", "single", "share", "value", "count")


class Figure(NamedTuple):
    """A column of a table; `bases` are the input's columns that it is made of."""

    column: str
    carrier: str
    kind: Kind
    bases: tuple[str, ...] = ()


def figures_of(followed: Followed, population: str) -> Iterator[Figure]:
    """The columns that tell of an input, without those that name groups."""
    for column, parts in followed.columns.items():
        mine = [one for one in parts if one.population == population]
        if not mine:
            continue
        by_rows = [one for one in mine if _carries_rows(followed, one)]
        if by_rows:
            yield Figure(column, by_rows[0].carrier, "row")
        made = [one for one in mine if one not in by_rows and one.hows]
        kinds = [_kind(one) for one in made]
        kind = next((one for one in _STRICTEST if one in kinds), None)
        if kind is not None:
            bases = tuple(dict.fromkeys(it.column for it in made if _kind(it) in _VALUES))
            yield Figure(column, made[0].carrier, kind, bases)


def _carries_rows(followed: Followed, part: Part) -> bool:
    carrier = followed.carriers.get(part.carrier)
    return carrier is not None and carrier.population != ""


def _kind(part: Part) -> Kind:
    if "weighed" in part.hows:
        return "weighed"
    if _SINGLE & set(part.hows):
        return "single"
    if "share" in part.hows:
        return "share"
    return "count" if part.hows[0] in _COUNTS else "value"
