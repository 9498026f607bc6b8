"""Tells latitudes and longitudes that stand side by side, whatever their names.

Alone they are numbers like others. Together they are points of France, unless the rows of one
département lie as far apart as any: then they are shares and rates, which look alike at times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shared.engine.database import Database, quoted, trimmed
from shared.engine.reading.columns.area_codes import departement_of, leading_column
from shared.engine.reading.values.value_tests import Numbers
from shared.engine.tables.manifest import Column, Meaning

_ENOUGH = 0.95
"""Share of the rows that must be points of France: real files have a few faults."""

_MANY = 20
"""So many different values are no accident."""

_DECIMALS = 3
"""Places are known to a hundred metres or so; rates and amounts seldom have as many digits."""

_PRECISE = 0.75
"""Share of the rows that have them: a zero at the end is often left out."""

_BOXES = (
    (41.3, 51.2, -5.3, 9.7),  # the mainland and Corsica
    (15.7, 16.6, -61.9, -60.9),  # Guadeloupe
    (14.3, 15.0, -61.3, -60.7),  # Martinique
    (2.1, 5.9, -54.7, -51.5),  # Guyane
    (-21.5, -20.8, 55.1, 55.9),  # La Réunion
    (-13.1, -12.5, 44.9, 45.4),  # Mayotte
)
"""South, north, west and east of what has départements, in degrees: the areas of use of its
coordinate systems in the EPSG registry, rounded outwards."""

_INSIDE = " OR ".join(
    f"latitude BETWEEN {south} AND {north} AND longitude BETWEEN {west} AND {east}"
    for south, north, west, east in _BOXES
)
_FIRST_ROWS = 1000
_WITHIN = 0.5
"""Of the variance of all points, so much at most is left within the départements."""

_NEAR = 0.6
"""How far the points of one département spread, in degrees, where there is no other."""

_PROVEN, _LIKELY = 0.95, 0.8
"""How sure coordinates are that lie as their départements do, and others."""


def with_coordinates(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of `table`, with latitudes and longitudes recognised."""
    north, east = _likely(
        database, table, [column for column in columns if _may_be_degrees(column)]
    )
    departement = leading_column(columns)
    meanings: dict[str, Meaning] = {}
    for pair in pairwise(column.name for column in columns):
        for latitude, longitude in (pair, pair[::-1]):
            if latitude in north and longitude in east and not meanings.keys() & {*pair}:
                points = _Points(database, _points(table, latitude, longitude, departement))
                meanings |= points.meanings(latitude, longitude)
    return [
        column.model_copy(update={"meaning": meanings[column.name]})
        if column.name in meanings
        else column
        for column in columns
    ]


def _may_be_degrees(column: Column) -> bool:
    is_known = column.type in ("decimal", "latitude", "longitude")
    return column.distinct >= _MANY and (is_known or column.kind == "decimal")


def _likely(database: Database, table: str, columns: Sequence[Column]) -> tuple[set[str], set[str]]:
    """Return the columns whose first rows may be latitudes of France, and those of longitudes."""
    if len(columns) <= 1:
        return set(), set()
    chosen = ", ".join(
        f"{_degrees(trimmed(column.name))} AS c{at}" for at, column in enumerate(columns)
    )
    first = database.sql(f"SELECT {chosen} FROM {quoted(table)} LIMIT {_FIRST_ROWS}").fetchnumpy()
    numbers = [np.ma.getdata(first[name])[~np.ma.getmaskarray(first[name])] for name in first]
    north, east = (
        {column.name for column, some in zip(columns, numbers, strict=True) if _within(some, at)}
        for at in (0, 2)
    )
    return north, east


def _within(numbers: Numbers, at: int) -> bool:
    """Whether nearly all numbers lie between bounds `at` and `at` + 1 of one of the boxes."""
    inside = [(numbers >= box[at]) & (numbers <= box[at + 1]) for box in _BOXES]
    return bool(len(numbers) and np.logical_or.reduce(inside).mean() >= _ENOUGH)


def _degrees(text: str) -> str:
    return f"TRY_CAST(replace({text}, ',', '.') AS DOUBLE)"


def _points(table: str, latitude: str, longitude: str, departement: str | None) -> str:
    """Return the rows of `table` as points, in SQL."""
    texts = [trimmed(name) for name in (latitude, longitude)]
    north, east = map(_degrees, texts)
    precise = " AND ".join(f"regexp_matches({text}, '[.,][0-9]{{{_DECIMALS}}}')" for text in texts)
    place = departement_of(departement) if departement else "NULL"
    return (
        f"SELECT {north} AS latitude, {east} AS longitude, {precise} AS is_precise,"
        f" {place} AS departement FROM {quoted(table)}"
        " WHERE coalesce(latitude, longitude) IS NOT NULL"
    )


@dataclass(frozen=True)
class _Points:
    """Rows of a table, tried as points of France."""

    database: Database
    points: str

    def meanings(self, latitude: str, longitude: str) -> dict[str, Meaning]:
        """Return the meaning of the two columns; none when they are no coordinates."""
        share = self._inside(self.points)
        confidence = self._confidence() if share >= _ENOUGH else 0.0
        if not confidence:
            return {}
        return {
            name: Meaning(type=kind, confidence=round(confidence * share, 3), valid=share)
            for name, kind in ((latitude, "latitude"), (longitude, "longitude"))
        }

    def _inside(self, points: str) -> float:
        """Return the share of the points that lie in France; 0 where they are not precise."""
        rows, inside, precise = self._row(
            f"count(*), count(*) FILTER ({_INSIDE}), count(*) FILTER (is_precise)", points
        )
        return inside / rows if precise and precise >= _PRECISE * rows else 0.0

    def _confidence(self) -> float:
        """Return how sure the départements of the rows make it that these are coordinates."""
        inside = f"SELECT * FROM ({self.points}) WHERE departement IS NOT NULL AND ({_INSIDE})"
        spread = "count(*) AS n, var_pop(latitude) AS north, var_pop(longitude) AS east"
        rows, *whole = self._row(spread, inside)
        if not rows:
            return _LIKELY
        groups, *within = self._row(
            "count(*), sum(n * north) / sum(n), sum(n * east) / sum(n)",
            f"SELECT {spread} FROM ({inside}) GROUP BY departement",
        )
        most = [_WITHIN * variance for variance in whole] if groups > 1 else [_NEAR**2] * 2
        return (
            _PROVEN
            if all(variance <= few for variance, few in zip(within, most, strict=True))
            else 0.0
        )

    def _row(self, figures: str, points: str) -> tuple[float, ...]:
        (row,) = self.database.execute(f"SELECT {figures} FROM ({points})").fetchall()
        return tuple(row)
