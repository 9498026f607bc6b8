"""Which columns of a table are figures of a protected input, and by which rules they go."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from shared.engine.database import filled, quoted
from shared.engine.release.following import FollowedTable, InputPart
from shared.engine.release.populations import KNOWN, Numbers, Population

Kind = Literal["row", "count", "value", "share", "single", "weighed"]
"""`row`: as it is, row by row; `single`: one unit's value; `weighed`: by weights of the holder's.

Counts tell of units alone; values also how much each has of them, and shares also their total.
"""

_SINGLE = frozenset(("min", "max", "median", "quantile", "listed", "met"))
"""Figures that are the value of one unit: the rules look at sums."""

_VALUES = ("value", "share")
_COUNTS = frozenset(("count", "distinct"))
_STRICTEST: tuple[Kind, ...] = ("weighed", "single", "share", "value", "count")


class Statistic(NamedTuple):
    """What a figure tells of a column of the input: its sum, mean, or how many rows have a value.

    A mean tells the sum as well.
    """

    how: Literal["sum", "mean", "count"]
    column: str

    @property
    def name(self) -> str:
        """Return the name that the ledger gives it."""
        return f"{self.how}({self.column})"


class ProtectedFigure(NamedTuple):
    """A column of a table, and what it tells of columns of the input besides units."""

    column: str
    carrier: str
    kind: Kind
    tells: tuple[Statistic, ...] = ()


def figures_of(followed: FollowedTable, population: Population) -> Iterator[ProtectedFigure]:
    """Yield the columns that hold figures of an input, without those that name groups."""
    for column, parts in followed.columns.items():
        mine = [part for part in parts if part.population == population.name]
        if not mine:
            continue
        by_rows = [part for part in mine if _carries_rows(followed, part)]
        if by_rows:
            yield ProtectedFigure(column, by_rows[0].carrier, "row")
        of_figures = [part for part in mine if part not in by_rows and part.hows]
        kinds = [_kind(part, population) for part in of_figures]
        kind = next((kind for kind in _STRICTEST if kind in kinds), None)
        if kind is not None:
            tells = dict.fromkeys(
                statistic for part in of_figures for statistic in _statistics(part, population)
            )
            yield ProtectedFigure(column, of_figures[0].carrier, kind, tuple(tells))


def _carries_rows(followed: FollowedTable, part: InputPart) -> bool:
    carrier = followed.carriers.get(part.carrier)
    return carrier is not None and carrier.population != ""


def _kind(part: InputPart, population: Population) -> Kind:
    if "weighed" in part.hows:
        return "weighed"
    if _SINGLE & set(part.hows):
        return "single"
    if part.hows[0] == "distinct" and not _may_be_counted(part.column, population):
        # One value alone, and all units of the group have it.
        return "single"
    if "share" in part.hows:
        return "share"
    return "count" if part.hows[0] in _COUNTS else "value"


def _statistics(part: InputPart, population: Population) -> Iterator[Statistic]:
    if not part.column:
        return
    if _kind(part, population) in _VALUES:
        yield Statistic("sum", part.column)
        if "mean" in part.hows:
            yield Statistic("mean", part.column)
    elif part.hows[0] == "count":
        yield Statistic("count", part.column)


def _may_be_counted(column: str, population: Population) -> bool:
    """Whether counting a column's values counts units, or tells nothing secret."""
    return column == population.terms.unit or population.type_of(column) in KNOWN


@dataclass(frozen=True)
class Telling:
    """What the figures of a table tell of columns of an input; `keys` are those that name groups.

    Of one of those, all rows of a group have a value or none has.
    """

    population: Population
    figures: Sequence[ProtectedFigure]
    keys: Collection[str]
    numbers: Numbers
    _counted: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def all(self) -> list[Statistic]:
        """Return the statistics of all figures."""
        return list(
            dict.fromkeys(statistic for figure in self.figures for statistic in self.by(figure))
        )

    def by(self, figure: ProtectedFigure) -> Iterator[Statistic]:
        """Yield the statistics of one figure; a mean beside a sum tells how many rows have a value.

        Where all have one, their number is that of the rows.
        """
        for statistic in figure.tells:
            if statistic.how == "sum":
                yield statistic
            elif self._has_holes(statistic.column) and self._is_counted(statistic):
                yield Statistic("count", statistic.column)

    def value(self, statistic: Statistic) -> str | None:
        """Return a statistic's value in SQL; None where the column cannot be read in one way."""
        if statistic.how == "sum":
            return self.numbers(self.population, statistic.column)
        _, *counts = self._counts(statistic.column)
        return quoted(statistic.column) if len(set(counts)) == 1 else None

    def _is_counted(self, statistic: Statistic) -> bool:
        total, mean = Statistic("sum", statistic.column), Statistic("mean", statistic.column)
        is_summed = any(
            total in figure.tells and mean not in figure.tells for figure in self.figures
        )
        return is_summed or statistic.how == "count"

    def _has_holes(self, column: str) -> bool:
        return column not in self.keys and len(set(self._counts(column))) > 1

    def _is_read_as_numbers(self, column: str) -> bool:
        statistics = (statistic for figure in self.figures for statistic in figure.tells)
        return any(
            statistic.column == column and statistic.how != "count" for statistic in statistics
        )

    def _counts(self, column: str) -> tuple[int, ...]:
        """Count the rows, and those with a value, for each way to read the column."""
        if column not in self._counted:
            read = ["1", quoted(column), filled(column)]
            if self._is_read_as_numbers(column):
                read += filter(None, [self.numbers(self.population, column)])
            counts = ", ".join(f"count({expression})" for expression in read)
            (self._counted[column],) = self.population.rows(
                f"SELECT {counts} FROM {quoted(self.population.base)}"
            )
        return self._counted[column]
