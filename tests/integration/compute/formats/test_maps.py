"""Shapefile, GeoPackage, KML and GPX become tables with geometry, and what they lose is named."""

import json
import struct
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import pytest
import shapely
from pyarrow import parquet

from tests.integration.compute.formats.maps import (
    altered,
    communes,
    gpx,
    kml,
    placemark,
    written,
    zipped,
)
from tests.integration.compute.jobs import RunOutcome, ingest, step, treat
from tests.integration.compute.profiles import profile_of, repaired, table

TO_DEGREES = pyproj.Transformer.from_crs(2154, 4326, always_xy=True)
CAEN = shapely.Point(454_000, 6_903_000)
FRENCH = "Ébène à l'œil"


def taken(folder: Path, path: Path, *without: str) -> RunOutcome:
    """Take in a file that was written for a test; a Shapefile as an archive."""
    if path.suffix == ".shp":
        return ingest(folder / "job", zipped(path, without=without), "carte.zip")
    return ingest(folder / "job", path, path.name)


def cells(run: RunOutcome) -> dict[str, list[str | None]]:
    """The columns of what was made, None where a cell is empty."""
    columns: dict[str, list[str | None]] = parquet.read_table(
        run.output_path("table.parquet")
    ).to_pydict()
    return columns


def single(shape: Any) -> Any:
    """A polygon that is alone in its collection by itself: Shapefiles do not tell them apart."""
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape


@pytest.mark.parametrize("ending", ["shp", "gpkg"])
def test_every_cell_and_outline_comes_back(tmp_path: Path, ending: str) -> None:
    """Of 500 communes: text, whole and decimal numbers, days; corners to a millimetre or so."""
    codes, outlines = communes(500)
    columns = {
        "code": codes,
        "nom": [f"{FRENCH} {code}" for code in codes],
        "habitants": pa.array([None, *range(1, 500)], pa.int64()),
        "part": [at / 8 for at in range(500)],
        "le": [date(2024, 1, 1 + at % 28) for at in range(500)],
    }
    run = taken(tmp_path, written(tmp_path / f"communes.{ending}", columns, outlines))
    profile, read = profile_of(run), cells(run)
    assert (profile.format, profile.sheet, profile.rows) == (ending, "communes", 500)
    degrees = shapely.transform(outlines, lambda at: np.column_stack(TO_DEGREES.transform(*at.T)))
    placed = [map(single, shapes) for shapes in (shapely.from_wkt(read.pop("geometry")), degrees)]
    assert all(shapely.equals_exact(*map(list, placed), 2e-8))
    assert read == columns | {
        "habitants": [None, *map(str, range(1, 500))],
        "part": [f"{share:g}" for share in columns["part"]],
        "le": list(map(str, columns["le"])),
    }
    types = {column.name: column.type for column in profile.columns}
    assert types == {
        "code": "commune",
        "nom": "",
        "habitants": "integer",
        "part": "decimal",
        "le": "date",
        "geometry": "wkt",
    }
    message = next(repair.message for repair in profile.repairs if repair.code == "reprojected")
    assert message.endswith("RGF93 v1 / Lambert-93 (EPSG:2154)")


@pytest.mark.parametrize(
    ("cpg", "encoding", "text"),
    [
        ("UTF-8", "utf-8", FRENCH),
        ("1252", "cp1252", FRENCH),
        ("CP850", "cp850", "Ébène à Caen"),
        *((cpg, "cp1252", FRENCH) for cpg in ("", "klingon", "\x00\xff")),
    ],
)
def test_texts_are_read_as_cpg_says(tmp_path: Path, cpg: str, encoding: str, text: str) -> None:
    """By a name or a number; without a true one as Windows-1252 where they are no UTF-8."""
    path = written(tmp_path / "a.shp", {"nom": [text]}, [CAEN], encoding=encoding.upper())
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    run = taken(tmp_path, path)
    assert (profile_of(run).encoding, table(run)["nom"][0]) == (encoding, text)


def test_codes_that_were_numbers_are_offered_their_zeros(tmp_path: Path) -> None:
    """As in a CSV; codes that are text have them."""
    codes = [f"{code:05}" for code in (1001, 1002, 1004, 1005, 1006, 1007, 1008, 2001, 2002, 14118)]
    columns = {"code": codes, "insee": [int(code) for code in codes]}
    profile = profile_of(taken(tmp_path, written(tmp_path / "a.shp", columns, [CAEN] * 10)))
    types_by_column = {
        column.name: (column.type, column.meaning and column.meaning.repair)
        for column in profile.columns
    }
    assert (types_by_column["code"], types_by_column["insee"]) == (
        ("commune", None),
        ("commune", "leading_zero"),
    )


def test_what_a_shapefile_may_have_cut_is_named(tmp_path: Path) -> None:
    """Names of ten characters, and texts of 254."""
    columns = {"population_totale": [1], "texte": ["é" * 300]}
    run = taken(tmp_path, written(tmp_path / "a.shp", columns, [CAEN]))
    messages_by_code = {repair.code: repair.message for repair in profile_of(run).repairs}
    assert "(population)" in messages_by_code["cut_names"]
    assert "(texte)" in messages_by_code["cut_texts"]


@pytest.mark.parametrize("ending", [".dbf", ".shx"])
def test_shapefile_that_lacks_a_part_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    """Which one, so that its owner looks for it."""
    path = written(tmp_path / "routes.shp", {"a": [1]}, [CAEN])
    assert taken(tmp_path, path, ending).error == (
        f"le Shapefile routes.shp n'est pas entier : il manque routes{ending}"
    )
    alone = ingest(tmp_path / "alone", path, "routes.shp")
    assert "déposez l'archive ZIP qui contient le .shp, le .shx et le .dbf" in alone.error


def test_fullest_layer_is_read_and_the_others_named(tmp_path: Path) -> None:
    """Of several Shapefiles in an archive, as of the layers of a GeoPackage."""
    for name, rows in (("lieux", 1), ("routes", 3), ("vide", 0)):
        columns = {"a": pa.array(range(rows), pa.int64())}
        written(tmp_path / f"{name}.shp", columns, [CAEN] * rows, kind="Point")
        written(tmp_path / "tout.gpkg", columns, [CAEN] * rows, kind="Point", layer=name)
    shapes = zipped(*(tmp_path / f"{name}.shp" for name in ("lieux", "routes")))
    for run in (ingest(tmp_path / "a", shapes, "a.zip"), taken(tmp_path, tmp_path / "tout.gpkg")):
        assert (profile_of(run).sheet, profile_of(run).rows) == ("routes", 3)
        messages_by_code = {repair.code: repair.message for repair in profile_of(run).repairs}
        assert messages_by_code["other_layers"] == "couches laissées de côté : lieux"


def test_heights_of_points_are_a_column_and_others_are_told(tmp_path: Path) -> None:
    """Heights that are all zero, as programs write them, are none."""
    point = written(tmp_path / "p.gpkg", {"a": [1]}, [shapely.Point(454_000, 6_903_000, 12.5)])
    assert table(ingest(tmp_path / "a", point))["altitude"].tolist() == ["12.5"]
    lines = [shapely.LineString([(0, 0, 0), (1, 1, height)]) for height in (0, 3)]
    line = written(tmp_path / "l.gpkg", {"a": [1, 2]}, lines, system="EPSG:4326")
    run = ingest(tmp_path / "b", line)
    assert table(run)["geometry"][1] == "LINESTRING (0 0, 1 1)"
    assert repaired(run) == {"flattened": (1, None)}


def test_faults_of_geometries_are_counted_and_kept(tmp_path: Path) -> None:
    """A border that crosses itself, and a row without any."""
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    path = written(tmp_path / "a.gpkg", {"a": [1, 2]}, [bow, None], system="EPSG:4326")
    run = taken(tmp_path, path)
    assert repaired(run) == {"no_geometry": (1, None), "invalid_geometry": (1, None)}
    assert cells(run)["geometry"] == ["POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", None]


@pytest.mark.parametrize(
    ("system", "x", "y"), [("EPSG:27572", 401_000, 2_467_000), ("EPSG:32630", 691_000, 5_450_000)]
)
def test_other_systems_are_converted(tmp_path: Path, system: str, x: float, y: float) -> None:
    """NTF, a CC zone and UTM, as PROJ does it."""
    path = written(tmp_path / "a.shp", {"a": [1]}, [shapely.Point(x, y)], system=system)
    run = taken(tmp_path, path)
    expected = pyproj.Transformer.from_crs(system, 4326, always_xy=True).transform(x, y)
    position = [float(table(run)[name][0]) for name in ("longitude", "latitude")]
    assert position == pytest.approx(expected, abs=1e-8)
    assert system.removeprefix("EPSG:") in profile_of(run).repairs[1].message


@pytest.mark.parametrize("system", [None, "EPSG:4326"])
def test_coordinates_of_no_true_system_are_left_and_told(
    tmp_path: Path, system: str | None
) -> None:
    """Metres that are told to be degrees, too."""
    run = taken(tmp_path, written(tmp_path / "a.shp", {"a": [1]}, [CAEN], system=system))
    assert table(run)["geometry"].tolist() == ["POINT (454000 6903000)"]
    assert "longitude" not in table(run)
    assert "unknown_reference" in repaired(run)


def test_curves_become_straight_lines_and_are_told(tmp_path: Path) -> None:
    """A quarter of a circle in a GeoPackage."""
    path = written(tmp_path / "a.gpkg", {"a": [1]}, [CAEN], kind="Unknown", layer="arcs")
    arc = struct.pack("<2sBBi BII 6d", b"GP", 0, 1, 2154, 1, 8, 3, 0, 0, 1, 1, 2, 0)
    altered(path, "UPDATE arcs SET geom = ?", arc)
    run = taken(tmp_path, path)
    assert repaired(run)["straight_curves"] == (1, None)
    assert len(shapely.from_wkt(table(run)["geometry"][0]).coords) > 10


def test_geopackage_keeps_own_keys_and_names_bytes(tmp_path: Path) -> None:
    """A key that its maker named is a column; pictures are left out."""
    columns = {"nom": ["a"], "photo": pa.array([b"\xff\xd8"], pa.binary())}
    path = written(tmp_path / "a.gpkg", columns, [CAEN], layer="lieux")
    run = taken(tmp_path, path)
    assert list(table(run)) == ["nom", "longitude", "latitude", "geometry"]
    assert "binary_fields" in repaired(run)


def test_kml_has_its_data_and_not_its_drawing(tmp_path: Path) -> None:
    """Styles, pictures and links are counted; columns that nobody filled are left out."""
    data = "<ExtendedData><Data name='code'><value>01001</value></Data></ExtendedData>"
    body = (
        "<Style id='s'/><Style id='t'/><ScreenOverlay/><NetworkLink/>"
        + placemark("Départ", data + "<Point><coordinates>-0.37,49.18,0</coordinates></Point>")
        + placemark("Arrivée")
    )
    run = ingest(tmp_path / "job", kml(body), "a.kml")
    assert {name: values[0] for name, values in cells(run).items()} == {
        "Name": "Départ",
        "code": "01001",
        "longitude": "-0.37",
        "latitude": "49.18",
        "geometry": "POINT (-0.37 49.18)",
    }
    assert {code: count for code, (count, _) in repaired(run).items()} == {
        "styles": 2,
        "pictures": 1,
        "links": 1,
    }


def test_kmz_is_its_main_document(tmp_path: Path) -> None:
    """Pictures beside it are named, and so is that it was packed."""
    (tmp_path / "doc.kml").write_bytes(kml(placemark("a")))
    (tmp_path / "b.kml").write_bytes(kml(""))
    packed = zipped(tmp_path / "doc.kml", tmp_path / "b.kml", folder=".")
    run = ingest(tmp_path / "job", packed, "a.kmz")
    assert (profile_of(run).format, profile_of(run).rows) == ("kml", 1)
    assert repaired(run).keys() == {"archive", "other_files"}


def test_gpx_gives_the_points_of_its_track(tmp_path: Path) -> None:
    """With their times in UTC and heights; the way points are named."""
    points = "".join(
        f"<trkpt lat='49.1{at}' lon='-0.3'><ele>{at}.5</ele>"
        f"<time>2024-05-01T10:00:0{at}Z</time></trkpt>"
        for at in range(3)
    )
    body = f"<wpt lat='49' lon='0'/><trk><trkseg>{points}</trkseg></trk>"
    run = ingest(tmp_path / "job", gpx(body), "a.gpx")
    assert (profile_of(run).format, profile_of(run).sheet) == ("gpx", "track_points")
    assert table(run)["time"].tolist() == [f"2024-05-01T10:00:0{at}Z" for at in range(3)]
    assert table(run)["ele"].tolist() == ["0.5", "1.5", "2.5"]
    assert table(run)["latitude"].tolist() == ["49.1", "49.11", "49.12"]
    assert "waypoints" in profile_of(run).repairs[0].message


def test_deleted_rows_of_a_shapefile_are_gone(tmp_path: Path) -> None:
    """A sign before them marks them."""
    path = written(tmp_path / "a.shp", {"a": [1, 2, 3]}, [CAEN] * 3)
    content = bytearray(path.with_suffix(".dbf").read_bytes())
    begin, width = (int.from_bytes(content[at : at + 2], "little") for at in (8, 10))
    content[begin + width] = ord("*")
    path.with_suffix(".dbf").write_bytes(content)
    assert table(taken(tmp_path, path))["a"].tolist() == ["1", "3"]


@pytest.mark.parametrize("ending", ["gpkg", "gpx"])
def test_places_of_persons_are_found(tmp_path: Path, ending: str) -> None:
    """Where members live, and where a device was when: by the geometry as by its coordinates."""
    if ending == "gpx":
        track = "".join(
            f"<trkpt lat='49.{at}' lon='-0.3'><time>2024-05-01T10:{at}:00Z</time></trkpt>"
            for at in range(10, 60)
        )
        run = ingest(tmp_path / "job", gpx(f"<trk><trkseg>{track}</trkseg></trk>"), "a.gpx")
    else:
        columns = {
            "nom": ["Martin", "Durand", "Petit", "Moreau"] * 10,
            "prenom": ["Marie", "Jean", "Lucie", "Paul"] * 10,
        }
        homes = [shapely.Point(450_000 + 100 * at, 6_900_000) for at in range(40)]
        run = ingest(tmp_path / "job", written(tmp_path / "a.gpkg", columns, homes), "a.gpkg")
    privacy = profile_of(run).privacy
    assert privacy is not None
    assert privacy.verdict != "none"
    kinds_by_column = {finding.column: finding.kind for finding in privacy.findings}
    assert kinds_by_column.get("geometry") == kinds_by_column.get("longitude") == "place"


def geoparquet(folder: Path, shapes: Any, crs: Any = None, **columns: Any) -> Path:
    """A GeoParquet file; `crs` as its metadata have it, or nothing of one where it is None."""
    place = {"encoding": "WKB", "geometry_types": []} | ({} if crs is None else {"crs": crs})
    fields = {"version": "1.1.0", "primary_column": "place", "columns": {"place": place}}
    wkb = pa.array(shapely.to_wkb(np.asarray(shapes, dtype=object)), pa.binary())
    map_table = pa.table({**columns, "place": wkb}).replace_schema_metadata(
        {"geo": json.dumps(fields)}
    )
    parquet.write_table(map_table, folder / "carte.parquet")
    return folder / "carte.parquet"


def test_geoparquet_is_a_table_with_geometry(tmp_path: Path) -> None:
    """Outlines of another system are converted by what its metadata say; attributes are text."""
    codes, outlines = communes(50)
    lambert = pyproj.CRS.from_epsg(2154).to_json_dict()
    path = geoparquet(tmp_path, outlines, lambert, code=codes, habitants=list(range(50)))
    run = taken(tmp_path, path)
    profile = profile_of(run)
    assert (profile.format, profile.sheet, profile.rows) == ("geoparquet", None, 50)
    assert [column.name for column in profile.columns] == ["code", "habitants", "geometry"]
    assert cells(run)["code"] == codes
    assert cells(run)["habitants"][49] == "49"
    assert "reprojected" in repaired(run)
    moved = shapely.from_wkt(cells(run)["geometry"])
    expected = shapely.transform(
        outlines, lambda at: np.column_stack(TO_DEGREES.transform(at[:, 0], at[:, 1]))
    )
    assert shapely.hausdorff_distance(moved, expected).max() < 1e-7


@pytest.mark.parametrize("crs", [None, {"id": {"authority": "OGC", "code": "CRS84"}}])
def test_points_of_geoparquet_are_degrees_where_no_other_system_is_told(
    tmp_path: Path, crs: Any
) -> None:
    """Longitude first, whatever the system says of its axes; empty ones are told."""
    shapes = [shapely.Point(-0.37, 49.18), None, shapely.Point(1.09, 49.44)]
    run = taken(tmp_path, geoparquet(tmp_path, shapes, crs, nom=["Caen", "?", "Rouen"]))
    assert cells(run)["longitude"] == ["-0.37", None, "1.09"]
    assert cells(run)["latitude"] == ["49.18", None, "49.44"]
    assert repaired(run).keys() == {"no_geometry"}


def test_bytes_that_are_wkb_are_geometries_though_no_metadata_say_so(tmp_path: Path) -> None:
    """Their system is not told, and the numbers stay: points are located in such outlines."""
    codes, outlines = communes(3)
    degrees = shapely.transform(outlines, lambda at: np.column_stack(TO_DEGREES.transform(*at.T)))
    wkb = pa.array([*shapely.to_wkb(degrees), None], pa.large_binary())
    path = tmp_path / "contours.parquet"
    parquet.write_table(pa.table({"code": [*codes, "x"], "contour": wkb}), path)
    run = taken(tmp_path, path)
    assert (profile_of(run).format, cells(run)["code"]) == ("geoparquet", [*codes, "x"])
    kept = shapely.from_wkt(cells(run)["geometry"][:3])
    assert shapely.hausdorff_distance(kept, degrees).max() < 1e-12
    assert repaired(run).keys() == {"unknown_reference", "no_geometry"}
    points = shapely.get_coordinates(shapely.point_on_surface(degrees)).tolist()
    rows = "".join(f"{lon};{lat}\n" for lon, lat in points).encode()
    done = treat(
        tmp_path / "place",
        {"t": b"lon;lat\n" + rows, "o": path},
        step(
            "geo",
            {"table": "t", "outlines": "o"},
            "located",
            position={"latitude": "lat", "longitude": "lon"},
            outlines={"label": "code"},
        ),
    )
    assert pd.read_parquet(done.output_path("result.parquet"))["zone"].tolist() == codes


def test_parquet_that_tells_of_no_geometry_in_wkb_is_read_as_before(tmp_path: Path) -> None:
    """Bytes of which nobody says what they are stay refused."""
    bare = pa.table({"nom": ["Caen"], "place": pa.array([b"x"], pa.binary())})
    path = tmp_path / "a.parquet"
    for metadata in ({}, {"geo": "{"}):
        parquet.write_table(bare.replace_schema_metadata(metadata), path)
        number = len(list(tmp_path.iterdir()))
        assert "« place » : le type BLOB" in ingest(tmp_path / str(number), path, path.name).error
