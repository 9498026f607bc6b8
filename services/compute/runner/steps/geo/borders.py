"""The communes of Normandy, and which of them points lie in."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import shapely

from services.compute.runner.columns.reference_files import read_reference
from services.compute.runner.values.value_tests import Counts, Flags

NEAR_BORDER = 200
"""Metres from a border within which simplified outlines may name the neighbour."""

NONE = -1


class AreaMatch(NamedTuple):
    """Of each point the place of its commune in `codes`, or NONE.

    `close` are those near a border of theirs or, outside of all, near an outline; `led` those
    that lie outside and were given to the nearest.
    """

    places: Counts
    close: Flags
    led: Flags


class Borders(NamedTuple):
    """Outlines in Lambert-93 (metres), and their codes in the same order."""

    codes: list[str]
    tree: Any
    lines: Any

    def find(self, points: Any, near: int) -> AreaMatch:  # noqa: ANN401 - shapely has no types
        """The communes of points, those outside of all led to one up to `near` metres away."""
        places = np.full(len(points), NONE)
        # A point on a border is in both: the first code has it.
        at, outlines = self.tree.query(points, predicate="intersects")
        places[at[::-1]] = outlines[::-1]
        inside = places != NONE
        close = np.zeros(len(points), bool)
        close[inside] = shapely.distance(points[inside], self.lines[places[inside]]) < NEAR_BORDER
        # To look for the nearest of all takes long: most points outside are far from any.
        reach = max(near, NEAR_BORDER)
        outside = np.flatnonzero(~inside & ~shapely.is_missing(points))
        at, _ = self.tree.query(points[outside], predicate="dwithin", distance=reach)
        outside = outside[np.unique(at)]
        (which, nearest), metres = self.tree.query_nearest(
            points[outside], max_distance=reach, return_distance=True, all_matches=False
        )
        led = np.zeros(len(points), bool)
        led[outside[which[metres <= near]]] = near > 0
        places[outside[which]] = np.where(metres <= near, nearest, NONE) if near else NONE
        close[outside[which[metres < NEAR_BORDER]]] = True
        return AreaMatch(places, close, led)


@cache
def borders() -> Borders:
    """Those of borders.csv.gz, by code."""
    table = read_reference("borders.csv.gz")
    outlines = shapely.from_wkt(table["outline"].to_pylist())
    shapely.prepare(outlines)
    return Borders(table["code"].to_pylist(), shapely.STRtree(outlines), shapely.boundary(outlines))
