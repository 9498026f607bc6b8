"""Well-known text is told from other texts."""

import pyarrow as pa

from shared.engine.reading.values.geometry import is_wkt, kinds_of

GEOMETRIES = [
    "POINT(0.1 49.2)",
    "point (0.1 49.2)",
    "POINT Z (1 2 3)",
    "SRID=2154;LINESTRING(1 2, 3 4)",
    "POLYGON((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(1 2, 3 4))",
    "POINT EMPTY",
]
OTHERS = ["POINT", "Point de vue (2)", "POLYGONE", "POINT(a b)", "Linestring Street", "49.1, 0.2"]


def test_geometries_are_told_and_points_of_view_are_not() -> None:
    """Whatever the case, the dimensions and the SRID before it."""
    texts = pa.array([*GEOMETRIES, *OTHERS], pa.string())
    assert is_wkt(texts).tolist() == [True] * len(GEOMETRIES) + [False] * len(OTHERS)


def test_kinds_are_told_once() -> None:
    """In capitals, sorted."""
    texts = pa.array(["point(1 2)", "POINT(3 4)", "SRID=4326;MULTIPOLYGON(((0 0)))"], pa.string())
    assert kinds_of(texts) == ("MULTIPOLYGON", "POINT")
