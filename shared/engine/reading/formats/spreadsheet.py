"""Reads workbooks (XLSX, XLS, ODS).

The XML of XLSX sheets tells what the values of cells do not: how a cell shows a number, where
errors and formulas without a result stand, and how far cells lie apart. Source: ECMA-376, part 1,
SpreadsheetML (18.3.1.4 `c`, 18.8.10 `cellXfs`, 18.8.30 `numFmt`).
"""

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, reduce
from itertools import chain, islice
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

from shared.engine.reading.formats.header import Cells, find_header
from shared.engine.reading.formats.table import (
    MOST_CELLS,
    Numbered,
    Row,
    Table,
    batches_of,
    filled_width,
    shape_of,
)
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected
from shared.language.folding import fold
from shared.language.french import french_list, quoted

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

_LOOK = 200
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream in which Office puts an encrypted workbook ([MS-OFFCRYPTO], 2.3.4)."""

_Value = str | int | float | bool | date | time | datetime | timedelta


@dataclass
class _ShownCells:
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


def _read_shown(path: Path, sheet: str, repairs: Repairs) -> _ShownCells:
    """Read how cells display their numbers; note errors, and formulas without a result.

    Nothing is found in a file that is built in a way of its own: its values can be read all the
    same.
    """
    shown_cells = _ShownCells()
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
        return _ShownCells()
    return shown_cells


def _check_extent(path: Path, sheets: Iterable[str]) -> None:
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


@dataclass(frozen=True)
class _Sheet:
    """A sheet, and what its cells show beyond their values."""

    sheet: CalamineSheet
    shown_cells: _ShownCells

    @property
    def _left(self) -> int:
        """Return the first column that holds anything: the reader skips empty columns, not rows."""
        return (self.sheet.start or (0, 0))[1]

    @cached_property
    def _spans(self) -> Mapping[int, list[slice]]:
        """Return the cells of each row, from 0, that are merged with the one on their left."""
        spans = defaultdict[int, list[slice]](list)
        for (top, first), (_, last) in self.sheet.merged_cell_ranges or ():
            if last > first >= self._left:
                spans[top].append(slice(first - self._left, last + 1 - self._left))
        return spans

    def groups(self, rows: Sequence[Cells]) -> set[int]:
        """Return the rows with names above several columns, other than one title above all."""
        return {
            at
            for at, spans in self._spans.items()
            if at < len(rows)
            and (any(span.start for span in spans) or sum(map(bool, rows[at])) > 1)
        }

    def named(self, row: Numbered) -> Numbered:
        """Return a header row with each name repeated in all cells merged with it."""
        number, names = row[0], list(row[1])
        for span in self._spans.get(number - 1, ()):
            names[span] = [names[span.start]] * len(names[span])
        return number, names

    def rows(self, repairs: Repairs | None = None) -> Iterator[Numbered]:
        """Yield the rows as text; note in `repairs` the numbers that are written as displayed."""
        for number, row in enumerate(self.sheet.iter_rows(), 1):
            # Most rows of a sheet that is formatted to its end hold nothing, most cells text.
            if row.count("") == len(row):
                yield number, cast("list[str]", row)
                continue
            cells = [_text(cell) for cell in row]
            if repairs:
                trimmed = sum(map(_is_trimmed, row, cells))
                repairs.note("trimmed_cells", line=number, count=trimmed)
            for column in self.shown_cells.columns if any(cells) else ():
                at = column - self._left
                if 0 <= at < len(row) and isinstance(row[at], float):
                    text, cells[at] = cells[at], self.shown_cells.written(number, column, cells[at])
                    if repairs and text != cells[at]:
                        is_percent = cells[at].endswith("%")
                        code = "shown_percents" if is_percent else "shown_zeros"
                        repairs.note(code, line=number)
            yield number, cells


def read_workbook(path: Path, format_name: str, repairs: Repairs, sheet_name: str = "") -> Table:
    """Return the table of the sheet `sheet_name`, or of the fullest visible one; note the others.

    Numbers become the shortest text that is the same number, whole ones without a point; dates
    become ISO 8601. Raises Rejected, in French, for a workbook that is encrypted, broken or empty,
    or has no such sheet.
    """
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            if format_name == "xlsx":
                _check_extent(path, book.sheet_names)
            sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, PasswordError) or _ENCRYPTED in path.read_bytes():
            raise Rejected("ce classeur est protégé par un mot de passe") from error
        raise Rejected("ce classeur est abîmé, ou n'en est pas un") from error
    filled = {name: _filled(sheet) for name, sheet in sheets.items()}
    if not any(filled.values()):
        raise Rejected("ce classeur ne contient aucun tableau")
    visible = {
        sheet_metadata.name
        for sheet_metadata in book.sheets_metadata
        if sheet_metadata.visible == SheetVisibleEnum.Visible
    }
    # What is hidden are mostly lists that cells are chosen from.
    best = max(filled, key=lambda name: (name in visible and filled[name] > 0, filled[name]))
    name = _of_that_name(sheet_name, filled) if sheet_name else best
    others = [other for other in sheets if other != name and filled[other]]
    repairs.note_each("other_sheets", others)
    shown_cells = _read_shown(path, name, repairs) if format_name == "xlsx" else _ShownCells()
    return _table(_Sheet(sheets[name], shown_cells), format_name, repairs)


def _of_that_name(sheet_name: str, filled: Mapping[str, int]) -> str:
    """Return the sheet of that name, whatever its case; `filled` counts each one's cells."""
    name = next((sheet for sheet in filled if fold(sheet.strip()) == fold(sheet_name)), "")
    if not filled.get(name):
        sheets = french_list([quoted(sheet) for sheet, cells in filled.items() if cells])
        what = "est vide" if name else "n'existe pas"
        raise Rejected(f"la feuille {quoted(sheet_name)} {what} ; ce classeur a {sheets}")
    return name


def _table(sheet: _Sheet, format_name: str, repairs: Repairs) -> Table:
    name = sheet.sheet.name
    first = [cells for _, cells in islice(sheet.rows(), _LOOK)]
    head = find_header(first, sheet.groups(first))
    rows = islice(sheet.rows(), head.at, None)
    named = map(sheet.named, islice(rows, head.height))
    try:
        shape = shape_of(head, chain(named, rows), repairs)
    except Rejected as error:
        raise Rejected(f"feuille « {name} », {error}") from error
    above = sum(bool(filled_width(cells)) for _, cells in islice(sheet.rows(), head.at))
    repairs.note("preamble", line=1, count=above)
    columns = shape.columns(repairs)
    below = islice(sheet.rows(repairs), head.at + head.height, None)
    fitted = shape.fitted(below, repairs)
    if sheet.shown_cells.percents:
        fitted = _with_mixed_told(fitted, columns, repairs)
    return Table(
        columns=columns,
        batches=batches_of(columns, fitted),
        format=format_name,
        encoding="binary",
        sheet=name,
    )


def _with_mixed_told(rows: Iterator[Row], columns: list[str], repairs: Repairs) -> Iterator[Row]:
    """Yield the rows, then note columns whose numbers are partly percents."""
    percents, bare = set[int](), set[int]()
    for row in rows:
        for at, cell in enumerate(row):
            if cell and cell.endswith(" %"):
                percents.add(at)
            elif cell and at not in bare and cell.strip("-0.") and _is_number(cell):
                bare.add(at)
        yield row
    repairs.note_each("mixed_percents", [columns[at] for at in sorted(percents & bare)])


def _is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdecimal()


def _filled(sheet: CalamineSheet) -> int:
    """Return about how many cells of a sheet hold something."""
    cells = sum(bool(_text(value)) for row in islice(sheet.iter_rows(), _LOOK) for value in row)
    return cells * max(1, sheet.height // _LOOK) if cells else 0


def _is_trimmed(value: _Value, text: str) -> bool:
    return isinstance(value, str) and bool(text) and len(text) < len(value)


def _text(value: _Value) -> str:
    if isinstance(value, str):
        return value.strip(whitespace) if value.strip() else ""  # other spaces are told later
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"
    if isinstance(value, datetime):
        is_day = value.time() == time.min
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
