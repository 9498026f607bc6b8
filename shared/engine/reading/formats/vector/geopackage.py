"""Looks at a GeoPackage as the SQLite database that it is, before GDAL does (OGC 12-128r18)."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from shared.engine.reading.formats.vector.source import GeographicFile
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_INDEX = re.compile(
    r'CREATE VIRTUAL TABLE\s+("([^"]|"")*"|\w+)\s+USING\s+rtree\s*\(.*', re.IGNORECASE | re.DOTALL
)
"""The only virtual table that the standard has: others read what their module likes."""


def look_at_geopackage(path: Path, repairs: Repairs) -> GeographicFile:
    """Describe a GeoPackage; its layers are the tables that hold rows of their own.

    Views are left aside and named. Raises Rejected, in French, for a broken database, one that is
    no GeoPackage, and one with virtual tables.
    """
    place = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(place, uri=True)) as database:
            return _look(database, path, repairs)
    except sqlite3.Error as error:
        raise Rejected("ce GeoPackage est abîmé ou coupé") from error


def _look(database: sqlite3.Connection, path: Path, repairs: Repairs) -> GeographicFile:
    objects = database.execute("SELECT name, type, rootpage, sql FROM sqlite_master").fetchall()
    tables = {name: sql for name, kind, _, sql in objects if kind == "table"}
    if "gpkg_contents" not in tables:
        raise Rejected("ce fichier est une base SQLite, pas un tableau")
    for name, kind, page, sql in objects:
        if kind == "table" and not page and not _INDEX.fullmatch(sql):
            raise Rejected(f"table « {name} » : une table virtuelle n'est pas lue ici")
    listed = database.execute("SELECT table_name FROM gpkg_contents WHERE data_type <> 'tiles'")
    names = [str(name) for (name,) in listed]
    views = {name for name, kind, *_ in objects if kind == "view"}.intersection(names)
    repairs.note_each("views", sorted(views))
    return GeographicFile("gpkg", path, "binary", layers=frozenset(names) & frozenset(tables))
