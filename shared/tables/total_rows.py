"""Rows of a table that sum others."""

from collections.abc import Sequence

from pydantic import Field

from shared.events.event import Frozen


class RowRange(Frozen):
    """Each `step`-th row from the first to the last, counted from 1 in the order of the file."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)
    step: int = Field(default=1, ge=1)


MOST_RANGES = 2000


def ranges_of(rows: Sequence[int]) -> tuple[RowRange, ...]:
    """Ascending row numbers as ranges; none where they are too scattered to be kept."""
    ranges: list[RowRange] = []
    for row in rows:
        last = ranges[-1] if ranges else None
        step = row - last.last if last else 0
        if last and (last.first == last.last or step == last.step):
            ranges[-1] = RowRange(first=last.first, last=row, step=step)
        else:
            ranges.append(RowRange(first=row, last=row))
    return tuple(ranges) if len(ranges) <= MOST_RANGES else ()


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
