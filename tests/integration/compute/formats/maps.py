"""Files of geographic data for tests, written by GDAL."""

import io
import sqlite3
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio.raw
import shapely

from shared.engine.reading.columns.reference_files import read_reference

DRIVERS = {"shp": "ESRI Shapefile", "gpkg": "GPKG", "kml": "LIBKML", "gpx": "GPX"}
_LAMBERT = 2154


def communes(count: int) -> tuple[list[str], Any]:
    """The codes of some communes of Normandy, and their outlines in Lambert-93."""
    table = read_reference("borders.csv.gz").slice(0, count)
    return table["code"].to_pylist(), shapely.from_wkt(table["outline"].to_pylist())


def written(
    path: Path,
    columns: Mapping[str, Any],
    shapes: Any,
    *,
    system: str | None = f"EPSG:{_LAMBERT}",
    kind: str = "Unknown",
    encoding: str | None = None,
    layer: str | None = None,
) -> Path:
    """A file whose ending says the format: a layer is added to what is there already."""
    wkb = pa.array(shapely.to_wkb(np.asarray(shapes, dtype=object), flavor="iso"), pa.binary())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write_arrow(
            pa.table({**columns, "place": wkb}),
            path,
            driver=DRIVERS[path.suffix[1:]],
            geometry_name="place",
            geometry_type=kind,
            crs=system,
            encoding=encoding,
            layer=layer,
            append=path.exists(),
        )
    return path


def zipped(*paths: Path, folder: str = "carte", without: tuple[str, ...] = ()) -> bytes:
    """The parts of Shapefiles in a folder of a ZIP archive, all but those with some endings."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in paths:
            for part in sorted(path.parent.glob(f"{path.stem}.*")):
                if part.suffix not in without:
                    packed.write(part, f"{folder}/{part.name}")
    return buffer.getvalue()


def altered(path: Path, statement: str, *values: bytes) -> Path:
    """A GeoPackage after a statement of SQL, its triggers gone."""
    with closing(sqlite3.connect(path)) as database:
        relation = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in relation.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(statement, values)
        database.commit()
    return path


def kml(body: str, head: str = "") -> bytes:
    """A KML document with these elements in it."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}'
        '<kml xmlns="http://www.opengis.net/kml/2.2"'
        ' xmlns:gx="http://www.google.com/kml/ext/2.2">'
        f"<Document>{body}</Document></kml>"
    ).encode()


def placemark(
    name: str, shape: str = "<Point><coordinates>-0.37,49.18</coordinates></Point>"
) -> str:
    """One of these elements."""
    return f"<Placemark><name>{name}</name>{shape}</Placemark>"


def gpx(body: str, head: str = "") -> bytes:
    """A GPX document with these elements in it."""
    return (
        f'<?xml version="1.0"?>\n{head}<gpx version="1.1" creator="essai"'
        f' xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>'
    ).encode()
