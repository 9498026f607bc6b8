"""Reads delimited text as rows of text: encoding, delimiter, header, and every line checked."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.compute.runner.names import unique
from shared.errors import Rejected

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 100
_DELIMITERS = ";,\t|"
_NO_DELIMITER = "\x1f"
"""A table of one column still needs a delimiter: one that text never holds."""

_MAX_COLUMNS = 2000
_ALLOWED_CONTROLS = b"\t\n\r\f\v"
_CONTROLS = bytes(code for code in range(32) if code not in _ALLOWED_CONTROLS)
_KNOWN = (
    (b"PK\x03\x04", "une archive ZIP ou un classeur (xlsx, ods)"),
    (b"PK\x05\x06", "une archive ZIP vide"),
    (b"\x1f\x8b", "un fichier compressé (gzip)"),
    (b"%PDF", "un document PDF"),
    (b"\xd0\xcf\x11\xe0", "un classeur Excel ancien (xls)"),
    (b"{", "du JSON"),
    (b"<", "du HTML ou du XML"),
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Text:
    """A delimited file whose shape is known; `delimiter` is None for a single column."""

    path: Path
    encoding: str
    delimiter: str | None
    columns: list[str]

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, each as long as it; Rejected naming the line that is not."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter or _NO_DELIMITER, strict=True)
            try:
                next(reader)
                for row in reader:
                    if row:
                        yield self._fit(row, reader.line_num)
            except csv.Error as error:
                raise Rejected(f"ligne {reader.line_num} : {_explain(error)}") from error

    def _fit(self, row: list[str], line: int) -> list[str]:
        width = len(self.columns)
        if len(row) == width:
            return row
        # A delimiter at the end of the line is a common way to write nothing more.
        if len(row) > width and not any(row[width:]):
            return row[:width]
        raise Rejected(f"ligne {line} : {len(row)} valeurs au lieu de {width}")


def open_text(path: Path) -> Text:
    """Find out how `path` is to be read.

    Raises Rejected, in French, for what is no text or has no header, naming the line.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
    whole_lines = sample if len(sample) < _SAMPLE else sample[: sample.rfind("\n") + 1]
    delimiter = _delimiter(whole_lines or sample)
    return Text(path, encoding, delimiter, _header(whole_lines or sample, delimiter))


def _encoding(path: Path) -> str:
    """UTF-8 when every byte agrees, else Windows-1252; Rejected when neither."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(_UTF16):
        raise Rejected("ce texte est en UTF-16 : enregistrez-le en UTF-8")
    for magic, what in _KNOWN:
        if start.startswith(magic):
            raise Rejected(f"ce fichier est {what}, pas un tableau CSV")
    _check_controls(path)
    if _decodes(path, "utf-8"):
        return "utf-8-sig"
    if start.startswith(codecs.BOM_UTF8) or not _decodes(path, "cp1252"):
        raise Rejected("ce texte n'est codé ni en UTF-8 ni en Windows-1252")
    return "cp1252"


def _check_controls(path: Path) -> None:
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if len(chunk.translate(None, _CONTROLS)) < len(chunk):
                place = next(at for at, code in enumerate(chunk) if code in _CONTROLS)
                line += chunk.count(b"\n", 0, place)
                raise Rejected(
                    f"ligne {line} : ce fichier est binaire, pas un tableau CSV"
                    f" (octet 0x{chunk[place]:02x})"
                )
            line += chunk.count(b"\n")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str) -> str | None:
    """The delimiter that cuts most rows of the sample as its header; None for one column."""
    found: list[tuple[float, int, str]] = []
    for delimiter in _DELIMITERS:
        rows = [row for row in _parse(sample, delimiter) if row]
        width = len(rows[0]) if rows else 0
        if width > 1:
            share = sum(len(row) == width for row in rows) / len(rows)
            found.append((share, width, delimiter))
    return max(found)[2] if found else None


def _parse(sample: str, delimiter: str) -> Iterator[list[str]]:
    """The first rows of the sample; a fault in it is reported with its line when it is read."""
    reader = csv.reader(sample.splitlines(keepends=True), delimiter=delimiter)
    try:
        for row, _ in zip(reader, range(_SAMPLE_ROWS), strict=False):
            yield row
    except csv.Error:
        return


def _header(sample: str, delimiter: str | None) -> list[str]:
    names = next(_parse(sample, delimiter or _NO_DELIMITER), [])
    if not any(name.strip() for name in names):
        raise Rejected("ligne 1 : le nom des colonnes manque")
    if len(names) > _MAX_COLUMNS:
        raise Rejected(f"ligne 1 : plus de {_MAX_COLUMNS} colonnes")
    if len(sample) >= _SAMPLE and len(sample.splitlines()) == 1:
        raise Rejected(f"ligne 1 : plus de {_SAMPLE} caractères")
    return unique(name.strip() or f"colonne_{at}" for at, name in enumerate(names, 1))


def _explain(error: csv.Error) -> str:
    """The csv module's few complaints, in French."""
    if "unexpected end of data" in str(error):
        return "un guillemet ouvert n'est jamais fermé"
    if "expected after" in str(error):
        return "un guillemet se ferme au milieu d'une valeur"
    if "field larger" in str(error):
        return "une valeur est démesurée, sans doute un guillemet jamais fermé"
    return str(error)
