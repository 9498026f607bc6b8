"""Makes text of geometries: WKT in WGS84, in two dimensions; what that loses is counted."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from pyproj.exceptions import ProjError

from shared.engine.reading.formats.vector.attribute_cells import numbers
from shared.engine.reading.repairs import Repairs

LONGITUDE, LATITUDE, ALTITUDE, GEOMETRY = "longitude", "latitude", "altitude", "geometry"

_WGS84 = 4326
_ALREADY = (_WGS84, 4979)
"""With two dimensions, and with three."""

_DECIMALS, _ALL = 8, -1
"""Of degrees that were computed: a millimetre; of others what they have."""

_MOST_DEGREES = 180, 90
_MISSING, _POINT = -1, 0
"""What shapely calls the types of no geometry and of points."""


class Overview(NamedTuple):
    """What the geometries of a layer are, before a text is made of any."""

    have_shapes: bool = False
    are_points: bool = True
    have_heights: bool = False
    east: float = 0
    north: float = 0

    def with_these(self, shapes: Any) -> "Overview":  # noqa: ANN401 - shapely has no types
        """Return the overview with some more shapes added."""
        kinds = shapely.get_type_id(shapes)
        bounds = np.abs(np.nan_to_num(shapely.total_bounds(shapes)))
        return Overview(
            self.have_shapes or bool((kinds != _MISSING).any()),
            self.are_points and bool(np.isin(kinds, (_MISSING, _POINT)).all()),
            self.have_heights or bool(np.nan_to_num(shapely.get_z(shapes)).any()),
            max(self.east, *bounds[::2]),
            max(self.north, *bounds[1::2]),
        )

    @property
    def are_degrees(self) -> bool:
        """Whether all coordinates are possible longitudes and latitudes."""
        east, north = _MOST_DEGREES
        return self.east <= east and self.north <= north


class Reference:
    """The system of coordinates of a layer, and the way from it to WGS84."""

    def __init__(self, system: str | None, overview: Overview) -> None:
        self.name, self.is_known = "aucun n'est indiqué", False
        self._transformer: Any = None
        if system:
            self._find(system, overview)

    def _find(self, written_system: str, overview: Overview) -> None:
        try:
            system = pyproj.CRS.from_user_input(written_system).to_2d()
            code = system.to_epsg()
            self.name = f"{system.name} (EPSG:{code})" if code else system.name
            if code not in _ALREADY:
                self._transformer = pyproj.Transformer.from_crs(
                    system, _WGS84, always_xy=True, allow_ballpark=False
                )
        except ProjError:
            return
        # Metres are no degrees, whatever is told of them.
        self.is_known = overview.are_degrees or not system.is_geographic

    @property
    def is_other(self) -> bool:
        """Whether its coordinates have to be converted to degrees of WGS84."""
        return self.is_known and self._transformer is not None

    def tell(self, overview: Overview, repairs: Repairs) -> None:
        """Note the system in the repairs, unless it is WGS84."""
        if overview.have_shapes and not self.is_known:
            repairs.note("unknown_reference", detail=self.name)
        elif overview.have_shapes and self.is_other:
            repairs.note("reprojected", detail=self.name)

    def to_wgs84(self, shapes: Any) -> Any:  # noqa: ANN401 - shapely has no types
        """Return the shapes in degrees; corners outside the system's area become infinite."""
        return shapely.transform(shapes, self._moved) if self.is_other else shapes

    def _moved(self, corners: Any) -> Any:  # noqa: ANN401 - an array
        return np.column_stack(self._transformer.transform(corners[:, 0], corners[:, 1]))


def parsed(column: pa.Array) -> Any:  # noqa: ANN401 - shapely has no types
    """Return the shapes in a column of WKB; None where it holds no geometry."""
    return shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")


class Geometries:
    """Makes text of the geometries of a layer, and tells what is lost by it."""

    def __init__(self, reference: Reference, overview: Overview, repairs: Repairs) -> None:
        self._reference, self._overview, self._repairs = reference, overview, repairs

    def texts(self, column: pa.Array) -> dict[str, pa.Array]:
        """Return the geometry of some features, and the coordinates of points."""
        geometries = parsed(column)
        missing = int(shapely.is_missing(geometries).sum())
        invalid = len(geometries) - missing - int(shapely.is_valid(geometries).sum())
        self._repairs.note("no_geometry", count=column.null_count)
        self._repairs.note("unread_geometry", count=missing - column.null_count)
        self._repairs.note("invalid_geometry", count=invalid)
        self._tell_flattened(geometries)
        shapes = self._placed(shapely.force_2d(geometries))
        digits = _DECIMALS if self._reference.is_other else _ALL
        degrees = [shapely.get_x(shapes), shapely.get_y(shapes)]
        if self._reference.is_other:
            degrees = [np.round(axis, _DECIMALS) for axis in degrees]
        texts_of_points = {
            LONGITUDE: degrees[0],
            LATITUDE: degrees[1],
            ALTITUDE: shapely.get_z(geometries),
        }
        return {
            **{name: numbers(pa.array(values)) for name, values in texts_of_points.items()},
            GEOMETRY: pa.array(shapely.to_wkt(shapes, rounding_precision=digits), pa.string()),
        }

    def _placed(self, flat: Any) -> Any:  # noqa: ANN401 - shapely has no types
        """Return the shapes in WGS84; None for those outside the area of their system."""
        moved = self._reference.to_wgs84(flat)
        beyond = np.isinf(shapely.bounds(moved)).any(axis=1)
        self._repairs.note("beyond_reference", count=int(beyond.sum()))
        return np.where(beyond, None, moved)

    def _tell_flattened(self, geometries: Any) -> None:  # noqa: ANN401 - shapely has no types
        """Count the shapes whose heights or measures no column keeps."""
        lost = shapely.has_m(geometries)
        if not self._overview.are_points:
            corners, whose = shapely.get_coordinates(geometries, include_z=True, return_index=True)
            lost[np.unique(whose[np.nan_to_num(corners[:, 2]) != 0])] = True
        self._repairs.note("flattened", count=int(lost.sum()))
