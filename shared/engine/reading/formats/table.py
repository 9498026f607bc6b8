"""A table on its way from a file to Parquet: named columns, and rows of text that fit them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import pyarrow as pa

from shared.engine.reading.formats.header import Cells, Header, name_columns
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected
from shared.language.french import counted

_OPENS = re.compile(
    r"(sources?|notes?|nota( bene)?|n\.? ?b\.?|lecture|champ|légende|définitions?|précisions?"
    r"|remarques?|avertissement|producteurs?|crédits?|mise à jour|dernière mise à jour)"
    r"\s*(\(.{1,40}\))?\s*:.*"
    r"|(\*+|\(\w{1,2}\)|[¹²³])\s*[^\W\d_].*\s.*",
    re.IGNORECASE | re.DOTALL,
)
"""How a note begins: by what it is, or by the mark that leads to it."""

_MOST_CELLS, _MOST_ROWS = 2, 100
"""Cells that a note is written in, and rows of notes: no table ends in more."""

_Row = tuple[int, Sequence[str]]

_BATCH = 20_000
_MOST_LINES, MOST_CELLS = 10_000_000, 200_000_000
"""Of tables read row by row: a small archive may hold so much as to take the job's whole time."""

Row = list[str | None]
Numbered = tuple[int, Cells]
"""The line of a row in its file, from 1, and its cells."""


@dataclass(frozen=True)
class Table:
    """What a reader found in a file: columns of text, null where a cell is empty."""

    columns: list[str]
    batches: Iterator[pa.RecordBatch]
    format: str
    encoding: str
    delimiter: str | None = None
    sheet: str | None = None


def batches_of(columns: list[str], rows: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    """Yield the rows in batches of some thousands, each row as long as `columns`."""
    schema = schema_of(columns)
    while batch := list(islice(rows, _BATCH)):
        yield pa.record_batch([*zip(*batch, strict=True)], schema=schema)


def schema_of(columns: list[str]) -> pa.Schema:
    """Return a schema with text in every column."""
    return pa.schema([(name, pa.string()) for name in columns])


@dataclass(frozen=True)
class Shape:
    """The header of a table and how wide its rows are; the cells beyond have no name."""

    header: Cells
    line: int
    width: int

    def columns(self, repairs: Repairs) -> list[str]:
        """Return a name for each column."""
        return name_columns(self.header, self.width, self.line, repairs)

    def fitted(self, rows: Iterable[Numbered], repairs: Repairs) -> Iterator[Row]:
        """Yield the rows, each as wide as the table, without notes below and empty rows."""
        named = len(self.header)
        for line, cells in _without_notes(rows, self.width, repairs):
            filled = filled_width(cells)
            if not filled:
                repairs.note("empty_rows", line=line)
                continue
            if len(cells) < named:
                repairs.note("short_rows", line=line)
            elif filled > named:
                repairs.note("long_rows", line=line)
            row = [cell or None for cell in cells[: self.width]]
            yield row + [None] * (self.width - len(row))


def shape_of(head: Header, rows: Iterator[Numbered], repairs: Repairs) -> Shape:
    """Return the shape of a table, from its header and the usual width of its rows.

    Raises Rejected, in French, naming the first line that does not fit the header when most do
    not (that is no table, or one that was read wrongly), or the line at which there are too many.
    """
    named_by = list(islice(rows, head.height or 1))
    line, header = named_by[0][0], head.cells([cells for _, cells in named_by])
    if head.height > 1:
        repairs.note("double_header", line=line)
    if not head.height:
        repairs.note("no_header", line=line)
        rows = chain(named_by, rows)
    shapes = Counter[tuple[int, int]]()
    firsts: dict[tuple[int, int], int] = {}
    for number, cells in _bounded(rows):
        filled = filled_width(cells)
        if filled:
            shapes[len(cells), filled] += 1
            firsts.setdefault((len(cells), filled), number)
    if not shapes:
        return Shape(header[: filled_width(header)], line, filled_width(header))
    usual = max(shapes, key=lambda shape: shapes[shape])[1]
    named = max(filled_width(header), usual)
    strange = [shape for shape in shapes if shape[0] < named or shape[1] > named]
    if sum(shapes[shape] for shape in strange) * 2 > shapes.total():
        first = min(strange, key=lambda shape: firsts[shape])
        raise Rejected(
            f"ligne {firsts[first]} : {counted(first[0], 'valeur', 'valeurs')} au lieu de {named},"
            " et la plupart des lignes n'ont pas la forme de l'en-tête"
        )
    padded = [*header, *[""] * named][:named]
    return Shape(padded, line, max(named, *(filled for _, filled in shapes)))


def _bounded(rows: Iterable[Numbered]) -> Iterator[Numbered]:
    """Yield the rows, as long as reading them one by one takes about a minute."""
    lines = cells = 0
    for number, row in rows:
        lines, cells = lines + 1, cells + len(row)
        if lines > _MOST_LINES or cells > MOST_CELLS:
            raise Rejected(
                f"ligne {number} : un tableau dont les lignes sont irrégulières a au plus"
                f" {_MOST_LINES // 10**6} millions de lignes et {MOST_CELLS // 10**6} millions de"
                " cases ; rendez-les régulières, ou coupez le fichier"
            )
        yield number, row


def filled_width(cells: Cells) -> int:
    """Return the number of cells up to the last that holds something."""
    if not any(cells):
        return 0
    for at in range(len(cells), 0, -1):
        if cells[at - 1].strip():
            return at
    return 0


def is_short(cells: Sequence[str], width: int) -> bool:
    """Whether a row of a table of that width has as few filled cells as a note."""
    return sum(bool(cell.strip()) for cell in cells) <= min(_MOST_CELLS, width - 1)


def _without_notes(rows: Iterable[_Row], width: int, repairs: Repairs) -> Iterator[_Row]:
    """Yield the rows with their lines, without the notes below the last row."""
    notes: list[_Row] = []
    for line, cells in rows:
        is_note = is_short(cells, width) and bool(notes or _opens(cells))
        if is_note and len(notes) < _MOST_ROWS:
            notes.append((line, cells))
            continue
        yield from notes
        notes = []
        yield line, cells
    repairs.note("notes_below", line=notes[0][0] if notes else None, count=len(notes))


def _opens(cells: Sequence[str]) -> bool:
    """Whether a row begins a note, by a word such as `Source` in a cell of its own or not."""
    text = " ".join(filter(None, (cell.strip() for cell in cells)))
    return _OPENS.fullmatch(text) is not None
