"""Invents the cells of one column: of its type, as its source writes them, plainly artificial."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from shared.engine.contract.policy import (
    AREA_LEVELS,
    DATE_LEVELS,
    NOTHING,
    PolicyDimension,
    PolicyMeasure,
)
from shared.engine.synthetic.identifiers import IDENTIFIERS
from shared.engine.synthetic.places import CODES, areas_of, communes_in, name_of_commune
from shared.engine.synthetic.typed_cells import MAKERS, Cells, Draw, texts
from shared.engine.synthetic.writing import written_day, written_number
from shared.engine.tables.manifest import Column

_GAPS = 0.03
"""Share of the rows without a value, in a column that the source has marks of that in."""


@dataclass(frozen=True)
class InventedRows:
    """Rows to invent cells for: a number of its own and a commune for each, and what is drawn by.

    The columns of a row agree: its SIRET begins with its SIREN, its postcode is its commune's.
    """

    numbers: Sequence[int]
    communes: Sequence[str]
    chance: np.random.Generator

    def cells(self, column: Column) -> Cells:
        """Invent the cells of a column that no published table tells of."""
        kind = column.type or column.key or column.kind
        cells = self._of_type(column, kind)
        if column.meaning and column.meaning.repair == "leading_zero":
            cells = [cell and cell.lstrip("0") for cell in cells]
        # The source has marks in place of some: nobody knows of how many.
        return [
            None if column.missing and gap else cell
            for cell, gap in zip(cells, self.chance.random(len(cells)) < _GAPS, strict=True)
        ]

    def of_dimension(
        self, column: Column, dimension: PolicyDimension, classes: Sequence[tuple[int, str] | None]
    ) -> Cells:
        """Invent the cells of a dimension from the class that is drawn for each row."""
        fallback = self.cells(column)
        return [
            fallback[row] if place is None else self._in_class(column, dimension, *place, row)
            for row, place in enumerate(classes)
        ]

    def of_measure(
        self, column: Column, measure: PolicyMeasure, means: Sequence[float | None]
    ) -> Cells:
        """Invent amounts around the mean of each row's cell."""
        fallback = self.cells(column)
        cells: list[str | None] = []
        for row, (mean, share) in enumerate(
            zip(means, self.chance.uniform(0.5, 1.5, len(means)), strict=True)
        ):
            amount = None if mean is None else min(mean * share, measure.cap or mean * share)
            cells.append(fallback[row] if amount is None else written_number(amount, column, row))
        return cells

    def _in_class(
        self, column: Column, dimension: PolicyDimension, place: int, text: str, row: int
    ) -> str | None:
        level = dimension.levels[place]
        if text == NOTHING:
            return None
        if level in AREA_LEVELS:
            return _code_in(column, level, text, self.communes[row], self.chance)
        if level in DATE_LEVELS:
            return written_day(_day_in(text, self.chance), column, row)
        if level == "classes":
            number = _number_in(dimension, text, self.chance)
            return written_number(int(number) if column.kind == "integer" else number, column, row)
        return text

    def _of_type(self, column: Column, kind: str) -> Cells:
        if kind in IDENTIFIERS:
            return [IDENTIFIERS[kind](number) for number in self.numbers]
        if kind in CODES:
            return [CODES[kind](commune) for commune in self.communes]
        if column.names == "commune":
            return [name_of_commune(commune) for commune in self.communes]
        make = MAKERS.get(kind) or MAKERS.get(column.kind, texts)
        return make(Draw(column, self.numbers, self.chance))


def _code_in(
    column: Column, level: str, area: str, commune: str, chance: np.random.Generator
) -> str:
    """Return a code of the column's type in that area: the commune's, where it lies there."""
    make, communes = CODES.get(column.type), communes_in(level, area)
    if column.type == level or make is None or not communes:
        return area
    inside = commune if areas_of(level).get(commune) == area else str(chance.choice(communes))
    return make(inside) or area


def _day_in(text: str, chance: np.random.Generator) -> date:
    """Return a day in a year, a quarter or a month, as 2024, 2024-T3 and 2024-05."""
    year, _, part = text.partition("-")
    first, months = (1, 12)
    if part.startswith("T"):
        first, months = 3 * int(part[1:]) - 2, 3
    elif part:
        first, months = int(part), 1
    return date(int(year), first + int(chance.integers(0, months)), int(chance.integers(1, 29)))


def _number_in(dimension: PolicyDimension, text: str, chance: np.random.Generator) -> float:
    """Return a number of a class; one without a bound is as wide as the one beside it."""
    bounds, place = dimension.bounds, dimension.class_names.index(text)
    width = bounds[-1] - bounds[-2] if len(bounds) > 1 else abs(bounds[0]) or 1
    lower = bounds[place - 1] if place else min(bounds[0] - width, 0) if bounds[0] <= 0 else 0
    upper = bounds[place] if place < len(bounds) else bounds[-1] + width
    return float(chance.uniform(lower, upper))
