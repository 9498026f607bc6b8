"""Maps that were made to do harm: refused with a sentence, or read as the harmless rest of them."""

import struct
from collections.abc import Callable
from pathlib import Path

import pyogrio
import pytest
import shapely

from shared.engine.reading.formats.vector.gdal import DRIVERS
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
from tests.integration.compute.formats.maps import altered, gpx, kml, placemark, written, zipped
from tests.integration.compute.jobs import ingest, packed, prepare
from tests.integration.compute.profiles import profile_of, repaired, table

CAEN = shapely.Point(454_000, 6_903_000)
UNTRUE = 1_000_000
"""What a header says of how much there is."""

VRT = b"""<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource>
</OGRVRTLayer></OGRVRTDataSource>"""
ENTITIES = (
    "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(
        f"<!ENTITY {name} '{f'&{before};' * 10}'>"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
OUTSIDE = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"


def shapefile(folder: Path) -> dict[str, bytes]:
    """The parts of a Shapefile of one point, by name."""
    written(folder / "a.shp", {"nom": ["Caen"]}, [CAEN])
    return {part.name: part.read_bytes() for part in folder.glob("a.*")}


def test_gdal_has_the_four_drivers_alone(tmp_path: Path) -> None:
    """None that opens other files, or asks networks."""
    ingest(tmp_path, kml(placemark("a")), "a.kml")
    assert set(pyogrio.list_drivers()) == set(DRIVERS.values())


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (
            gpx("<wpt lat='1' lon='1'><name>&i;</name></wpt>", ENTITIES),
            "a.gpx",
            "ligne 2 : ce XML déclare un type",
        ),
        (
            gpx("<wpt lat='1' lon='1'><name>&a;</name></wpt>", OUTSIDE),
            "a.gpx",
            "ligne 2 : ce XML déclare un type",
        ),
        (kml(placemark("&a;"), OUTSIDE), "a.kml", "ligne 2 : ce XML déclare un type"),
        (
            kml("<Folder>" * 100_000 + "</Folder>" * 100_000),
            "a.kml",
            "ligne 2 : plus de 200 éléments",
        ),
        (kml(placemark("a"))[:-30], "a.kml", "ce XML est mal formé"),
        (
            kml("<NetworkLink><Link><href>file:///etc/passwd</href></Link></NetworkLink>"),
            "a.kml",
            "NetworkLink",
        ),
        (
            kml("<NetworkLink><Link><href>http://127.0.0.1/</href></Link></NetworkLink>"),
            "a.kml",
            "NetworkLink",
        ),
        (kml(""), "a.kml", "ne contient aucun objet"),
        (gpx(""), "a.gpx", "ne contient aucun objet"),
        (VRT, "a.vrt", "du HTML ou du XML"),
        (packed({"a.vrt": VRT}), "a.zip", "du HTML ou du XML"),
        (b"SQLite format 3\x00" + b"\xff" * 4096, "a.gpkg", "abîmé ou coupé"),
        (b"\x00\x00\x27\x0a" + bytes(200), "a.shp", "un Shapefile est fait de plusieurs fichiers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_hostile_text_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, name: str, reason: str
) -> None:
    """In French, and before GDAL has it."""
    assert reason in ingest(tmp_path, content, name).error


def test_links_are_not_followed_where_there_are_rows(tmp_path: Path) -> None:
    """Nor styles of other files: nothing of them is in the table."""
    secret = tmp_path / "secret.kml"
    secret.write_bytes(kml("<Style id='s'><IconStyle/></Style>" + placemark("SECRET")))
    link = f"<NetworkLink><Link><href>file://{secret}</href></Link></NetworkLink>"
    row = placemark(
        "a", f"<styleUrl>file://{secret}#s</styleUrl><Point><coordinates>1,2</coordinates></Point>"
    )
    run = ingest(tmp_path / "job", kml(link + row), "a.kml")
    assert table(run)["Name"].tolist() == ["a"]
    assert repaired(run)["links"] == (1, None)


@pytest.mark.parametrize(
    ("part", "change", "reason"),
    [
        (
            ".dbf",
            lambda old: old[:4] + struct.pack("<I", UNTRUE) + old[8:],
            "annonce 1000000 lignes et en contient 1",
        ),
        (".dbf", lambda old: old[:20], "annonce 1 lignes et en contient 0"),
        (".dbf", lambda _: b"", "annonce 0 lignes et en contient 0"),
        (".shx", lambda old: old[:100], "0 formes (.shx) et 1 lignes (.dbf)"),
        (".shx", lambda old: old + old[-8:] * 9, "il est coupé"),
        (".shx", lambda old: old[:100] + struct.pack(">ii", 1 << 30, 10), "il est coupé"),
        (".shp", lambda _: VRT, "du HTML ou du XML"),
        (".shp", lambda old: old[:60], "il est coupé"),
        (".shp", lambda old: old + bytes(120_000_000), "est plus de 500 fois plus grand"),
        (".prj", lambda _: b"PROJCS[" * 5000, "ce Shapefile est abîmé"),
    ],
    ids=range(10),
)
def test_lying_shapefile_is_refused(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes], reason: str
) -> None:
    """More rows than there are, forms beyond the end, something else under its name, a bomb."""
    files = shapefile(tmp_path)
    name = f"a{part}"
    run = ingest(tmp_path / "job", packed(files | {name: change(files[name])}), "a.zip")
    assert reason in run.error


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 50, b"file:///etc/passwd", b"/vsicurl/http://127.0.0.1/", b"+init=x"]
)
def test_odd_system_is_none(tmp_path: Path, content: bytes) -> None:
    """Coordinates stay, and that is told."""
    files = shapefile(tmp_path) | {"a.prj": content}
    run = ingest(tmp_path / "job", packed(files), "a.zip")
    assert table(run)["geometry"].tolist() == ["POINT (454000 6903000)"]
    assert "unknown_reference" in repaired(run)


def test_shapes_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """An index may name one large shape a thousand times."""
    path = written(tmp_path / "a.shp", {"a": list(range(1000))}, [CAEN] * 1000)
    index = path.with_suffix(".shx").read_bytes()
    first = struct.pack(">ii", 50, 14000)
    path.with_suffix(".shx").write_bytes(index[:100] + first * 1000)
    assert "il est coupé" in ingest(tmp_path / "job", zipped(path), "a.zip").error


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    """Files are written under names of ours."""
    files = {f"../../{name}": content for name, content in shapefile(tmp_path).items()}
    run = ingest(tmp_path / "deep" / "job", packed(files), "a.zip")
    assert profile_of(run).rows == 1
    assert not list((tmp_path / "deep").glob("a.*"))


def test_encrypted_part_is_told(tmp_path: Path) -> None:
    """One of them is enough."""
    content = bytearray(packed(shapefile(tmp_path)))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + at] |= 1
    assert "mot de passe" in ingest(tmp_path / "job", bytes(content), "a.zip").error


def test_views_of_a_geopackage_are_not_read(tmp_path: Path) -> None:
    """They may compute without end, or read what the file has besides."""
    path = written(tmp_path / "a.gpkg", {"a": [1]}, [CAEN], layer="vraie")
    altered(
        path,
        "CREATE VIEW vue AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS fid FROM n",
    )
    altered(
        path,
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
        " VALUES ('vue', 'attributes', 'vue', 2154)",
    )
    run = ingest(tmp_path / "job", path, "a.gpkg")
    assert (profile_of(run).sheet, profile_of(run).rows) == ("vraie", 1)
    assert repaired(run)["views"] == (1, None)


def test_virtual_tables_are_refused(tmp_path: Path) -> None:
    """Whatever their name says: a module reads what it likes."""
    path = written(tmp_path / "a.gpkg", {"a": [1]}, [CAEN])
    altered(path, 'CREATE VIRTUAL TABLE "x USING rtree(" USING fts4(a)')
    assert "une table virtuelle n'est pas lue ici" in ingest(tmp_path / "job", path, "a.gpkg").error


def test_other_database_is_no_map(tmp_path: Path) -> None:
    """Of any program's own."""
    path = written(tmp_path / "a.gpkg", {"a": [1]}, [CAEN])
    altered(path, "DROP TABLE gpkg_contents")
    assert ingest(tmp_path / "job", path, "a.gpkg").error == (
        "ce fichier est une base SQLite, pas un tableau"
    )


@pytest.mark.parametrize("at", [30, 100, 500, 3000, 9000, 20_000, 60_000])
def test_damaged_geopackage_ends_with_a_sentence(tmp_path: Path, at: int) -> None:
    """Wherever it is damaged: a table, or a refusal in French."""
    content = bytearray(written(tmp_path / "a.gpkg", {"a": [1]}, [CAEN]).read_bytes())
    content[at : at + 64] = b"\xff" * 64
    run = ingest(tmp_path / "job", bytes(content), "a.gpkg")
    assert "Error" not in run.error


def test_maps_are_read_in_the_sandbox(tmp_path: Path) -> None:
    """With its few files, without a network."""
    path = written(tmp_path / "a.shp", {"nom": ["Caen"]}, [CAEN])
    folder = tmp_path / "job"
    prepare(folder, {"kind": "ingest", "filename": "a.zip"}, {"source": zipped(path)})
    limits = Limits(seconds=100, memory_bytes=1_000_000_000)
    done = Sandbox(limits).run(folder, lambda _: None, lambda: False)
    assert done.ok, done.reason
