"""What is known of a file of geographic data before GDAL opens it.

A GeoPackage is looked at as the SQLite database that it is (OGC 12-128r18), KML and GPX as XML (OGC
12-007r2, KML 2.3; GPX 1.1 schema). XML that declares a document type, as no such file needs to, is
refused: what it declares may grow without end, or stand in other files.
"""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_DEEPEST = 200
_DRAWN = frozenset(("altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"))
"""What LIBKML tells of each placemark beside its data."""

_STYLES = ("Style", "StyleMap")
_PICTURES = ("GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Model")
_LINK = "NetworkLink"

_INDEX = re.compile(
    r'CREATE VIRTUAL TABLE\s+("([^"]|"")*"|\w+)\s+USING\s+rtree\s*\(.*', re.IGNORECASE | re.DOTALL
)
"""The only virtual table that the standard has: others read what their module likes."""

KIND, WKB = b"ARROW:extension:name", b"geoarrow.wkb"
"""How a column says that it holds geometries."""

_BATCH_BYTES, _MOST_ROWS = 1 << 23, 20_000
"""Of a file, how much is read at once: as text it takes several times as many."""


@dataclass(frozen=True)
class GeographicFile:
    """A file whose form was looked at; `layers` None for all that GDAL finds."""

    kind: str
    path: Path
    encoding: str
    recoded: str | None = None
    """The encoding by GDAL's name, where a file may have several."""

    title: str = ""
    """Of its only layer, where the file's own name is not to be seen any more."""

    layers: frozenset[str] | None = None
    drawn: frozenset[str] = frozenset()
    """Columns that say how features are drawn, and nothing of them."""

    has_schema: bool = True
    """Whether its columns are its maker's: else those that hold nothing are left out."""

    deleted: int = 0
    """Features that are still in the file, marked as deleted."""

    emptiness: str = "ce fichier ne contient aucun objet"
    """Why there is no table, where no layer has features."""


def rows_at_once(size: int, features: int) -> int:
    """Return how many features to read at a time, where all of them take `size` bytes."""
    bytes_per_row = size // max(1, features)
    return max(1, min(_MOST_ROWS, _BATCH_BYTES // max(1, bytes_per_row)))


def look_at_geopackage(path: Path, repairs: Repairs) -> GeographicFile:
    """Describe a GeoPackage; its layers are the tables that hold rows of their own.

    Views are left aside and named. Raises Rejected, in French, for a broken database, one that is
    no GeoPackage, and one with virtual tables.
    """
    place = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(place, uri=True)) as database:
            return _look_at_database(database, path, repairs)
    except sqlite3.Error as error:
        raise Rejected("ce GeoPackage est abîmé ou coupé") from error


def _look_at_database(database: sqlite3.Connection, path: Path, repairs: Repairs) -> GeographicFile:
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


def look_at_markup(path: Path, kind: str, repairs: Repairs) -> GeographicFile:
    """Describe a KML or GPX file, by `kind`.

    Raises Rejected, in French and naming the line, for XML that is broken, nested too deep or
    declares a document type.
    """
    markup = _Markup()
    markup.read(path)
    for code, names in (("styles", _STYLES), ("pictures", _PICTURES), ("links", (_LINK,))):
        parts = sum(markup.counts[name] for name in names) if kind == "kml" else 0
        repairs.note(code, count=parts)
    is_link = kind == "kml" and markup.counts[_LINK]
    return GeographicFile(
        kind,
        path,
        markup.encoding,
        drawn=_DRAWN if kind == "kml" else frozenset(),
        has_schema=False,
        emptiness="ce fichier KML ne fait que renvoyer à d'autres (NetworkLink), qui ne sont pas"
        " suivis : déposez-les eux-mêmes"
        if is_link
        else GeographicFile.emptiness,
    )


class _Markup:
    """Counts the elements of an XML document, by name without its prefix."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.encoding = "utf-8"
        self._depth = 0
        self._parser = parser = expat.ParserCreate()
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed

    def read(self, path: Path) -> None:
        """Count the elements of a file; raises Rejected for malformed XML."""
        try:
            with path.open("rb") as file:
                self._parser.ParseFile(file)
        except expat.ExpatError as error:
            raise Rejected(f"ligne {error.lineno} : ce XML est mal formé") from error

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = (encoding or self.encoding).lower()

    def _refuse(self, *_told: object) -> NoReturn:
        line = self._parser.CurrentLineNumber
        raise Rejected(
            f"ligne {line} : ce XML déclare un type de document (DOCTYPE), qui n'est pas lu ici :"
            " enlevez cette déclaration"
        )

    def _opened(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            line = self._parser.CurrentLineNumber
            raise Rejected(f"ligne {line} : plus de {_DEEPEST} éléments les uns dans les autres")
        self.counts[name.rpartition(":")[2]] += 1

    def _closed(self, _name: str) -> None:
        self._depth -= 1
