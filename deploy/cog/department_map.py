"""Makes the small map of the lab's départements: `python -m deploy.cog.department_map`.

They are the outlines of maps (cog_outlines.py), simplified together to what a picture of 320 pixels
shows, and written as paths of SVG. Source: IGN Admin Express COG, Licence Ouverte 2.0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from deploy.cog import cog_files

WIDTH = 320
_TOLERANCE = 1500
"""Metres: a corner of less than half the square of it is no pixel."""

Row = tuple[str, str, str, int, int]
"""Code, name, path, and where the name stands: across and down in pixels of the map."""


def rows_of(names: Mapping[str, str], outlines: Mapping[str, Any]) -> list[Row]:
    """The rows of the file; outlines are in Lambert-93, whose north is up."""
    codes = sorted(outlines)
    simple = shapely.coverage_simplify([outlines[code] for code in codes], _TOLERANCE)
    west, _, east, north = shapely.total_bounds(simple)
    scale = WIDTH / (east - west)
    placed = shapely.transform(simple, lambda points: (points - (west, north)) * (scale, -scale))
    return [_row(code, names[code], outline) for code, outline in zip(codes, placed, strict=True)]


def _row(code: str, name: str, outline: Any) -> Row:  # noqa: ANN401 - shapely is untyped
    parts = [part for part in shapely.get_parts(outline) if part.area >= 1]
    path = "".join(_path(part.exterior.coords) for part in parts)
    middle = shapely.point_on_surface(outline)
    return code, name, path, round(middle.x), round(middle.y)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return f"M{'L'.join(f'{round(x)} {round(y)}' for x, y in points[:-1])}Z"


def main() -> None:
    """Write the file anew."""
    rows = [
        row
        for row in cog_files.rows_of(cog_files.FOLDER / "outlines.csv.gz")
        if row["level"] == "departement"
    ]
    names = {row["code"]: row["name"] for row in rows}
    outlines = {row["code"]: shapely.from_wkt(row["outline"]) for row in rows}
    cog_files.write(cog_files.DEPARTMENTS, "code;name;path;across;down", rows_of(names, outlines))


if __name__ == "__main__":
    main()
