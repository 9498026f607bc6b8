"""Reads the outlines that a holder brings to locate points in."""

from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from shared.engine.applications.geo.application import Outlines
from shared.engine.applications.geo.run.borders import Borders, borders_of
from shared.engine.applications.geo.run.positions import in_plane
from shared.engine.applications.geo.run.spellings import read_shapes
from shared.engine.database import quoted
from shared.engine.reading.values.value_tests import Flags
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Rejected

_ROLE = "outlines"
_AREAL = [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON]
_LONGEST = 0.01
"""Degrees of an edge that is as straight in the plane as in degrees, to some centimetres."""


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
    borders = borders_of(
        table["label"].combine_chunks().filter(pa.array(areal)), plane, parameters.tolerance
    )
    return borders._replace(unread=int((~areal).sum()), mended=int(crossing.sum()))


def _are_degrees(shapes: Any) -> Flags:  # noqa: ANN401 - shapely has no types
    degrees: Flags = (np.abs(shapely.bounds(shapes)) <= (180, 90, 180, 90)).all(axis=1)
    return degrees
