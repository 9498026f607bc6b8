"""The positions of a table's rows, some at a time: in degrees, and in the plane of Lambert-93."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely

from shared.engine.applications.geo.application import Position
from shared.engine.applications.geo.run.spellings import (
    Points,
    count_filled,
    read_numbers,
    read_pair,
    read_points,
)
from shared.engine.database import quoted
from shared.engine.reading.values.value_tests import Flags, Numbers
from shared.engine.running.steps.workbench import Workbench

_BATCH = 100_000
_ELLIPSOID = pyproj.Geod(ellps="GRS80")
_DEGREES, _PLANE = 4326, 2154
_AREA = (41.15, 51.56, -9.86, 10.38)
"""South, north, west and east of where EPSG:2154 is used, in degrees."""


class PositionBatch(NamedTuple):
    """Positions of some rows: degrees, and points of Lambert-93, None outside of its area."""

    points: Points
    x: Numbers
    y: Numbers

    @property
    def plane(self) -> Any:  # noqa: ANN401 - shapely has no types
        """Return the points in Lambert-93, in metres; None for those without."""
        plane_points = np.full(len(self.x), None, dtype=object)
        finite = np.isfinite(self.x)
        plane_points[finite] = shapely.points(self.x[finite], self.y[finite])
        return plane_points


def batches(
    workbench: Workbench, role: str, position: Position, at: str
) -> Iterator[PositionBatch]:
    """Yield the positions of a table's rows, some at a time."""
    named = {
        parameter: f"CAST({workbench.column(role, name, f'{at}.{parameter}')} AS VARCHAR)"
        for parameter, name in position.columns.items()
    }
    chosen = ", ".join(f"{sql} AS {parameter}" for parameter, sql in named.items())
    table = quoted(workbench.tables[role].name)
    # A cursor of its own: others work on the connection while this is read.
    cursor = workbench.database.cursor()
    reader = cursor.sql(f"SELECT {chosen} FROM {table}").to_arrow_reader(_BATCH)
    for batch in reader:
        columns = {name: batch.column(name) for name in named}
        yield _read(columns, lon_first=position.order == "lon_lat")


def _read(columns: dict[str, Any], *, lon_first: bool) -> PositionBatch:
    if "x" in columns:
        x, y = read_numbers(columns["x"]), read_numbers(columns["y"])
        filled = count_filled(columns["x"], columns["y"])
        longitude, latitude = _between(_PLANE, _DEGREES).transform(x, y)
        points = Points(_finite(latitude), _finite(longitude), filled)
        inside = _is_in_area(points)
        return PositionBatch(points, np.where(inside, x, np.nan), np.where(inside, y, np.nan))
    if "point" in columns:
        points = read_points(columns["point"], lon_first=lon_first)
    else:
        points = read_pair(columns["latitude"], columns["longitude"])
    inside = _is_in_area(points)
    x, y = (np.full(len(points.latitude), np.nan) for _ in range(2))
    degrees = points.longitude[inside], points.latitude[inside]
    x[inside], y[inside] = _between(_DEGREES, _PLANE).transform(*degrees)
    return PositionBatch(points, x, y)


def metres_between(here: tuple[Numbers, ...], there: tuple[Numbers, ...]) -> Numbers:
    """Return distances along the ellipsoid (Karney 2013) in metres, to the decimetre."""
    _, _, metres = _ELLIPSOID.inv(here[1], here[0], there[1], there[0])
    rounded: Numbers = np.round(metres, 1)
    return rounded


def in_plane(shapes: Any) -> Any:  # noqa: ANN401 - shapely has no types
    """Return shapes in degrees (longitude first) as Lambert-93, cut to its area."""
    south, north, west, east = _AREA
    within = shapely.intersection(shapes, shapely.box(west, south, east, north))
    plane = _between(_DEGREES, _PLANE)
    return shapely.transform(within, lambda at: np.column_stack(plane.transform(*at.T)))


def _finite(numbers: Numbers) -> Numbers:
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _is_in_area(points: Points) -> Flags:
    south, north, west, east = _AREA
    with np.errstate(invalid="ignore"):
        is_at_height: Flags = (points.latitude >= south) & (points.latitude <= north)
        return is_at_height & (points.longitude >= west) & (points.longitude <= east)


@cache
def _between(system: int, other: int) -> Any:  # noqa: ANN401 - a Transformer
    return pyproj.Transformer.from_crs(system, other, always_xy=True)
