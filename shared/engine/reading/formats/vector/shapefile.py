"""Looks at the parts of a Shapefile before GDAL does: whether all are there, and in what encoding.

Sources: ESRI, Shapefile Technical Description (1998); dBASE III's file structure.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.engine.reading.formats.encoding import decodes, find_encoding
from shared.engine.reading.formats.vector.source import GeographicFile
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

NEEDED, PARTS = (".shp", ".shx", ".dbf"), (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""The endings of what makes a Shapefile; and of what it is read with."""

_INDEX_HEADER, _SHAPE_HEADER = 100, 8
_WORD = 2
"""Bytes in which an index counts."""

_TABLE_HEADER, _FIELD = 32, 32
_END = b"\r"
_LONGEST_NAME, _LONGEST_TEXT = 10, 254
_ROWS = 1 << 14
_BLANKS = bytes.maketrans(bytes(range(32)), b" " * 32)
_SPACE, _DELETED = ord(" "), ord("*")

_CODECS = re.compile("utf-8|cp[0-9]{3,4}|iso8859-[0-9]{1,2}")
_NUMBERED = {"65001": "utf-8", "88591": "latin-1", "885915": "latin-9", "20127": "ascii"}
"""How ESRI's programs write some encodings in a `.cpg`: by the numbers of Windows."""


class _Field(NamedTuple):
    """A column of text, and which bytes of a row it is."""

    name: str
    start: int
    end: int

    @property
    def is_full(self) -> bool:
        """Whether longer texts would have been cut."""
        return self.end - self.start >= _LONGEST_TEXT


class _Attributes:
    """The table of a Shapefile's attributes, as bytes."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(_TABLE_HEADER)
            self.rows, self.begin, self.width = (
                int.from_bytes(start[at : at + size], "little")
                for at, size in ((4, 4), (8, 2), (10, 2))
            )
            header = file.read(max(0, self.begin - _TABLE_HEADER)).partition(_END)[0]
        held = max(0, path.stat().st_size - self.begin) // max(1, self.width)
        if not header or self.rows > held:
            raise Rejected(
                f"le fichier .dbf de ce Shapefile annonce {self.rows} lignes et en contient {held}"
            )
        self._path = path
        self.names, self.texts = self._fields(header)

    def _fields(self, header: bytes) -> tuple[list[bytes], list[_Field]]:
        names, texts, at = [], [], 1  # the first byte of a row says whether it was deleted
        for place in range(0, len(header) - _FIELD + 1, _FIELD):
            descriptor = header[place : place + _FIELD]
            name, end = descriptor[:11].partition(b"\x00")[0], at + descriptor[16]
            names.append(name)
            if descriptor[11:12] == b"C":
                texts.append(_Field(name.decode("cp1252", "replace"), at, end))
            at = end
        return names, texts

    def batches(self) -> Iterator[Any]:
        """Yield the rows as arrays of bytes: one line of the array for each row."""
        if not self.rows:
            return
        held = np.memmap(self._path, np.uint8, "r", self.begin, (self.rows, self.width))
        for at in range(0, self.rows, _ROWS):
            yield np.asarray(held[at : at + _ROWS])


def look_at_shapefile(path: Path, filename: str, repairs: Repairs) -> GeographicFile:
    """Describe the Shapefile whose parts stand beside `path` under the same name.

    Raises Rejected, in French, for one that lacks parts, or whose parts do not fit each other.
    """
    if not all(path.with_suffix(ending).exists() for ending in NEEDED):
        raise Rejected(
            "un Shapefile est fait de plusieurs fichiers : déposez l'archive ZIP qui contient le"
            " .shp, le .shx et le .dbf"
        )
    table = _Attributes(path.with_suffix(".dbf"))
    shapes = _shapes_in(path)
    if shapes != table.rows:
        raise Rejected(
            f"ce Shapefile a {shapes} formes (.shx) et {table.rows} lignes (.dbf) : ses fichiers ne"
            " vont pas ensemble"
        )
    encoding = _encoding(table, path, repairs)
    deleted = sum(int((rows[:, 0] == _DELETED).sum()) for rows in table.batches())
    repairs.note("deleted_rows", count=deleted)
    short = [name.decode(encoding, "replace") for name in table.names if len(name) == _LONGEST_NAME]
    repairs.note("cut_names", count=len(short), detail=", ".join(short))
    return GeographicFile(
        "shp",
        path,
        encoding,
        recoded=encoding.upper().replace("ISO8859", "ISO-8859"),
        title=Path(filename).stem,
        deleted=deleted,
    )


def _shapes_in(path: Path) -> int:
    """Count the shapes of the index; Rejected unless the file holds each of them separately."""
    index = path.with_suffix(".shx").read_bytes()[_INDEX_HEADER:]
    words = np.frombuffer(index, ">u4", len(index) // 8 * 2).astype(np.int64).reshape(-1, 2)
    starts, lengths = words[:, 0] * _WORD, words[:, 1] * _WORD + _SHAPE_HEADER
    size = path.stat().st_size
    if (starts + lengths > size).any() or lengths.sum() > size:
        raise Rejected("le fichier .shp n'a pas toutes les formes que dit son .shx : il est coupé")
    return len(words)


def _encoding(table: _Attributes, path: Path, repairs: Repairs) -> str:
    """Return the encoding that the `.cpg` names, if it decodes; else detect it."""
    written = path.with_suffix(".texts")
    with written.open("wb") as file:
        file.writelines(_lines(table, repairs))
    encoding_file = path.with_suffix(".cpg")
    named = _named(encoding_file.read_bytes()[:100]) if encoding_file.exists() else ""
    if named and decodes(written, named):
        return named
    return find_encoding(written, repairs).removesuffix("-sig")


def _lines(table: _Attributes, repairs: Repairs) -> Iterator[bytes]:
    """Yield the columns of text, one line for each row; note the columns that may be cut."""
    yield b" ".join(table.names) + b"\n"
    cut = set()
    for rows in table.batches():
        cut |= {
            field
            for field in table.texts
            if field.is_full and (rows[:, field.end - 1] > _SPACE).any()
        }
        texts = [np.full((len(rows), 1), _SPACE, np.uint8)]
        texts += [rows[:, field.start : field.end] for field in table.texts]
        for line in np.hstack(texts):
            yield line.tobytes().translate(_BLANKS) + b"\n"
    names = ", ".join(field.name for field in table.texts if field in cut)
    repairs.note("cut_texts", count=len(cut), detail=names)


def _named(content: bytes) -> str:
    """Return Python's name of the encoding that a `.cpg` names; empty for an unknown one."""
    text = content.decode("ascii", "ignore").strip().lower()
    name = re.sub(r"^(ansi|oem)[ _-]*", "", text)
    digits = re.sub(r"[^0-9]", "", name)
    if digits == re.sub(r"^iso[ _-]*", "", name):
        name = _NUMBERED.get(digits, f"cp{digits}")
    try:
        codec_name = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return codec_name if _CODECS.fullmatch(codec_name) else ""
