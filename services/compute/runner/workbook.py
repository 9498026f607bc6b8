"""Reads the fullest sheet of a workbook (XLSX, XLS, ODS) as rows of text."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from services.compute.runner.header import find_header
from services.compute.runner.repairs import Repairs
from services.compute.runner.table import Numbered, Table, batches_of, filled_width, survey
from shared.errors import Rejected

_LOOK = 200
_NAMED = 10
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream in which Office puts an encrypted workbook ([MS-OFFCRYPTO], 2.3.4)."""

Value = str | int | float | bool | date | time | datetime | timedelta


def read_workbook(path: Path, format_name: str, repairs: Repairs) -> Table:
    """The table of the sheet that holds most; the other sheets are named.

    Numbers become the shortest text that is the same number, whole ones without a point; dates
    become ISO 8601. Raises Rejected, in French, for a workbook that is encrypted, broken or empty.
    """
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, PasswordError) or _ENCRYPTED in path.read_bytes():
            raise Rejected("ce classeur est protégé par un mot de passe") from error
        raise Rejected("ce classeur est abîmé, ou n'en est pas un") from error
    filled = {name: _filled(sheet) for name, sheet in sheets.items()}
    name = max(filled, key=lambda name: filled[name], default=None)
    if name is None or not filled[name]:
        raise Rejected("ce classeur ne contient aucun tableau")
    others = [other for other in sheets if other != name and filled[other]]
    if others:
        repairs.note("other_sheets", count=len(others), detail=", ".join(others[:_NAMED]))
    return _table(sheets[name], name, format_name, repairs)


def _table(sheet: CalamineSheet, name: str, format_name: str, repairs: Repairs) -> Table:
    head = find_header([cells for _, cells in islice(_rows(sheet), _LOOK)])
    try:
        shape = survey(head, islice(_rows(sheet), head.at, None), repairs)
    except Rejected as error:
        raise Rejected(f"feuille « {name} », {error}") from error
    above = sum(bool(filled_width(cells)) for _, cells in islice(_rows(sheet), head.at))
    if above:
        repairs.note("preamble", line=1, count=above)
    columns = shape.columns(repairs)
    below = islice(_rows(sheet), head.at + head.height, None)
    return Table(
        columns=columns,
        batches=batches_of(columns, shape.fitted(below, repairs)),
        format=format_name,
        encoding="binary",
        sheet=name,
    )


def _filled(sheet: CalamineSheet) -> int:
    """About how many cells of a sheet hold something."""
    looked = list(islice(_rows(sheet), _LOOK))
    cells = sum(bool(cell) for _, row in looked for cell in row)
    return cells * max(1, sheet.height // _LOOK) if cells else 0


def _rows(sheet: CalamineSheet) -> Iterator[Numbered]:
    first = (sheet.start or (0, 0))[0]
    for number, row in enumerate(sheet.iter_rows(), first + 1):
        yield number, [_text(value) for value in row]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        is_day = value.time() == time.min
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()
