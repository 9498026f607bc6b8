"""Workbooks for tests."""

import io

from openpyxl import Workbook


def workbook(*sheets: tuple[str, list[list[object]]]) -> Workbook:
    """A workbook with these sheets."""
    book = Workbook()
    del book["Sheet"]
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def saved(book: Workbook) -> bytes:
    """The workbook as XLSX."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
