"""Rows of a table that sum others."""

from collections.abc import Sequence

from pydantic import Field

from shared.events.event import Frozen
from shared.words import french_list, grouped


class RowRange(Frozen):
    """Each `step`-th row from the first to the last, counted from 1 in the order of the file."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)
    step: int = Field(default=1, ge=1)


MOST_RANGES = 2000


def ranges_of(rows: Sequence[int]) -> tuple[RowRange, ...]:
    """Return ascending row numbers as ranges; none where they are too scattered to keep."""
    ranges: list[RowRange] = []
    for row in rows:
        last = ranges[-1] if ranges else None
        step = row - last.last if last else 0
        if last and (last.first == last.last or step == last.step):
            ranges[-1] = RowRange(first=last.first, last=row, step=step)
        else:
            ranges.append(RowRange(first=row, last=row))
    return tuple(ranges) if len(ranges) <= MOST_RANGES else ()


_MOST_NAMED = 12
"""So many rows, or ranges of them, are named."""


def rows_named(ranges: Sequence[RowRange]) -> str:
    """Name these rows of the file in French, counted from 1: `lignes 4 et 8`."""
    places = [place for row_range in ranges[:_MOST_NAMED] for place in _places(row_range)]
    if len(ranges) > _MOST_NAMED:
        return f"lignes {', '.join(places)}, …"
    is_one = len(ranges) == 1 and ranges[0].first == ranges[0].last
    return f"{'ligne' if is_one else 'lignes'} {french_list(places)}"


def _places(rows: RowRange) -> list[str]:
    ends = [grouped(row) for row in dict.fromkeys((rows.first, rows.last))]
    if rows.first + rows.step >= rows.last:
        return ends
    every = f" de {rows.step} en {rows.step}" if rows.step > 1 else ""
    return [f"{' à '.join(ends)}{every}"]


class TotalRows(Frozen):
    """Rows that sum others; steps leave them out unless they are asked to keep them.

    `message` says in French how many there are and why they are totals, and no value. Scattered
    ones that are too many have no `ranges`, and are left in.
    """

    kind: str = Field(description="label, empty_key, short_code, total_code or sum: what shows it")
    column: str = Field(default="", description="that holds the label, or lacks a value")
    sums: tuple[str, ...] = Field(default=(), description="columns in which they sum others")
    count: int = Field(ge=1)
    ranges: tuple[RowRange, ...] = ()
    message: str
