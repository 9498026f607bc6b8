"""Placing rows by the outlines of Normandy, and what of it is uncertain."""

import csv
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

from shared.engine.applications import effect_of
from shared.engine.applications.effect import Part, Source
from shared.engine.applications.geo.application import GeoParameters
from shared.engine.applications.geo.run import geo
from shared.engine.contract.result import Report
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid, Rejected
from shared.events import Step
from tests.integration.compute.jobs import DATA
from tests.unit.shared.engine.running.steps.benches import bench, result_rows

_LATLON = {"latitude": "lat", "longitude": "lon"}
CAEN, ROUEN, PARIS, AT_SEA = (49.1829, -0.3707), (49.4431, 1.0993), (48.8566, 2.3522), (49.9, 0.0)


def _run(workbench: Workbench, **parameters: Any) -> Report:
    return geo.run(workbench, GeoParameters.model_validate({"position": _LATLON, **parameters}))


def _points(*points: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [
        {"n": n} | {name: None if v is None else str(v) for name, v in (("lat", lat), ("lon", lon))}
        for n, (lat, lon) in enumerate(points)
    ]


def test_rows_get_the_commune_that_they_lie_in() -> None:
    """Those outside of all outlines, empty or unreadable keep their row and are counted."""
    points = _points(CAEN, ("", None), ROUEN, PARIS, AT_SEA, ("x", "y"), ("16,25", "-61,5"))
    workbench = bench(table=points)
    report = _run(workbench, areas=["departement", "commune"])
    rows = result_rows(workbench)
    assert [row["commune"] for row in rows] == ["14118", None, "76540", None, None, None, None]
    assert [row["departement"] for row in rows][:3] == ["14", None, "76"]
    assert rows[2]["commune_nom"] == "Rouen"
    assert [row["n"] for row in rows] == list(range(7))
    assert report["positions"] == {
        "unreadable": 1,
        "empty": 1,
        "read": 5,
        "beyond": 1,
        "placed": 2,
        "close": 0,
        "led": 0,
        "outside": 2,
        "outside_close": 0,
        "several": 0,
        "outlines_unread": 0,
        "outlines_mended": 0,
    }
    assert "2 points hors de tout contour" in report["summary"]
    assert "1 position est hors du domaine du Lambert-93" in report["summary"]


def test_real_charging_points_lie_in_the_commune_that_they_name() -> None:
    """IRVE 2020: all of Normandy but a station whose own code is of another place."""
    with (DATA / "irve_2020_cp1252.csv").open(encoding="cp1252") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    table = [{"code": r["code_insee"], "lat": r["Ylatitude"], "lon": r["Xlongitude"]} for r in rows]
    workbench = bench(table=table)
    report = _run(workbench, areas=["commune"])
    placed = [row for row in result_rows(workbench) if row["commune"]]
    others = {(row["code"], row["commune"]) for row in placed if row["code"] != row["commune"]}
    assert report["positions"]["placed"] == len(placed) == 25
    assert others == {("76545", "76414")}


def test_point_beside_an_outline_may_be_given_to_it() -> None:
    """A quay outside of simplified outlines is near one; it is given to it only if asked."""
    quay = (49.4939, 0.0930)
    workbench = bench(table=_points(quay))
    apart = _run(workbench, areas=["commune"])
    point_bench = bench(table=_points(quay))
    report = _run(point_bench, areas=["commune"], near=1000)
    if apart["positions"]["outside"]:
        assert report["positions"]["led"] == 1
    assert result_rows(point_bench)[0]["commune"] == "76351"


def test_coordinates_go_to_lambert_93_and_back() -> None:
    """IGN's point of origin: 46.5 N, 3 E is 700000, 6600000."""
    workbench = bench(table=_points((46.5, 3), CAEN))
    _run(workbench, coordinates=["lambert93"])
    origin, caen = result_rows(workbench)
    assert (origin["x_lambert93"], origin["y_lambert93"]) == (700000, 6600000)
    back = bench(table=[{"x": str(caen["x_lambert93"]), "y": str(caen["y_lambert93"])}])
    _run(back, position={"x": "x", "y": "y"}, coordinates=["wgs84"], areas=["commune"])
    (row,) = result_rows(back)
    assert (row["latitude_wgs84"], row["longitude_wgs84"]) == pytest.approx(CAEN, abs=1e-6)
    assert row["commune"] == "14118"


def test_distances_are_those_of_the_ellipsoid() -> None:
    """Caen to Rouen is 110.8 km, and the nearest of three places is itself."""
    places = [{"nom": n, "p": f"{a} {b}"} for n, (a, b) in (("P", PARIS), ("R", ROUEN))]
    places.append({"nom": "nulle part", "p": ""})
    workbench = bench(table=_points(CAEN, ROUEN, (None, None)), places=places)
    target = {"latitude": ROUEN[0], "longitude": ROUEN[1], "name": "rouen_m"}
    near = {"position": {"point": "p"}, "label": "nom"}
    report = _run(workbench, distance=target, nearest=near)
    caen, rouen, nowhere = result_rows(workbench)
    assert caen["rouen_m"] == pytest.approx(110_830, abs=100)
    assert (caen["plus_proche"], caen["plus_proche_m"]) == ("R", caen["rouen_m"])
    assert (rouen["plus_proche"], rouen["plus_proche_m"]) == ("R", 0)
    assert (nowhere["plus_proche"], nowhere["rouen_m"]) == (None, None)
    assert report["positions"]["unplaced_places"] == 1


@pytest.mark.parametrize("around", [(69.6, 18.9), (-21.1, 55.5), (0, 179.9), (48, 2)])
def test_nearest_place_is_that_of_the_shortest_way_on_the_earth(
    around: tuple[float, float],
) -> None:
    """At high latitudes, overseas, across the date line, far away: as measured to each place."""
    random, ellipsoid = np.random.default_rng(1), pyproj.Geod(ellps="GRS80")
    latitudes = [*random.normal(around[0], 3, 100), *random.uniform(-90, 90, 100)]
    longitudes = [*random.normal(around[1], 3, 100), *random.uniform(-180, 180, 100)]
    longitudes = [(degrees + 180) % 360 - 180 for degrees in longitudes]
    points = list(zip(latitudes, longitudes, strict=True))
    places = [{"nom": str(n), "p": f"{a} {b}"} for n, (a, b) in enumerate(points[1::2])]
    workbench = bench(table=_points(*points[::2]), places=[*places, places[0] | {"nom": "again"}])
    report = _run(workbench, nearest={"position": {"point": "p"}, "label": "nom"})
    rows = result_rows(workbench)
    for row, here in zip(rows, points[::2], strict=True):
        others = points[1::2]
        metres = [ellipsoid.inv(here[1], here[0], lon, lat)[2] for lat, lon in others]
        assert row["plus_proche"] == str(np.argmin(metres))
        assert row["plus_proche_m"] == pytest.approx(min(metres), abs=0.1)
    assert "Lambert" not in report["summary"]


def _square(west: float, south: float) -> Any:
    return shapely.box(west, south, west + 0.1, south + 0.1)


def test_points_are_located_in_outlines_of_the_holders_own() -> None:
    """In WKT or GeoJSON; what overlaps, is broken or is no outline is counted."""
    outlines = [
        {"nom": "a", "forme": _square(-0.4, 49).wkt},
        {"nom": "b", "forme": shapely.to_geojson(_square(-0.3, 49))},
        {"nom": "c", "forme": _square(-0.22, 49).wkt},
        {"nom": "d", "forme": "POLYGON((1 49, 1.1 49.1, 1.1 49, 1 49.1, 1 49))"},
        {"nom": "e", "forme": "POINT(1 1)"},
        {"nom": "f", "forme": None},
    ]
    points = _points((49.05, -0.35), (49.05, -0.3005), (49.05, -0.21), (49.05, 1.09), (48, 1))
    workbench = bench(table=points, outlines=outlines)
    zones = {"geometry": "forme", "label": "nom", "tolerance": 50}
    report = _run(workbench, outlines=zones)
    assert [row["zone"] for row in result_rows(workbench)] == ["a", "a", "b", "d", None]
    points_by_fate = {
        "placed": 4,
        "close": 1,
        "led": 0,
        "outside": 1,
        "outside_close": 0,
        "several": 1,
    }
    assert report["outlines"] == {**points_by_fate, "outlines_mended": 1, "outlines_unread": 2}
    sentence = report["warnings"][0]["told"]
    assert "1 point est à moins de 50 m d'une limite" in sentence
    assert sentence in report["summary"]


def test_long_limits_are_straight_in_degrees_as_they_are_drawn() -> None:
    """Along a parallel, 220 km long: straight in the plane it would lie 900 m to the north."""
    zone = {"nom": "a", "forme": shapely.box(-1, 48, 2, 49).wkt}
    workbench = bench(table=_points((49.004, 0.5), (48.996, 0.5)), outlines=[zone])
    _run(workbench, outlines={"geometry": "forme", "label": "nom", "name": "secteur"})
    assert [row["secteur"] for row in result_rows(workbench)] == [None, "a"]


def test_outlines_that_cannot_be_read_are_refused() -> None:
    """A column of names is none of shapes."""
    workbench = bench(table=_points(CAEN), outlines=[{"nom": "a"}])
    with pytest.raises(Rejected, match="aucun contour lisible"):
        _run(workbench, outlines={"geometry": "nom", "label": "nom"})
    with pytest.raises(Invalid, match="pas de colonne « geometry »") as refused:
        _run(workbench, outlines={"geometry": "geometry", "label": "nom"})
    assert refused.value.field == "outlines.geometry"


def test_nothing_that_can_be_read_is_refused() -> None:
    """Wrong columns must not make a table of empty ones."""
    with pytest.raises(Rejected, match="aucune position n'est lisible"):
        _run(bench(table=_points(("a", "b"))), areas=["commune"])
    with pytest.raises(Invalid, match="pas de colonne « z »") as refused:
        _run(bench(table=_points(CAEN)), position={"point": "z"}, areas=["commune"])
    assert refused.value.field == "position.point"


@pytest.mark.parametrize(
    "parameters",
    [
        {"position": {"latitude": "a"}, "areas": ["commune"]},
        {"position": {"point": "a", "x": "b", "y": "c"}, "areas": ["commune"]},
        {"position": _LATLON},
        {"position": _LATLON, "areas": ["commune"], "near": 5000},
    ],
)
def test_position_is_told_in_one_way_and_for_something(parameters: dict[str, Any]) -> None:
    """Half a position is none."""
    with pytest.raises(ValueError, match="validation error"):
        GeoParameters.model_validate(parameters)


def _effect(columns: Sequence[str], **parameters: Any) -> Any:
    defaults = {"position": _LATLON, **parameters}
    roles = {"table": "t", "places": "u", "outlines": "v"}
    step = Step(application="geo", inputs=roles, parameters=defaults, output="o")
    columns_by_table = dict.fromkeys(("places", "outlines"), ("nom", "p"))
    return effect_of(step, "steps.0", {"table": tuple(columns), **columns_by_table})


def test_effect_says_what_new_columns_are_made_of() -> None:
    """A commune tells a position, and the nearest place's name is the other table's."""
    near = {"position": {"point": "p"}, "label": "nom"}
    effect = _effect(("lat", "lon", "commune"), areas=["commune"], nearest=near)
    assert list(effect.columns)[3:] == ["commune_2", "commune_nom", "plus_proche", "plus_proche_m"]
    position = [Part(Source("table", column), "derived") for column in ("lat", "lon")]
    assert list(effect.columns["commune_2"].of) == position
    assert Part(Source("places", "nom")) in effect.columns["plus_proche"].of
    assert effect.columns["plus_proche_m"].unit == "m"
    assert Source("places", "p") in effect.reads


def test_effect_says_that_a_zone_is_the_outlines_own() -> None:
    """Who reads it learns of the outlines' column, and of where they run."""
    zones = {"geometry": "p", "label": "nom", "tolerance": 30}
    effect = _effect(("lat", "lon"), outlines=zones)
    assert Part(Source("outlines", "nom")) in effect.columns["zone"].of
    assert Source("outlines", "p") in effect.reads
    assert [naming.field for naming in effect.named][-2:] == ["outlines.geometry", "outlines.label"]


def test_request_without_outlines_is_the_same_as_before_there_were_any() -> None:
    """What owners granted then needs no other decision."""
    asked = GeoParameters.model_validate({"position": _LATLON, "areas": ["commune"]})
    assert "outlines" not in asked.model_dump_json()
