"""What cells of an XLSX sheet show that their values do not tell: zeros in front, faults.

Source: ECMA-376, part 1, SpreadsheetML (18.3.1.4 `c`, 18.8.10 `cellXfs`, 18.8.30 `numFmt`).
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

from services.compute.runner.repairs import Repairs

_CHUNK = 1 << 20
_LONGEST_PART = 20_000_000
"""Bytes of the list of sheets, or of styles."""

_ODD = (
    rb'<c (?=[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})")(?:'
    rb'(?=[^>]*\bt="(?P<error>e)")|(?=[^>]*\bs="(?P<style>%s)")|'
    rb"[^>]*(?<!/)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?P<open><v\s*/>|<v></v>|</c>))"
)
"""A cell that is an error, has one of the styles, or a formula that nobody has computed yet."""


@dataclass
class Cells:
    """Cells that are odd; `widths` has by column, from 0, and row, from 1, the digits shown."""

    widths: dict[int, bytearray] = field(default_factory=dict)

    def padded(self, row: int, column: int, text: str) -> str:
        """The text of a cell as it is shown: a whole number with its zeros."""
        widths = self.widths.get(column, b"")
        return text.zfill(widths[row]) if row < len(widths) and text.isdigit() else text

    def pad(self, row: int, column: int, width: int) -> None:
        """Note with how many digits a cell shows its number."""
        widths = self.widths.setdefault(column, bytearray())
        widths.extend(bytes(max(0, row + 1 - len(widths))))
        widths[row] = width


def read_cells(path: Path, sheet: str, repairs: Repairs) -> Cells:
    """The odd cells of a sheet; errors and formulas without a result are named as repairs.

    Nothing is found in a file that is built in a way of its own: its values can be read all the
    same.
    """
    cells = Cells()
    try:
        with zipfile.ZipFile(path) as archive:
            styles = _zero_styles(_part(archive, "xl/styles.xml"))
            with archive.open(_member(archive, sheet)) as file:
                for found in _odd(iter(lambda: file.read(_CHUNK), b""), list(styles)):
                    letters, row = found[1].decode(), int(found[2])
                    if found["style"]:
                        cells.pad(row, _column(letters), styles[found["style"]])
                    else:
                        code = "error_cells" if found["error"] else "open_formulas"
                        repairs.note(code, line=row, detail=f"{letters}{row}")
    except (KeyError, ET.ParseError):
        return Cells()
    return cells


def _odd(chunks: Iterator[bytes], styles: list[bytes]) -> Iterator[re.Match[bytes]]:
    pattern = re.compile(_ODD % (b"|".join(styles) or b"(?!)"))
    signs = [b't="e"', b"<f", *(b's="%s"' % style for style in styles)]
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        cut = max(0, text.rfind(b"<c "))
        rest = text[cut:]
        if any(sign in text for sign in signs):
            yield from pattern.finditer(text, 0, cut)
    yield from pattern.finditer(rest)


def _zero_styles(styles: ET.Element) -> dict[bytes, int]:
    """The styles of cells whose format is zeros only, and how many."""
    codes = {
        one.get("numFmtId", ""): one.get("formatCode", "")
        for one in styles.iterfind("{*}numFmts/{*}numFmt")
    }
    formats = [
        codes.get(one.get("numFmtId", ""), "") for one in styles.iterfind("{*}cellXfs/{*}xf")
    ]
    return {
        b"%d" % at: len(code) for at, code in enumerate(formats) if re.fullmatch("0{2,99}", code)
    }


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part of the archive that holds the sheet of that name."""
    book, links = (
        _part(archive, name) for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    sheets = {one.get("name"): one.attrib for one in book.iterfind("{*}sheets/{*}sheet")}
    link = next(value for name, value in sheets[sheet].items() if name.endswith("}id"))
    targets = {one.get("Id"): one.get("Target", "") for one in links}
    return str(PurePosixPath("/xl") / targets[link]).removeprefix("/")


def _part(archive: zipfile.ZipFile, name: str) -> ET.Element:
    with archive.open(name) as file:
        return ET.fromstring(file.read(_LONGEST_PART))  # noqa: S314 - in the sandbox


def _column(letters: str) -> int:
    return reduce(lambda number, letter: number * 26 + ord(letter) - ord("@"), letters, 0) - 1
