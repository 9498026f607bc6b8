"""Reads workbooks (XLSX, XLS, ODS), and what the XML of XLSX sheets tells beyond their values.

That is with how many digits a cell shows a number, where errors and formulas without a result
stand, and how far cells lie apart. Source: ECMA-376, part 1, SpreadsheetML (18.3.1.4 `c`, 18.8.10
`cellXfs`, 18.8.30 `numFmt`).
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from itertools import islice
from pathlib import Path, PurePosixPath
from string import whitespace
from typing import IO, cast
from xml.etree import ElementTree as ET

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

from services.compute.runner.formats.header import find_header
from services.compute.runner.formats.table import (
    MOST_CELLS,
    Numbered,
    Table,
    batches_of,
    filled_width,
    shape_of,
)
from services.compute.runner.repairs import Repairs
from shared.errors import Rejected

_CHUNK = 1 << 20
_LONGEST_PART = 20_000_000
"""Bytes of the list of sheets, or of styles."""

_SPECIAL = (
    rb'<c (?=[^>/]++>)(?=[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})")(?:'
    rb'(?=[^>]*\bt="(?P<error>e)")|(?=[^>]*\bs="(?P<style>%s)")|'
    rb"[^>]*(?<!/)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?P<open><v\s*/>|<v></v>|</c>))"
)
"""A cell that is an error, has one of the styles, or a formula that nobody has computed yet.

It is none that closes itself, which holds nothing: sheets are formatted down to their last row.
"""

_HEAD = 1 << 14
_EXTENT = re.compile(rb'<dimension ref="[A-Z]+[0-9]+:([A-Z]{1,3})([0-9]{1,7})"')
_FILLED = re.compile(rb'<c [^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>\s*<(?:f|is|v)\b')

_LOOK = 200
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream in which Office puts an encrypted workbook ([MS-OFFCRYPTO], 2.3.4)."""

Value = str | int | float | bool | date | time | datetime | timedelta


@dataclass
class DigitsShown:
    """How many digits cells show; `widths` has them by column, from 0, and row, from 1."""

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


@dataclass(frozen=True)
class _Sheet:
    """A sheet, and what its cells show beyond their values."""

    sheet: CalamineSheet
    digits: DigitsShown

    def rows(self, repairs: Repairs | None = None) -> Iterator[Numbered]:
        """The rows as text; `repairs` is told of zeros that were put in front."""
        _, right = self.sheet.start or (0, 0)  # empty rows above come too, empty columns do not
        for number, row in enumerate(self.sheet.iter_rows(), 1):
            # Most rows of a sheet that is formatted to its end hold nothing, most cells text.
            if row.count("") == len(row):
                yield number, cast("list[str]", row)
                continue
            cells = [one.strip() if isinstance(one, str) else _text(one) for one in row]
            for column in self.digits.widths if any(cells) else ():
                at = column - right
                if 0 <= at < len(row) and isinstance(row[at], float):
                    text, cells[at] = cells[at], self.digits.padded(number, column, cells[at])
                    if repairs and text != cells[at]:
                        repairs.note("shown_zeros", line=number)
            yield number, cells


def read_workbook(path: Path, format_name: str, repairs: Repairs) -> Table:
    """The table of the sheet that holds most, of those to be seen; the other sheets are named.

    Numbers become the shortest text that is the same number, whole ones without a point; dates
    become ISO 8601. Raises Rejected, in French, for a workbook that is encrypted, broken or empty.
    """
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            if format_name == "xlsx":
                check_extent(path, book.sheet_names)
            sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, PasswordError) or _ENCRYPTED in path.read_bytes():
            raise Rejected("ce classeur est protégé par un mot de passe") from error
        raise Rejected("ce classeur est abîmé, ou n'en est pas un") from error
    filled = {name: _filled(sheet) for name, sheet in sheets.items()}
    visible = {one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible}
    # What is hidden are mostly lists that cells are chosen from.
    best = sorted(filled, key=lambda name: (name in visible and filled[name] > 0, filled[name]))
    name = best[-1] if best else None
    if name is None or not filled[name]:
        raise Rejected("ce classeur ne contient aucun tableau")
    others = [other for other in sheets if other != name and filled[other]]
    repairs.note_each("other_sheets", others)
    digits = read_digits(path, name, repairs) if format_name == "xlsx" else DigitsShown()
    return _table(_Sheet(sheets[name], digits), format_name, repairs)


def _table(sheet: _Sheet, format_name: str, repairs: Repairs) -> Table:
    name = sheet.sheet.name
    head = find_header([cells for _, cells in islice(sheet.rows(), _LOOK)])
    try:
        shape = shape_of(head, islice(sheet.rows(), head.at, None), repairs)
    except Rejected as error:
        raise Rejected(f"feuille « {name} », {error}") from error
    above = sum(bool(filled_width(cells)) for _, cells in islice(sheet.rows(), head.at))
    repairs.note("preamble", line=1, count=above)
    columns = shape.columns(repairs)
    below = islice(sheet.rows(repairs), head.at + head.height, None)
    return Table(
        columns=columns,
        batches=batches_of(columns, shape.fitted(below, repairs)),
        format=format_name,
        encoding="binary",
        sheet=name,
    )


def _filled(sheet: CalamineSheet) -> int:
    """About how many cells of a sheet hold something."""
    cells = sum(bool(_text(value)) for row in islice(sheet.iter_rows(), _LOOK) for value in row)
    return cells * max(1, sheet.height // _LOOK) if cells else 0


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"
    if isinstance(value, datetime):
        is_day = value.time() == time.min
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    text = str(value)
    return text.strip(whitespace) if text.strip() else ""  # other spaces are told when taken off


def read_digits(path: Path, sheet: str, repairs: Repairs) -> DigitsShown:
    """The digits that cells show; errors and formulas without a result are named as repairs.

    Nothing is found in a file that is built in a way of its own: its values can be read all the
    same.
    """
    digits = DigitsShown()
    try:
        with zipfile.ZipFile(path) as archive:
            styles = _zero_styles(_part(archive, "xl/styles.xml"))
            with archive.open(_member(archive, sheet)) as file:
                for found in _special(_chunks(file), list(styles)):
                    letters, row = found[1].decode(), int(found[2])
                    if found["style"]:
                        digits.pad(row, _column(letters), styles[found["style"]])
                    else:
                        code = "error_cells" if found["error"] else "open_formulas"
                        repairs.note(code, line=row, detail=f"{letters}{row}")
    except (KeyError, ET.ParseError):
        return DigitsShown()
    return digits


def check_extent(path: Path, sheets: Iterable[str]) -> None:
    """Raise Rejected for a sheet with cells so far apart that nobody holds all between them.

    Only a sheet that says of itself that it is that large is looked through: most that do hold next
    to nothing.
    """
    with suppress(KeyError, ET.ParseError), zipfile.ZipFile(path) as archive:
        for sheet in sheets:
            member = _member(archive, sheet)
            with archive.open(member) as file:
                told = _EXTENT.search(file.read(_HEAD))
            if told and _column(told[1].decode()) * int(told[2]) > MOST_CELLS:
                with archive.open(member) as file:
                    _check_filled(sheet, _matches(_chunks(file), _FILLED, [b"<c "]))


def _check_filled(sheet: str, cells: Iterator[re.Match[bytes]]) -> None:
    top = left = 1 << 24
    bottom = right = 0
    for found in cells:
        column, row = _column(found[1].decode()), int(found[2])
        top, bottom = min(top, row), max(bottom, row)
        left, right = min(left, column), max(right, column)
        if (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
            raise Rejected(
                f"feuille « {sheet} », cellule {found[1].decode()}{row} : un tableau qui va"
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
    """The cells of a pattern; where none of its signs stands, nothing is looked for."""
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
