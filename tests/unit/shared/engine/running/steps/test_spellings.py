"""Latitudes and longitudes as people write them."""

import numpy as np
import pyarrow as pa
import pytest

from shared.engine.applications.geo.run.spellings import Points, read_pair, read_points

CAEN = (49.1829, -0.3707)


def _one(points: Points) -> tuple[float, float]:
    return float(points.latitude[0]), float(points.longitude[0])


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("49.1829", "-0.3707"),
        ("49,1829", "-0,3707"),
        (" +49.1829 ", "0.3707 W"),
        ("49.1829°", "-0.3707°"),
        ("49°10'58.44\"N", "0°22'14.52\"W"),
        ("49° 10' 58,44\" N", "0° 22' 14,52\" O"),
        ("N 49°10.974'", "O 0°22.242'"),
        ("49d10m58.44s", "0d22m14.52sW"),
        ("49º10\u203258.44\u2033N", "0º22\u203214.52\u2033W"),
    ],
)
def test_two_columns_are_read_as_degrees(latitude: str, longitude: str) -> None:
    """Decimal or not, with a comma, signs, letters or none."""
    assert _one(read_pair(pa.array([latitude]), pa.array([longitude]))) == pytest.approx(
        CAEN, abs=1e-6
    )


@pytest.mark.parametrize(
    "text",
    [
        "49.1829,-0.3707",
        "(49.1829 -0.3707)",
        "[49.1829; -0.3707]",
        "49,1829, -0,3707",
        "POINT(-0.3707 49.1829)",
        "SRID=4326;POINT Z (-0.3707 49.1829 12)",
        '{"type": "Point", "coordinates": [-0.3707, 49.1829]}',
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [-0.3707, 49.1829]}}',
        "49°10'58.44\"N 0°22'14.52\"W",
        "0°22'14.52\"O, 49°10'58.44\"N",
        "POLYGON((-0.371 49.182, -0.3704 49.182, -0.3704 49.1838, -0.371 49.1838, -0.371 49.182))",
    ],
)
def test_one_column_is_read_as_a_point(text: str) -> None:
    """WKT and GeoJSON have the longitude first, whatever the order of numbers is."""
    assert _one(read_points(pa.array([text]), lon_first=False)) == pytest.approx(CAEN, abs=1e-4)


def test_order_of_two_numbers_is_told() -> None:
    """Nobody can tell it by the numbers."""
    points = read_points(pa.array(["-0.3707 49.1829"]), lon_first=True)
    assert _one(points) == pytest.approx(CAEN)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [("91", "0"), ("49", "181"), ("49°61'N", "0"), ("49 W", "0"), ("Caen", "0"), ("49..1", "0")],
)
def test_what_is_no_position_is_none(latitude: str, longitude: str) -> None:
    """Out of the earth, minutes beyond 59, the letter of the other axis, words."""
    points = read_pair(pa.array([latitude]), pa.array([longitude]))
    assert not points.is_read[0]
    assert points.filled == 1


def test_empty_cells_are_no_texts() -> None:
    """They are counted apart from what cannot be read."""
    texts = pa.array([None, "", " ", "x", "POLYGON EMPTY", "{", "49.1,0.2"])
    points = read_points(texts, lon_first=False)
    assert points.filled == 4
    assert list(points.is_read) == [False] * 6 + [True]
    assert np.isnan(points.latitude[:6]).all()
