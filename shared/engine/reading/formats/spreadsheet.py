"""Reads workbooks (XLSX, XLS, ODS)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from string import whitespace
from typing import cast

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

from shared.engine.reading.formats.header import Cells, find_header
from shared.engine.reading.formats.shown_cells import ShownCells, check_extent, read_shown
from shared.engine.reading.formats.table import (
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

_LOOK = 200
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream in which Office puts an encrypted workbook ([MS-OFFCRYPTO], 2.3.4)."""

Value = str | int | float | bool | date | time | datetime | timedelta


@dataclass(frozen=True)
class _Sheet:
    """A sheet, and what its cells show beyond their values."""

    sheet: CalamineSheet
    shown_cells: ShownCells

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
                check_extent(path, book.sheet_names)
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
    shown_cells = read_shown(path, name, repairs) if format_name == "xlsx" else ShownCells()
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


def _is_trimmed(value: Value, text: str) -> bool:
    return isinstance(value, str) and bool(text) and len(text) < len(value)


def _text(value: Value) -> str:
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
