"""Reads the table in a file, recognised by how it begins; its name only tells what was meant."""

import codecs
import re
import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path

from shared.engine.reading.formats.delimited import read_text
from shared.engine.reading.formats.table import Table
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_START = 4096
_OLE, _ZIP, _PARQUET = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"PAR1"
_MAPS = ((b"\x00\x00\x27\x0a", "shp"), (b"SQLite format 3\x00", "gpkg"))
_VECTOR = ("shp", "gpkg", "kml", "gpx")
_MARKUP = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z]\w*)[\s>]")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_OTHERS = (
    (b"%PDF", "un document PDF"),
    (b"PK\x05\x06", "une archive ZIP vide"),
    (b"7z\xbc\xaf", "une archive 7z"),
    (b"\x28\xb5\x2f\xfd", "un fichier compressé par Zstandard"),
    (b"BZh", "un fichier compressé par bzip2"),
    (b"Rar!", "une archive RAR"),
    (b"{\\rtf", "un document RTF"),
)
_BINARIES = (
    ((b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"), "un programme"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "une image"),
    (b"ID3", "un son"),
)
"""Some are what a text may begin with: but a text has no zero behind."""

_WORD = "WordDocument".encode("utf-16-le")
"""The stream in which Word keeps a text ([MS-DOC], 2.1.1)."""

_TEXTS = {"word/": "un document Word", "ppt/": "une présentation", "visio/": "un dessin"}
_OPEN_DOCUMENTS = {
    b"application/vnd.oasis.opendocument.text": "un document texte (ODT)",
    b"application/vnd.oasis.opendocument.presentation": "une présentation",
    b"application/vnd.oasis.opendocument.graphics": "un dessin",
    b"application/epub+zip": "un livre (EPUB)",
}
_SECTION = re.compile(rb"\[[\w .:-]*[A-Za-z_][\w .:-]*\]\s*[\r\n]")
"""How settings begin: JSON has words in quotes, and no list ends after one that has none."""

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_table(source: Path, filename: str, repairs: Repairs, sheet: str = "") -> Table | None:
    """Read the table in a file; None for Parquet without geometries, which needs no reading.

    `sheet` is the one to read of a workbook; that another file has none is noted. Raises Rejected,
    in French, for what is no table.
    """
    name = _format(source, filename)
    # Most files are text, and what reads others takes a while to load.
    if name in ("xlsx", "xls", "ods"):
        from shared.engine.reading.formats.spreadsheet import read_workbook  # noqa: PLC0415

        return read_workbook(source, name, repairs, sheet)
    repairs.note_each("no_sheets", [sheet] if sheet else [])
    if name == "json":
        from shared.engine.reading.formats.json_records import read_records  # noqa: PLC0415

        return read_records(source, repairs)
    if name in _VECTOR:
        from shared.engine.reading.formats.vector.layer import read_layer  # noqa: PLC0415

        return read_layer(source, name, filename, repairs)
    if name == "parquet":
        return _geoparquet(source, repairs)
    return read_text(source, repairs)


def _geoparquet(source: Path, repairs: Repairs) -> Table | None:
    from shared.engine.reading.formats.vector.geoparquet import look_at_geoparquet  # noqa: PLC0415

    if (geographic_file := look_at_geoparquet(source)) is None:
        return None
    from shared.engine.reading.formats.vector.layer import read_geoparquet  # noqa: PLC0415

    return read_geoparquet(geographic_file, repairs)


def _format(source: Path, filename: str) -> str:
    """Return the format: parquet, xlsx, xls, ods, shp, gpkg, kml, gpx, json or text."""
    with source.open("rb") as file:
        start = file.read(_START)
    if not start:
        raise Rejected("le fichier est vide")
    if start.startswith(_PARQUET):
        return "parquet"
    if filename.lower().endswith((".parquet", ".pq")):
        raise Rejected("ce fichier n'est pas du Parquet")
    if start.startswith(_ZIP):
        return _workbook(source)
    if vector := next((name for magic, name in _MAPS if start.startswith(magic)), ""):
        return vector
    if start.startswith(_OLE):
        with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            if content.find(_WORD) >= 0:
                raise Rejected("ce fichier est un document Word, pas un tableau")
        return "xls"
    for magic, what in (*_OTHERS, *(_BINARIES if b"\x00" in start else ())):
        if start.startswith(magic):
            raise Rejected(f"ce fichier est {what}, pas un tableau")
    return _of_text(start)


def _workbook(source: Path) -> str:
    try:
        with zipfile.ZipFile(source) as archive:
            if other := _document(archive):
                raise Rejected(f"ce fichier est {other}, pas un tableau")
            return "ods" if "content.xml" in archive.namelist() else "xlsx"
    except zipfile.BadZipFile as error:
        raise Rejected("ce classeur est abîmé ou coupé") from error


def _document(archive: zipfile.ZipFile) -> str:
    """Return what an office file other than a workbook is, by its declared type or folders."""
    names = archive.namelist()
    if "mimetype" in names:
        return _OPEN_DOCUMENTS.get(archive.read("mimetype")[:100].strip(), "")
    return next(
        (kind for name in names for start, kind in _TEXTS.items() if name.startswith(start)), ""
    )


def _of_text(start: bytes) -> str:
    for mark in _MARKS:
        start = start.removeprefix(mark)
    visible = start.replace(b"\x00", b"").lstrip()
    if visible.startswith(b"<?php"):
        raise Rejected("ce fichier ressemble à un programme, pas à un tableau")
    if visible.startswith(b"<"):
        element = _MARKUP.search(_COMMENT.sub(b"", visible))
        name = element[1].decode() if element else ""
        if name in ("kml", "gpx"):
            return name
        raise Rejected("ce fichier est du HTML ou du XML, pas un tableau")
    is_json = visible.startswith((b"{", b"[")) and not _SECTION.match(visible)
    return "json" if is_json else "text"
