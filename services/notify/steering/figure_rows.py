"""What figures are told in: rows, with medians, highest counts, and little told of few."""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from services.notify.steering.views import Figure, Row
from services.notify.steering.world import World

FEWEST_PERSONS = 5
FEWEST_MEMBERS = 3

FEW_PERSONS = f"moins de {FEWEST_PERSONS}"
FEW_MEMBERS = f"moins de {FEWEST_MEMBERS} membres"

RowMaker = Callable[[World], Iterable[Row]]


class Figures(list[Callable[[World], Figure]]):
    """What makes each figure of a world, in the order in which they are told."""

    def add(self, title: str, *, unit: str, said: str) -> Callable[[RowMaker], RowMaker]:
        """Add the figure that is called as the function is, of the rows that it returns."""

        def decorate(rows: RowMaker) -> RowMaker:
            texts = {"name": rows.__name__, "title": title, "unit": unit, "said": said}
            self.append(lambda world: Figure(**texts, rows=tuple(rows(world))))
            return rows

        return decorate


def rows_of(names: Mapping[str, str], values: Mapping[str, float]) -> list[Row]:
    """A row of each group, whose code is named, with its value to a tenth; 0 where there is none.

    A value that is missing, such as the median of nothing, stays so.
    """
    return [
        Row(group=name, code=code, value=rounded(values.get(code, 0)))
        for code, name in names.items()
    ]


def rounded(value: float) -> float | None:
    """The value to a tenth; None where there is none."""
    return None if pd.isna(value) else round(float(value), 1)


def highest(values: pd.Series, most: int) -> pd.Series:
    """The highest values; of equal ones the first by name."""
    return values.sort_index().sort_values(ascending=False, kind="stable").head(most)


def persons(group: str, count: float) -> Row:
    """How many persons; nothing nearer than « moins de 5 »."""
    if count < FEWEST_PERSONS:
        return Row(group=group, value=None, hidden=FEW_PERSONS)
    return Row(group=group, value=count)


def median_days(group: str, waits: pd.DataFrame, *, sees_members: bool, code: str = "") -> Row:
    """Return the median of the waits' days; hidden where few members are waited for.

    Nobody's id stands for the lab's own staff, of whom no one is told apart: it hides nothing.
    """
    members = set(waits.who)
    if not sees_members and "" not in members and 0 < len(members) < FEWEST_MEMBERS:
        return Row(group=group, code=code, value=None, hidden=FEW_MEMBERS)
    return Row(group=group, code=code, value=rounded(waits.days.median()))
