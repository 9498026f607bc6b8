"""Reads delimited text, whatever its delimiter, quotes and faults.

Arrow reads what is regular, as most is, many times as fast as Python's csv module: every row like
the header, nothing to repair. What Arrow would read otherwise, or what has to be told, the csv
module reads.
"""

import csv
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from statistics import mode

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from shared.engine.reading.formats.encoding import MIXED, find_encoding
from shared.engine.reading.formats.header import find_header
from shared.engine.reading.formats.no_table import check_is_table
from shared.engine.reading.formats.table import (
    Numbered,
    Shape,
    Table,
    batches_of,
    is_short,
    shape_of,
)
from shared.engine.reading.repairs import Repairs
from shared.engine.reading.values.formulas import FORMULA
from shared.engine.reading.values.value_tests import bytes_behind
from shared.errors import Rejected

_ESCAPED_SIGNS = tuple(f"'{sign}".encode() for sign in "=+-@\t\r")

_CHUNK = 1 << 20
_SMALL = 1 << 25
"""Bytes of a file whose rows are kept once they were looked at, not read again."""

_ENCODINGS = ("utf-8", "cp1252")

_SAMPLE = 1 << 18
_SAMPLE_ROWS = 200
_DELIMITERS = ";,\t|"
_RARE_DELIMITERS = ":~^#*§¤"
"""Used by some exports, and in the middle of ordinary text: taken when no usual one cuts, or where
they cut all rows alike, the header's too, and usual ones, which decimals have, do not."""

_LAST_BYTES = 1 << 14

_MARK = "\ufeff"
_NO_DELIMITER = "\x1f"
"""A table of one column still needs a delimiter: one that text never holds."""


@dataclass(frozen=True)
class _Dialect:
    """How a delimited text is written; `delimiter` is None for a single column."""

    delimiter: str | None
    quote: str = '"'
    escape: str | None = None

    def parse(self, lines: Iterable[str]) -> Iterator[Numbered]:
        """Yield the rows of `lines`; Rejected, in French, names the line that breaks off."""
        reader = csv.reader(
            lines,
            delimiter=self.delimiter or _NO_DELIMITER,
            quotechar=self.quote,
            escapechar=self.escape,
            doublequote=True,
            strict=True,
        )
        try:
            for cells in reader:
                yield reader.line_num, cells
        except csv.Error as error:
            raise Rejected(f"ligne {reader.line_num} : {_explain(error)}") from error


class RegularText:
    """Delimited text whose first row of data stands below `skipped` lines."""

    def __init__(self, path: Path, encoding: str, delimiter: str, skipped: int) -> None:
        self._path, self._delimiter, self._skipped = path, delimiter, skipped
        self._encoding = encoding.removesuffix("-sig")
        self._kept: list[pa.RecordBatch] = []

    def is_regular(self, width: int) -> bool:
        """Whether all rows have that width, hold something, and are quoted correctly."""
        if self._encoding not in _ENCODINGS or not self._delimiter.isascii():
            return False
        try:
            batches = self._read(width)
            if self._path.stat().st_size <= _SMALL:
                batches = self._kept = list(batches)
            return (
                self._quotes_well()
                and not self._is_marked()
                and not self._ends_short(width)
                and all(map(_is_full, batches))
            )
        except pa.ArrowInvalid:
            return False

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows as text, null for an empty cell; ArrowInvalid if a row does not fit."""
        for batch in self._kept or self._read(len(columns)):
            yield batch.rename_columns(columns)

    def _read(self, width: int) -> Iterable[pa.RecordBatch]:
        columns = [str(at) for at in range(width)]
        reader: Iterable[pa.RecordBatch] = arrow_csv.open_csv(
            self._path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=_CHUNK,
                skip_rows=self._skipped,
                column_names=columns,
                encoding=self._encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        return reader

    def _ends_short(self, width: int) -> bool:
        """Whether the last row may be a note below the table, or spans several lines."""
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - _LAST_BYTES))
            last = file.read().decode(self._encoding, MIXED).rstrip().splitlines()[-1:]
        try:
            return any(is_short(cells, width) for _, cells in _Dialect(self._delimiter).parse(last))
        except Rejected:
            return True

    def _is_marked(self) -> bool:
        """Whether a byte order mark occurs anywhere after the start."""
        with self._path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return content.find(BOM_UTF8, 1) > 0

    def _quotes_well(self) -> bool:
        """Whether each quote opens or closes a whole cell, or is doubled inside of one.

        Arrow drops what a strict reader refuses. From the start, every other quote opens.
        """
        content = np.memmap(self._path, np.uint8, "r")
        beside = np.zeros(256, bool)
        beside[[*b'\r\n"', ord(self._delimiter)]] = True
        quotes = 0
        for start in range(0, len(content), _CHUNK):
            quotes_at = start + np.flatnonzero(content[start : start + _CHUNK] == ord('"'))
            opening, closing = quotes_at[quotes % 2 :: 2], quotes_at[1 - quotes % 2 :: 2]
            before = content[opening[opening > 0] - 1]
            after = content[closing[closing + 1 < len(content)] + 1]
            if not (beside[before].all() and beside[after].all()):
                return False
            quotes += len(quotes_at)
        return quotes % 2 == 0


def _is_full(batch: pa.RecordBatch) -> bool:
    """Whether every row holds something."""
    empty = pa.scalar(value=True)
    for column in batch.columns:
        blank = pc.fill_null(pc.utf8_is_space(column), fill_value=True)
        empty = pc.and_(empty, blank)
        if not bool(pc.any(empty).as_py()):
            return True
    return not batch.num_rows


def read_text(path: Path, repairs: Repairs) -> Table:
    """Read the table in a delimited text.

    Raises Rejected, in French and naming the line, for what is no text, has no header, or whose
    lines mostly do not fit it.
    """
    encoding = find_encoding(path, repairs)
    with path.open(encoding=encoding, errors=MIXED, newline="") as file:
        sample = file.read(_SAMPLE)
    # Cut where the csv module cuts, and only there.
    lines = list(_unmarked(StringIO(sample, newline="")))
    dialect = _find_dialect(lines if len(sample) < _SAMPLE else lines[:-1] or lines)
    start = list(_some(dialect, lines))
    check_is_table([cells for _, cells in start], lines)
    if not any(cell.strip() for _, cells in start for cell in cells):
        for _ in dialect.parse(lines):
            break  # a fault in the very first row is the better reason
        raise Rejected("ligne 1 : le nom des colonnes manque")
    head = find_header([[cell.strip() for cell in cells] for _, cells in start])

    def below(repairs_below: Repairs | None = None) -> Iterator[Numbered]:
        with path.open(encoding=encoding, errors=MIXED, newline="") as file:
            yield from islice(dialect.parse(_unmarked(file, repairs_below)), head.at, None)

    line, header = start[head.at]
    regular = _regular(path, encoding, dialect, start[head.at]) if head.height == 1 else None
    shape = Shape(header, line, len(header)) if regular else shape_of(head, below(), repairs)
    repairs.note("preamble", line=1, count=head.at)
    columns = shape.columns(repairs)
    rows = shape.fitted(islice(below(repairs), head.height, None), repairs)
    batches = regular.batches(columns) if regular else batches_of(columns, rows)
    return Table(
        columns=columns,
        batches=_without_apostrophes(iter(batches), repairs),
        format="csv",
        encoding=encoding.removesuffix("-sig"),
        delimiter=dialect.delimiter,
    )


def _unmarked(lines: Iterable[str], repairs: Repairs | None = None) -> Iterator[str]:
    """Remove byte order marks, which occur inside files that were joined."""
    for number, line in enumerate(lines, 1):
        if line.startswith(_MARK) and repairs:
            repairs.note("order_marks", line=number)
        yield line.lstrip(_MARK)


def _regular(path: Path, encoding: str, dialect: _Dialect, header: Numbered) -> RegularText | None:
    """Return the text below its header, unless a row must be repaired or noted."""
    line, names = header
    if not dialect.delimiter or dialect != _Dialect(dialect.delimiter) or not names[-1].strip():
        return None
    text = RegularText(path, encoding, dialect.delimiter, line)
    return text if text.is_regular(len(names)) else None


def _find_dialect(lines: list[str]) -> _Dialect:
    """Find the dialect of a text by its first lines: the delimiter that cuts most rows alike."""
    share, delimiter = _best(_DELIMITERS, lines)
    if share < 1:
        rare = _best(_RARE_DELIMITERS, lines)
        delimiter = rare[1] if not delimiter or rare[0] == 1 else delimiter
    return _quoted(_Dialect(delimiter), lines)


def _best(delimiters: str, lines: list[str]) -> tuple[float, str | None]:
    """Return the delimiter that cuts most rows alike, if one cuts, and the share of these rows."""
    candidates = [(*_evenness(_Dialect(delimiter), lines), delimiter) for delimiter in delimiters]
    share, width, best = max(candidates, key=lambda candidate: (candidate[1] > 1, *candidate[:2]))
    return (share, best) if width > 1 else (0.0, None)


def _evenness(dialect: _Dialect, lines: list[str]) -> tuple[float, int]:
    """Return the share of rows with the most frequent width, and that width."""
    widths = [len(cells) for _, cells in _some(dialect, lines) if cells]
    usual = mode(widths) if widths else 0
    return (widths.count(usual) / len(widths) if widths else 0.0, usual)


def _quoted(dialect: _Dialect, lines: list[str]) -> _Dialect:
    """Return the dialect with its quotes: single ones around most values, or backslash escapes."""
    cells = [cell.strip() for _, row in _some(dialect, lines) for cell in row if cell.strip()]
    single = sum(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells)
    if single * 2 > len(cells):
        return _Dialect(dialect.delimiter, quote="'")
    escape = "\\" if any('\\"' in line for line in lines) else None
    return _Dialect(dialect.delimiter, escape=escape)


def _some(dialect: _Dialect, lines: list[str]) -> Iterator[Numbered]:
    """Return the first rows; a fault in them is reported later, when all rows are read."""
    try:
        yield from islice(dialect.parse(lines), _SAMPLE_ROWS)
    except Rejected:
        return


def _explain(error: csv.Error) -> str:
    """Translate the csv module's few complaints into French."""
    if "unexpected end of data" in str(error):
        return "un guillemet ouvert n'est jamais fermé"
    if "expected after" in str(error):
        return "un guillemet se ferme au milieu d'une valeur"
    if "field larger" in str(error):
        return "une valeur est démesurée, sans doute un guillemet jamais fermé"
    return str(error)


def _without_apostrophes(
    batches: Iterator[pa.RecordBatch], repairs: Repairs
) -> Iterator[pa.RecordBatch]:
    """Remove one apostrophe before such texts; texts between two keep theirs."""
    cells_by_column = Counter[str]()
    for batch in batches:
        guarded = {
            name: test
            for name, texts in zip(batch.schema.names, batch.columns, strict=True)
            if _may_have(texts) and bool(pc.any(test := _is_guarded(texts)).as_py())
        }
        cells_by_column.update({name: pc.sum(test).as_py() for name, test in guarded.items()})
        columns = [
            pc.if_else(guarded[name], pc.utf8_slice_codeunits(texts, 1), texts)
            if name in guarded
            else texts
            for name, texts in zip(batch.schema.names, batch.columns, strict=True)
        ]
        yield pa.record_batch(columns, schema=batch.schema) if guarded else batch
    repairs.note("apostrophes", count=cells_by_column.total(), detail=", ".join(cells_by_column))


def _may_have(texts: pa.Array) -> bool:
    held = bytes_behind(texts)
    return b"'" in held and any(sign in held for sign in _ESCAPED_SIGNS)


def _is_guarded(texts: pa.Array) -> pa.Array:
    begins = pc.and_(pc.starts_with(texts, "'"), pc.match_substring_regex(texts, FORMULA))
    return pc.fill_null(pc.and_not(begins, pc.ends_with(texts, "'")), fill_value=False)
