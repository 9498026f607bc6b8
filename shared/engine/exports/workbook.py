"""Writes a table as a workbook (ISO/IEC 29500, SpreadsheetML), its rows made by the database.

A library that takes rows one by one needs twelve times as long: openpyxl 17 s for 100,000 rows of
ten columns where this takes 1.4. Texts are strings whatever they begin with, never formulas.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from shared.engine.database import Database, columns, count, quoted
from shared.engine.exports import sheet_parts
from shared.engine.tables.exports import Line
from shared.errors import Rejected
from shared.language.french import grouped

MOST_ROWS = 1_048_575
"""Of data, below the header: a sheet has 1,048,576 rows and 16,384 columns (ECMA-376)."""

MOST_COLUMNS = 16_384
MOST_CELLS = 20_000_000
"""Beyond, Excel needs minutes to open a workbook, and the lab to write it."""

LONGEST_TEXT = 32_767
"""Characters of a cell; what is cut off is told on the second sheet."""

_BATCH = 50_000
_LEVEL = 3
_WIDEST, _NARROWEST = 60, 8
_LOOKED_AT = 1000
_TEXT_STYLE, _DAY_STYLE, _MOMENT_STYLE, _HEAD_STYLE = 4, 2, 3, 1
_ILLEGAL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]"
_SPECIAL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f&<>]|_x"
_EXACT_DIGITS = 10**15
_FIRST_DAY = "DATE '1900-03-01'"
"""Excel counts a day before it that never was."""


def write_workbook(database: Database, table: str, output: Path, about: list[Line]) -> None:
    """Write `output`, with the table on its first sheet and its description on the second.

    Raises Rejected, in French, for a table that no sheet holds.
    """
    kinds, rows = columns(database, table), count(database, table)
    check_size(rows, len(kinds))
    cut = _cut(database, table, kinds)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, content in sheet_parts.FIXED.items():
            with _part(archive, name) as file:
                file.write(content.encode())
        with _part(archive, "xl/worksheets/sheet1.xml") as file:
            _data(file, database, table, kinds, rows)
        with _part(archive, "xl/worksheets/sheet2.xml") as file:
            _about(file, [*about, *cut])


def check_size(rows: int, width: int) -> None:
    """Raise Rejected, in French, for more rows or columns than a sheet has, or too many cells."""
    if rows > MOST_ROWS:
        raise Rejected(
            f"{grouped(rows)} lignes : une feuille Excel en a au plus {grouped(MOST_ROWS)} ;"
            " prenez le Parquet ou le CSV"
        )
    if width > MOST_COLUMNS or rows * width > MOST_CELLS:
        raise Rejected(
            f"{grouped(rows)} lignes et {width} colonnes : un classeur en a ici au plus"
            f" {grouped(MOST_CELLS)} cases et {grouped(MOST_COLUMNS)} colonnes ; prenez le Parquet"
            " ou le CSV"
        )


def _part(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a new part; its date is fixed, so that the same table makes the same bytes."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return archive.open(info, "w", force_zip64=True)


def _data(
    file: IO[bytes], database: Database, table: str, kinds: dict[str, str], rows: int
) -> None:
    widths = _widths(database, table, list(kinds))
    file.write(sheet_parts.opening(widths).encode())
    head = "".join(_text_cell(name, _HEAD_STYLE) for name in kinds)
    file.write(f"<row>{head}</row>".encode())
    cells = " || ".join(_cell(quoted(name), kind) for name, kind in kinds.items())
    rows_as_xml = database.sql(f"SELECT '<row>' || {cells} || '</row>' AS row FROM {quoted(table)}")
    for batch in rows_as_xml.to_arrow_reader(_BATCH):
        file.write("".join(batch["row"].to_pylist()).encode())
    file.write(sheet_parts.closing(len(kinds), rows + 1).encode())


def _about(file: IO[bytes], about: list[Line]) -> None:
    file.write(sheet_parts.opening([24, 100], is_frozen=False).encode())
    for line in about:
        cells = _text_cell(line.label, _HEAD_STYLE) + _text_cell(line.text, _TEXT_STYLE)
        file.write(f"<row>{cells}</row>".encode())
    file.write(b"</sheetData></worksheet>")


def _text_cell(text: str, style: int) -> str:
    legible_text = escape("".join(sign for sign in text if sign >= " " or sign in "\t\n"))[
        :LONGEST_TEXT
    ]
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{legible_text}</t></is></c>'


def _cell(column: str, kind: str) -> str:
    """Return a column's cells in SQL: `<c/>` where there is no value."""
    number = f"'<c><v>' || CAST({column} AS VARCHAR) || '</v></c>'"
    if kind.endswith(("INT", "INTEGER")):
        # Excel keeps fifteen digits of a number.
        long = f"abs(CAST({column} AS HUGEINT)) >= {_EXACT_DIGITS}"
        cell = f"CASE WHEN {long} THEN {_text(column)} ELSE {number} END"
    elif kind.startswith(("FLOAT", "DOUBLE", "DECIMAL")):
        finite = f"isfinite(CAST({column} AS DOUBLE))"
        cell = f"CASE WHEN {finite} THEN {number} ELSE '<c/>' END"
    elif kind == "BOOLEAN":
        cell = f"'<c t=\"b\"><v>' || CAST({column} AS INTEGER) || '</v></c>'"
    elif kind == "DATE":
        cell = _moment(column, _DAY_STYLE)
    elif kind.startswith("TIMESTAMP"):
        has_zone = kind.endswith("TIME ZONE")
        cell = _moment(f"timezone('UTC', {column})" if has_zone else column, _MOMENT_STYLE)
    else:
        cell = _text(column)
    return f"CASE WHEN {column} IS NULL THEN '<c/>' ELSE {cell} END"


def _moment(column: str, style: int) -> str:
    """Return days, and parts of days, since the last day of 1899, as Excel counts them."""
    seconds = f"epoch(CAST({column} AS TIMESTAMP) - TIMESTAMP '1899-12-30')"
    days = f"CAST({seconds} / 86400 AS DOUBLE)"
    cell = f"'<c s=\"{style}\"><v>' || CAST({days} AS VARCHAR) || '</v></c>'"
    return f"CASE WHEN {column} >= {_FIRST_DAY} THEN {cell} ELSE {_text(column)} END"


def _text(column: str) -> str:
    """Return a string's cell in SQL, without what XML and Excel would misread."""
    text = f"left(CAST({column} AS VARCHAR), {LONGEST_TEXT})"
    legible_text = f"regexp_replace({text}, '{_ILLEGAL}', '', 'g')"
    legible_text = f"regexp_replace({legible_text}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        legible_text = f"replace({legible_text}, '{sign}', '{written}')"
    legible_text = (
        f"CASE WHEN regexp_matches({text}, '{_SPECIAL}') THEN {legible_text} ELSE {text} END"
    )
    opened = f'<c s="{_TEXT_STYLE}" t="inlineStr"><is><t xml:space="preserve">'
    return f"'{opened}' || {legible_text} || '</t></is></c>'"


def _cut(database: Database, table: str, kinds: dict[str, str]) -> Iterator[Line]:
    """Yield a line for each column with texts longer than a cell."""
    for name in (name for name, kind in kinds.items() if kind == "VARCHAR"):
        ((cells,),) = database.execute(
            f"SELECT count(*) FILTER (length({quoted(name)}) > {LONGEST_TEXT}) FROM {quoted(table)}"
        ).fetchall()
        if cells:
            sentence = f"« {name} » : {cells} plus longues qu'une case d'Excel, coupées ici"
            yield Line(label="Cellules", text=sentence)


def _widths(database: Database, table: str, names: list[str]) -> list[int]:
    longest = ", ".join(f"max(length(CAST({quoted(name)} AS VARCHAR)))" for name in names)
    first = f"SELECT * FROM {quoted(table)} LIMIT {_LOOKED_AT}"
    ((*lengths,),) = database.execute(f"SELECT {longest} FROM ({first})").fetchall()
    return [
        min(_WIDEST, max(_NARROWEST, len(name) + 4, (width or 0) + 2))
        for name, width in zip(names, lengths, strict=True)
    ]
