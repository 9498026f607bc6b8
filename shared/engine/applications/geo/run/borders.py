"""Outlines that points are located in: those of communes, and those that a holder brings."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from shared.engine.applications.geo.application import COMMUNE_TOLERANCE, Outlines
from shared.engine.applications.geo.run.positions import in_plane
from shared.engine.applications.geo.run.spellings import read_shapes
from shared.engine.database import quoted
from shared.engine.reading.columns.reference_files import read_reference
from shared.engine.reading.values.value_tests import Counts, Flags
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Rejected

_ROLE = "outlines"
_AREAL = [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON]
_LONGEST = 0.01
"""Degrees of an edge that is as straight in the plane as in degrees, to some centimetres."""

NONE = -1


class AreaMatch(NamedTuple):
    """Of each point the place of its outline in `labels`, the first of several, or NONE.

    `close` are those so near a limit that they may be on its other side; `led` those that lie
    outside and were given to the nearest; `several` those in more than one.
    """

    places: Counts
    close: Flags
    led: Flags
    several: Flags


class Borders(NamedTuple):
    """Outlines in Lambert-93 (metres), what they are called, and how far off their limits may be.

    `unread` rows had no outline, `mended` ones one that crosses itself.
    """

    labels: Any
    tree: Any
    lines: Any
    tolerance: int
    unread: int = 0
    mended: int = 0

    def find(self, points: Any, near: int) -> AreaMatch:  # noqa: ANN401 - shapely has no types
        """Return each point's outline; outside of all, the nearest up to `near` metres away."""
        at, outlines = self.tree.query(points, predicate="intersects")
        places = np.full(len(points), len(self.labels))
        np.minimum.at(places, at, outlines)
        inside = places < len(self.labels)
        places[~inside] = NONE
        close, led = (np.zeros(len(points), bool) for _ in range(2))
        limits = self.lines[places[inside]]
        close[inside] = shapely.distance(points[inside], limits) < self.tolerance
        several = np.bincount(at, minlength=len(points)) > 1
        match = AreaMatch(places, close, led, several & ~close)
        # To look for the nearest of all takes long: most points outside are far from any.
        if reach := max(near, self.tolerance):
            outside = np.flatnonzero(~inside & ~shapely.is_missing(points))
            at, _ = self.tree.query(points[outside], predicate="dwithin", distance=reach)
            self._lead(points, outside[np.unique(at)], near, match)
        return match

    def _lead(self, points: Any, outside: Counts, near: int, match: AreaMatch) -> None:  # noqa: ANN401 - shapely has no types
        """Note which points outside, but near an outline, are close to it, and lead them to it."""
        (which, nearest), metres = self.tree.query_nearest(
            points[outside], return_distance=True, all_matches=False
        )
        match.close[outside[which[metres < self.tolerance]]] = True
        if near:
            reached = metres <= near
            match.led[outside[which[reached]]] = True
            match.places[outside[which[reached]]] = nearest[reached]


@cache
def borders() -> Borders:
    """Return the outlines of borders.csv.gz, by code."""
    table = read_reference("borders.csv.gz")
    outlines = shapely.from_wkt(table["outline"].to_pylist())
    return _borders_of(table["code"].combine_chunks(), outlines, COMMUNE_TOLERANCE)


def _borders_of(labels: Any, outlines: Any, tolerance: int) -> Borders:  # noqa: ANN401 - shapely has no types
    """Return the outlines, ready for many points to be looked for in them."""
    shapely.prepare(outlines)
    return Borders(labels, shapely.STRtree(outlines), shapely.boundary(outlines), tolerance)


def own_borders(workbench: Workbench, parameters: Outlines) -> Borders:
    """Return the outlines of the role `outlines`; raise Rejected where none is readable."""
    shape, label = (
        f"CAST({workbench.column(_ROLE, name, f'{_ROLE}.{field}')} AS VARCHAR)"
        for name, field in ((parameters.geometry, "geometry"), (parameters.label, "label"))
    )
    source = quoted(workbench.tables[_ROLE].name)
    rows = workbench.database.sql(f"SELECT {shape} AS shape, {label} AS label FROM {source}")
    table = rows.to_arrow_table()
    shapes = read_shapes(table["shape"].combine_chunks())
    areal = np.isin(shapely.get_type_id(shapes), _AREAL) & _are_degrees(shapes)
    if not areal.any():
        raise Rejected(
            f"aucun contour lisible dans la colonne « {parameters.geometry} » : il faut des"
            " polygones en WKT ou GeoJSON, en degrés WGS84"
        )
    crossing = areal & ~shapely.is_valid(shapes)
    shapes[crossing] = shapely.make_valid(
        shapes[crossing], method="structure", keep_collapsed=False
    )
    plane = in_plane(shapely.segmentize(shapes[areal], _LONGEST))
    borders = _borders_of(
        table["label"].combine_chunks().filter(pa.array(areal)), plane, parameters.tolerance
    )
    return borders._replace(unread=int((~areal).sum()), mended=int(crossing.sum()))


def _are_degrees(shapes: Any) -> Flags:  # noqa: ANN401 - shapely has no types
    degrees: Flags = (np.abs(shapely.bounds(shapes)) <= (180, 90, 180, 90)).all(axis=1)
    return degrees
