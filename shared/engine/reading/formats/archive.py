"""Takes a file out of its compression: gzip, xz, or a ZIP archive that holds one table or map."""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO

from shared.engine.reading.formats.vector.shapefile import NEEDED, PARTS
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected
from shared.language.french import grouped

UNPACKED_BYTES = 1_000_000_000
"""What a file may hold once decompressed: a bomb ends here."""

MOST_LINES = 50_000_000
"""Lines of what is decompressed: shorter ones than 20 bytes hold little that is worth the work."""

MOST_TIMES = 500
"""How many times its own size a file may hold: tables shrink to a tenth, sparse ones to a 200th."""

_FREE_BYTES = 100_000_000
"""However small it was, so much is read before that is asked."""

_CHUNK = 1 << 20
_LAYERS = 2
_COMPRESSED = ((b"\x1f\x8b", ".gz", gzip.open), (b"\xfd7zXZ\x00", ".xz", lzma.open))
_ZIP = b"PK\x03\x04"
_START = 6
_SHP, _SHAPES = ".shp", "layer.shp"
_TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".geojson", ".parquet")
MAPS = (".shp", ".gpkg", ".kml", ".kmz", ".gpx")
_KML, _MAIN_KML = ".kml", "doc.kml"
_BOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".gz", ".xz")
_ENCRYPTED = 0x1
_NAMED = 10


def unpack(source: Path, filename: str, folder: Path, repairs: Repairs) -> tuple[Path, str]:
    """Write the file inside `source` below `folder`; returns it and its name, or a plain `source`.

    A workbook is a ZIP archive too, and stays as it is. Raises Rejected, in French, for an archive
    that is broken, encrypted, too deep, or holds no table, several, or too much.
    """
    for layer in range(_LAYERS + 1):
        inner = folder / f"unpacked-{layer}"
        name = _unpack_once(source, filename, inner, repairs)
        if name is None:
            return source, filename
        repairs.note("archive", detail=name)
        source, filename = inner / _SHAPES if inner.is_dir() else inner, name
    raise Rejected("l'archive contient une archive qui en contient une autre")


def _unpack_once(source: Path, filename: str, inner: Path, repairs: Repairs) -> str | None:
    """Write what `source` holds to `inner`; returns its name, None when it is no archive."""
    with source.open("rb") as file:
        start = file.read(_START)
    with explained():
        for magic, ending, opened in _COMPRESSED:
            if start.startswith(magic):
                with opened(source) as packed:
                    _write(packed, source.stat().st_size, inner)
                return filename[: -len(ending)] if filename.lower().endswith(ending) else filename
        if not start.startswith(_ZIP):
            return None
        with zipfile.ZipFile(source) as archive:
            if _is_workbook(archive):
                return None
            return _unpack_table(archive, inner, repairs)


def _unpack_table(archive: zipfile.ZipFile, inner: Path, repairs: Repairs) -> str:
    """Write the one table of an archive to `inner`, a folder for a Shapefile; returns its name."""
    files = [member for member in archive.infolist() if is_a_file(member)]
    table = _table_in(files, repairs)
    parts = _parts(files, table)
    for part in parts.values():
        check_is_open(part)
    others = [member.filename for member in files if member not in parts.values()]
    repairs.note_each("other_files", others)
    if table.filename.lower().endswith(_SHP):
        inner.mkdir()
    written = 0
    for ending, member in parts.items():
        place = (inner / _SHAPES).with_suffix(ending) if inner.is_dir() else inner
        with archive.open(member) as packed:
            written += _write(packed, member.compress_size, place, written)
    return PurePosixPath(table.filename).name


def _write(packed: IO[bytes] | BufferedIOBase, size: int, inner: Path, before: int = 0) -> int:
    """Write the unpacked bytes, as long as they can be a table's; returns how many there are.

    `before` bytes of the same table came out already.
    """
    written = lines = 0
    with inner.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            lines += chunk.count(b"\n")
            check_size(written, lines, size, before)
            file.write(chunk)
    return written


def check_size(written: int, lines: int, size: int, before: int = 0) -> None:
    """Raise Rejected, in French, where so many bytes and lines come out of `size` bytes."""
    if before + written > UNPACKED_BYTES:
        excess = f"dépasse {UNPACKED_BYTES // 10**6} Mo"
    elif lines > MOST_LINES:
        excess = f"dépasse {MOST_LINES // 10**6} millions de lignes"
    elif written > max(_FREE_BYTES, size * MOST_TIMES):
        excess = (
            f"est plus de {MOST_TIMES} fois plus grand ({grouped(size)} octets en donnent plus de"
            f" {written // 10**6} millions) : ce ne sont pas des données, mais une répétition"
        )
    else:
        return
    raise Rejected(f"une fois décompressé, le fichier {excess}")


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    names = archive.namelist()
    return "[Content_Types].xml" in names or "content.xml" in names


def _table_in(files: list[zipfile.ZipInfo], repairs: Repairs) -> zipfile.ZipInfo:
    """Return the archive's only table; of several Shapefiles, the one with the most rows."""
    endings_of_tables = (*_TABLES, *MAPS, *_BOOKS)
    tables = [member for member in files if member.filename.lower().endswith(endings_of_tables)]
    # Beside a table, a text is mostly what tells about it.
    tables_without_texts = [
        member for member in tables if not member.filename.lower().endswith(".txt")
    ]
    candidates = tables_without_texts or tables or files
    endings = {PurePosixPath(member.filename.lower()).suffix for member in candidates}
    if endings == {_SHP}:
        return _fullest(files, candidates, repairs)
    if endings == {_KML}:  # what KMZ has beside the first is for it to refer to
        candidates = [member for member in candidates if member.filename == _MAIN_KML] or candidates
    if len(candidates) != 1:
        names = ", ".join(member.filename for member in candidates[:_NAMED]) or "aucun"
        raise Rejected(f"l'archive doit contenir un seul tableau ; ses fichiers : {names}")
    return candidates[0]


def _fullest(
    files: list[zipfile.ZipInfo], shapefiles: list[zipfile.ZipInfo], repairs: Repairs
) -> zipfile.ZipInfo:
    """Return the Shapefile with the longest index, which has one entry for each row."""

    def rows(member: zipfile.ZipInfo) -> int:
        index = _beside(files, member).get(".shx")
        return index.file_size if index else 0

    best = max(shapefiles, key=rows)
    others = [
        PurePosixPath(shapefile.filename).stem for shapefile in shapefiles if shapefile is not best
    ]
    repairs.note_each("other_layers", others)
    return best


def _parts(files: list[zipfile.ZipInfo], table: zipfile.ZipInfo) -> dict[str, zipfile.ZipInfo]:
    """Return the files of a table by ending: itself, or all parts of a Shapefile.

    Raises Rejected, in French, naming what a Shapefile lacks.
    """
    path = PurePosixPath(table.filename)
    if path.suffix.lower() != _SHP:
        return {path.suffix.lower(): table}
    beside = _beside(files, table)
    lacking = [f"{path.stem}{ending}" for ending in NEEDED if ending not in beside]
    if lacking:
        names = " et ".join(lacking)
        raise Rejected(f"le Shapefile {path.name} n'est pas entier : il manque {names}")
    return {ending: beside[ending] for ending in PARTS if ending in beside}


def _beside(files: list[zipfile.ZipInfo], shapefile: zipfile.ZipInfo) -> dict[str, zipfile.ZipInfo]:
    """Return, by ending, the files that share the Shapefile's name, whatever their case."""
    stem = shapefile.filename[: -len(_SHP)].lower()
    named = ((member, member.filename.lower()) for member in files)
    return {name.removeprefix(stem): member for member, name in named if name.startswith(stem)}


def is_a_file(member: zipfile.ZipInfo) -> bool:
    """Whether it is a file of the sender's: no folder, and nothing that macOS adds."""
    path = PurePosixPath(member.filename)
    is_hidden = path.name.startswith(".") or path.parts[:1] == ("__MACOSX",)
    return not (member.is_dir() or is_hidden)


def check_is_open(member: zipfile.ZipInfo) -> None:
    """Raise Rejected, in French, for a file that needs a password."""
    if member.flag_bits & _ENCRYPTED:
        raise Rejected("l'archive est protégée par un mot de passe")


@contextmanager
def explained() -> Iterator[None]:
    """Raise Rejected, in French, for any error while a broken archive is read."""
    try:
        yield
    except NotImplementedError as error:
        raise Rejected("l'archive est compressée d'une façon inconnue ici") from error
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise Rejected("l'archive est abîmée ou coupée") from error
