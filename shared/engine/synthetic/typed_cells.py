"""Invents a column's cells by its type alone: plainly artificial, as its source writes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from shared.engine.synthetic.writing import written_day, written_month, written_number
from shared.engine.tables.manifest import Column

Cells = Sequence[str | None]

_FIRST_DAY, _DAYS = date(2020, 1, 1), 5 * 365
_FIRST_YEAR, _LAST_YEAR = 2015, 2024
_NORTH, _EAST = (44.0, 49.0), (0.0, 5.0)
"""Degrees, well within France."""

_CATEGORIES = "ABCDEF"
_MOST = {
    **dict.fromkeys(("# ##0", "# ##0,0", "#.##0,0", "#,##0.0"), 10**5),
    **dict.fromkeys(("#.##0", "#,##0"), 10**7),
}
"""Numbers below it, by format: large enough to have the groups that the format asks for."""

_GEOMETRIES = {
    "POINT": "POINT ({0} {1})",
    "MULTIPOINT": "MULTIPOINT (({0} {1}))",
    "LINESTRING": "LINESTRING ({0} {1}, {2} {3})",
    "MULTILINESTRING": "MULTILINESTRING (({0} {1}, {2} {3}))",
    "POLYGON": "POLYGON (({0} {1}, {2} {1}, {2} {3}, {0} {1}))",
    "MULTIPOLYGON": "MULTIPOLYGON ((({0} {1}, {2} {1}, {2} {3}, {0} {1})))",
}


@dataclass(frozen=True)
class Draw:
    """What the cells of a column are made of: chance, and a number for each row."""

    column: Column
    numbers: Sequence[int]
    chance: np.random.Generator

    @property
    def shape(self) -> str:
        """Return the format of the column's values; empty where it has none."""
        return (self.column.meaning and self.column.meaning.format) or ""

    def amounts(self, least: float, most: float) -> list[float]:
        """Return an amount for each row."""
        drawn: list[float] = self.chance.uniform(least, most, len(self.numbers)).tolist()
        return drawn

    def wholes(self, least: int, most: int) -> list[int]:
        """Return a whole number below `most` for each row."""
        drawn: list[int] = self.chance.integers(least, most, len(self.numbers)).tolist()
        return drawn

    def written(self, amounts: Sequence[float], decimals: int = 2) -> Cells:
        """Return amounts as the column writes them."""
        column = self.column
        return [written_number(amount, column, row, decimals) for row, amount in enumerate(amounts)]

    def days(self) -> list[date]:
        """Return a day of five years for each row."""
        return [_FIRST_DAY + timedelta(days) for days in self.wholes(0, _DAYS)]


def texts(draw: Draw) -> Cells:
    """Return texts that differ from row to row."""
    what = "Nom inventé" if "nom" in draw.column.name.lower() else "Texte inventé"
    return [f"{what} {number}" for number in draw.numbers]


def _free_texts(draw: Draw) -> Cells:
    return [f"Texte inventé numéro {number} pour cet essai" for number in draw.numbers]


def _categories(draw: Draw) -> Cells:
    return [f"Catégorie inventée {_CATEGORIES[at]}" for at in draw.wholes(0, len(_CATEGORIES))]


def _integers(draw: Draw) -> Cells:
    return draw.written(draw.wholes(10, _MOST.get(draw.shape, 1000)))


def _decimals(draw: Draw) -> Cells:
    return draw.written(draw.amounts(1, _MOST.get(draw.shape, 100)))


def _years(draw: Draw) -> Cells:
    return [str(year) for year in draw.wholes(_FIRST_YEAR, _LAST_YEAR + 1)]


def _days(draw: Draw) -> Cells:
    return [written_day(day, draw.column, row) for row, day in enumerate(draw.days())]


def _months(draw: Draw) -> Cells:
    return [written_month(day, draw.column) for day in draw.days()]


def _booleans(draw: Draw) -> Cells:
    values: tuple[str | None, str] = ("non", "oui")
    if draw.column.kind == "integer":
        values = ("0", "1")
    elif draw.column.stored:
        values = ("false", "true")
    elif draw.column.kind == "text":
        values = (None, "x")
    return [values[at] for at in draw.wholes(0, 2)]


def _latitudes(draw: Draw) -> Cells:
    return draw.written(draw.amounts(*_NORTH), 5)


def _longitudes(draw: Draw) -> Cells:
    return draw.written(draw.amounts(*_EAST), 5)


def _points(draw: Draw) -> Cells:
    places = zip(draw.amounts(*_NORTH), draw.amounts(*_EAST), strict=True)
    return [f"{north:.5f}, {east:.5f}" for north, east in places]


def _geometries(draw: Draw) -> Cells:
    shapes = [_GEOMETRIES.get(kind, _GEOMETRIES["POINT"]) for kind in draw.shape.split(", ")]
    places = zip(draw.amounts(*_EAST), draw.amounts(*_NORTH), strict=True)
    return [
        shapes[row % len(shapes)].format(
            *(f"{degrees:.5f}" for degrees in (east, north, east + 0.01, north + 0.01))
        )
        for row, (east, north) in enumerate(places)
    ]


MAKERS: Mapping[str, Callable[[Draw], Cells]] = {
    "integer": _integers,
    "decimal": _decimals,
    "year": _years,
    "date": _days,
    "datetime": _days,
    "month": _months,
    "boolean": _booleans,
    "category": _categories,
    "free_text": _free_texts,
    "latitude": _latitudes,
    "longitude": _longitudes,
    "geo_point": _points,
    "wkt": _geometries,
}
"""What makes the cells of a type, or of a kind of columns."""
