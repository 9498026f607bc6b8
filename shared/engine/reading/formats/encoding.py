"""Finds out how the bytes of a text file are to be read."""

import codecs
from pathlib import Path

from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_CHUNK = 1 << 20
_LOOK = 4096
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOSTLY = 0.95
_FEW = 0.05
_ALLOWED_CONTROLS = b"\t\n\r\f\v"
_CONTROLS = bytes(code for code in range(32) if code not in _ALLOWED_CONTROLS)

MIXED = "cp1252"
"""The codec error handler that reads as Windows-1252 what is no UTF-8."""


def _read_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - registered for decoding only
    return error.object[error.start : error.end].decode("cp1252"), error.end


codecs.register_error(MIXED, _read_as_cp1252)


def find_encoding(path: Path, repairs: Repairs) -> str:
    """Return the encoding's Python name; open the file with `errors=MIXED` for all of them.

    A byte order mark decides, then the pattern of UTF-16, then whether every byte is UTF-8; the
    rest is Windows-1252, of which Latin-1 text is a part, unless most lines with accents are UTF-8
    and only some are not. Raises Rejected, in French, naming the line, for what is no text.
    """
    with path.open("rb") as file:
        start = file.read(_LOOK)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return _checked(path, encoding)
    unmarked = _without_mark(start)
    if unmarked:
        return _checked(path, unmarked)
    _check_controls(path)
    marked = start.startswith(codecs.BOM_UTF8)
    if decodes(path, "utf-8"):
        return "utf-8-sig" if marked else "utf-8"
    return _of_lines(path, "utf-8-sig" if marked else "utf-8", repairs)


def _without_mark(start: bytes) -> str | None:
    """Recognise UTF-16 by its zeros: in European text every other byte is one."""
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) >= _MOSTLY * pairs and not start[0::2].count(0):
        return "utf-16-le"
    if pairs and start[0::2].count(0) >= _MOSTLY * pairs and not start[1::2].count(0):
        return "utf-16-be"
    return None


def _checked(path: Path, encoding: str) -> str:
    if not decodes(path, encoding):
        raise Rejected(f"ce texte {encoding[:6].upper()} est abîmé ou coupé")
    return encoding


def _of_lines(path: Path, encoding: str, repairs: Repairs) -> str:
    """Return `encoding` when only some lines do not decode in it, else Windows-1252."""
    good, bad, first = 0, 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                bad, first = bad + 1, first or number
                _check_cp1252(line, number)
            else:
                good += 1
    if good <= _FEW * bad:
        return "cp1252"
    repairs.note("mixed_encoding", line=first, count=bad)
    return encoding


def _check_cp1252(line: bytes, number: int) -> None:
    try:
        line.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Rejected(
            f"ligne {number} : ce texte n'est codé ni en UTF-8 ni en Windows-1252"
            f" (octet 0x{line[error.start]:02x})"
        ) from error


def _check_controls(path: Path) -> None:
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if len(chunk.translate(None, _CONTROLS)) < len(chunk):
                place = next(at for at, code in enumerate(chunk) if code in _CONTROLS)
                line += chunk.count(b"\n", 0, place)
                raise Rejected(
                    f"ligne {line} : ce fichier est binaire, pas un tableau"
                    f" (octet 0x{chunk[place]:02x})"
                )
            line += chunk.count(b"\n")


def decodes(path: Path, encoding: str) -> bool:
    """Whether the whole file decodes in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
