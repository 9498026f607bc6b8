"""What the XML of XLSX sheets tells beyond the values of cells.

That is how a cell shows a number, where errors and formulas without a result stand, and how far
cells lie apart. Source: ECMA-376, part 1, SpreadsheetML (18.3.1.4 `c`, 18.8.10 `cellXfs`, 18.8.30
`numFmt`).
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree import ElementTree as ET

from shared.engine.reading.formats.table import MOST_CELLS
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_CHUNK = 1 << 20
_LONGEST_PART = 20_000_000
"""Bytes of the list of sheets, or of styles."""

_SPECIAL = (
    rb'<c (?=[^>/]++>)(?=[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})")(?:'
    rb'(?=[^>]*\bt="(?P<error>e)")|'
    rb"[^>]*(?<!/)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?P<open><v\s*/>|<v></v>|</c>)|"
    rb'(?=[^>]*\bs="(?P<style>%s)"))'
)
"""A cell that is an error, a formula that nobody has computed yet, or has one of the styles.

It is none that closes itself, which holds nothing: sheets are formatted down to their last row.
"""

_HEAD = 1 << 14
_EXTENT = re.compile(rb'<dimension ref="[A-Z]+[0-9]+:([A-Z]{1,3})([0-9]{1,7})"')
_FILLED = re.compile(rb'<c [^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>\s*<(?:f|is|v)\b')

_PERCENT = 255
"""In place of a number of digits: a format has fewer zeros."""

_BUILT_IN = {"9": "0%", "10": "0.00%"}
"""The formats in percent that no workbook writes down (18.8.30)."""

_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
"""What a format shows as it is, or leaves room for, and colours and conditions."""


@dataclass
class ShownCells:
    """How cells show their numbers: with so many digits, or in percent.

    `columns` has it by column, from 0, and row, from 1.
    """

    columns: dict[int, bytearray] = field(default_factory=dict)
    percents: int = 0

    def written(self, row: int, column: int, text: str) -> str:
        """Return a cell's number as it is displayed: with its leading zeros, or in percent."""
        row_formats = self.columns.get(column, b"")
        how = row_formats[row] if row < len(row_formats) else 0
        if how == _PERCENT:
            return f"{(Decimal(text) * 100).normalize():f} %"
        return text.zfill(how) if text.isdigit() else text

    def show(self, row: int, column: int, how: int) -> None:
        """Note how a cell displays its number."""
        row_formats = self.columns.setdefault(column, bytearray())
        row_formats.extend(bytes(max(0, row + 1 - len(row_formats))))
        row_formats[row] = how
        self.percents += how == _PERCENT


def read_shown(path: Path, sheet: str, repairs: Repairs) -> ShownCells:
    """Read how cells display their numbers; note errors, and formulas without a result.

    Nothing is found in a file that is built in a way of its own: its values can be read all the
    same.
    """
    shown_cells = ShownCells()
    try:
        with zipfile.ZipFile(path) as archive:
            styles = _styles(_part(archive, "xl/styles.xml"))
            with archive.open(_member(archive, sheet)) as file:
                for match in _special(_chunks(file), list(styles)):
                    letters, row = match[1].decode(), int(match[2])
                    if match["style"]:
                        shown_cells.show(row, _column(letters), styles[match["style"]])
                    else:
                        code = "error_cells" if match["error"] else "open_formulas"
                        repairs.note(code, line=row, detail=f"{letters}{row}")
    except (KeyError, ET.ParseError):
        return ShownCells()
    return shown_cells


def check_extent(path: Path, sheets: Iterable[str]) -> None:
    """Raise Rejected for a sheet whose cells are too far apart to hold all between them.

    Only a sheet that says of itself that it is that large is looked through: most that do hold next
    to nothing.
    """
    with suppress(KeyError, ET.ParseError), zipfile.ZipFile(path) as archive:
        for sheet in sheets:
            member = _member(archive, sheet)
            with archive.open(member) as file:
                extent = _EXTENT.search(file.read(_HEAD))
            if extent and _column(extent[1].decode()) * int(extent[2]) > MOST_CELLS:
                with archive.open(member) as file:
                    _check_filled(sheet, _matches(_chunks(file), _FILLED, [b"<c "]))


def _check_filled(sheet: str, cells: Iterator[re.Match[bytes]]) -> None:
    top = left = 1 << 24
    bottom = right = 0
    for match in cells:
        column, row = _column(match[1].decode()), int(match[2])
        top, bottom = min(top, row), max(bottom, row)
        left, right = min(left, column), max(right, column)
        if (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
            raise Rejected(
                f"feuille « {sheet} », cellule {match[1].decode()}{row} : un tableau qui va"
                f" jusque-là a plus de {MOST_CELLS // 10**6} millions de cases"
            )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


def _special(chunks: Iterator[bytes], styles: list[bytes]) -> Iterator[re.Match[bytes]]:
    pattern = re.compile(_SPECIAL % (b"|".join(styles) or b"(?!)"))
    return _matches(chunks, pattern, [b't="e"', b"<f", *(b's="%s"' % style for style in styles)])


def _matches(
    chunks: Iterator[bytes], pattern: re.Pattern[bytes], signs: list[bytes]
) -> Iterator[re.Match[bytes]]:
    """Yield the matches of a pattern; skip chunks that have none of its signs."""
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        cut = max(0, text.rfind(b"<c "))
        rest = text[cut:]
        if any(sign in text for sign in signs):
            yield from pattern.finditer(text, 0, cut)
    yield from pattern.finditer(rest)


def _styles(styles: ET.Element) -> dict[bytes, int]:
    """Return the cell styles that show percents or leading zeros, and how many zeros."""
    codes = _BUILT_IN | {
        number_format.get("numFmtId", ""): number_format.get("formatCode", "")
        for number_format in styles.iterfind("{*}numFmts/{*}numFmt")
    }
    formats = [
        codes.get(cell_format.get("numFmtId", ""), "")
        for cell_format in styles.iterfind("{*}cellXfs/{*}xf")
    ]
    how_by_style = {b"%d" % at: _how(code) for at, code in enumerate(formats)}
    return {style: how for style, how in how_by_style.items() if how}


def _how(code: str) -> int:
    """Return the least digits that a format shows, _PERCENT for percents, 0 for other formats."""
    if re.fullmatch("0{2,99}", code):
        return len(code)
    positive, *_ = _LITERAL.sub("", code).split(";")
    return _PERCENT if positive.count("%") == 1 else 0


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the part of the archive that holds the sheet of that name."""
    book, links = (
        _part(archive, name) for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    sheets = {entry.get("name"): entry.attrib for entry in book.iterfind("{*}sheets/{*}sheet")}
    link = next(value for name, value in sheets[sheet].items() if name.endswith("}id"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    return str(PurePosixPath("/xl") / targets[link]).removeprefix("/")


def _part(archive: zipfile.ZipFile, name: str) -> ET.Element:
    with archive.open(name) as file:
        return ET.fromstring(file.read(_LONGEST_PART))  # noqa: S314 - in the sandbox


def _column(letters: str) -> int:
    return reduce(lambda number, letter: number * 26 + ord(letter) - ord("@"), letters, 0) - 1
