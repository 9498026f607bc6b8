"""Reads delimited text as rows of text: delimiter, quotes, header, and every line looked at."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from statistics import mode

from services.compute.runner.encoding import MIXED, find_encoding
from services.compute.runner.header import find_header
from services.compute.runner.regular import RegularText
from services.compute.runner.repairs import Repairs
from services.compute.runner.table import Numbered, Shape, Table, batches_of, survey
from shared.errors import Rejected

_SAMPLE = 1 << 18
_SAMPLE_ROWS = 200
_DELIMITERS = ";,\t|"
_RARE_DELIMITERS = ":~^#*§¤"
"""Used by some exports, and in the middle of ordinary text: taken when no usual one cuts, or where
they cut all rows alike, the header's too, and usual ones, which decimals have, do not."""

_MARK = "\ufeff"
_NO_DELIMITER = "\x1f"
"""A table of one column still needs a delimiter: one that text never holds."""


@dataclass(frozen=True)
class Dialect:
    """How a delimited text is written; `delimiter` is None for a single column."""

    delimiter: str | None
    quote: str = '"'
    escape: str | None = None

    def parse(self, lines: Iterable[str]) -> Iterator[Numbered]:
        """The rows of `lines`; Rejected, in French, naming the line that breaks off."""
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


def read_text(path: Path, repairs: Repairs) -> Table:
    """The table in a delimited text.

    Raises Rejected, in French and naming the line, for what is no text, has no header, or whose
    lines mostly do not fit it.
    """
    encoding = find_encoding(path, repairs)
    with path.open(encoding=encoding, errors=MIXED, newline="") as file:
        sample = file.read(_SAMPLE)
    lines = list(
        _unmarked(StringIO(sample, newline=""))
    )  # cut where the csv module cuts, and only there
    dialect = find_dialect(lines if len(sample) < _SAMPLE else lines[:-1] or lines)
    start = list(_some(dialect, lines))
    if not any(cell.strip() for _, cells in start for cell in cells):
        for _ in dialect.parse(lines):
            break  # a fault in the very first row is the better reason
        raise Rejected("ligne 1 : le nom des colonnes manque")
    head = find_header([[cell.strip() for cell in cells] for _, cells in start])

    def below(told: Repairs | None = None) -> Iterator[Numbered]:
        with path.open(encoding=encoding, errors=MIXED, newline="") as file:
            yield from islice(dialect.parse(_unmarked(file, told)), head.at, None)

    line, header = start[head.at]
    regular = _regular(path, encoding, dialect, start[head.at]) if head.height == 1 else None
    shape = Shape(header, line, len(header)) if regular else survey(head, below(), repairs)
    if head.at:
        repairs.note("preamble", line=1, count=head.at)
    columns = shape.columns(repairs)
    rows = shape.fitted(islice(below(repairs), head.height, None), repairs)
    return Table(
        columns=columns,
        batches=regular.batches(columns) if regular else batches_of(columns, rows),
        format="csv",
        encoding=encoding.removesuffix("-sig"),
        delimiter=dialect.delimiter,
    )


def _unmarked(lines: Iterable[str], repairs: Repairs | None = None) -> Iterator[str]:
    """The lines without byte order marks, which stand within files that were put end to end."""
    for number, line in enumerate(lines, 1):
        if line.startswith(_MARK) and repairs:
            repairs.note("order_marks", line=number)
        yield line.lstrip(_MARK)


def _regular(path: Path, encoding: str, dialect: Dialect, header: Numbered) -> RegularText | None:
    """The text below its header, when nothing in it has to be mended or told."""
    line, names = header
    if not dialect.delimiter or dialect != Dialect(dialect.delimiter) or not names[-1].strip():
        return None
    text = RegularText(path, encoding, dialect.delimiter, line)
    return text if text.is_regular(len(names)) else None


def find_dialect(lines: list[str]) -> Dialect:
    """The dialect of a text by its first lines: the delimiter that cuts most rows alike."""
    share, delimiter = _best(_DELIMITERS, lines)
    if share < 1:
        rare = _best(_RARE_DELIMITERS, lines)
        delimiter = rare[1] if not delimiter or rare[0] == 1 else delimiter
    return _quoted(Dialect(delimiter), lines)


def _best(delimiters: str, lines: list[str]) -> tuple[float, str | None]:
    """The share of rows that the best delimiter cuts alike, and which it is, if one cuts."""
    found = [(*_evenness(Dialect(one), lines), one) for one in delimiters]
    share, width, best = max(found, key=lambda one: (one[1] > 1, *one[:2]))
    return (share, best) if width > 1 else (0.0, None)


def _evenness(dialect: Dialect, lines: list[str]) -> tuple[float, int]:
    """The share of rows as wide as most, and that width."""
    widths = [len(cells) for _, cells in _some(dialect, lines) if cells]
    usual = mode(widths) if widths else 0
    return (widths.count(usual) / len(widths) if widths else 0.0, usual)


def _quoted(dialect: Dialect, lines: list[str]) -> Dialect:
    """The dialect with its quotes: single ones around most values, or escaped by a backslash."""
    cells = [cell.strip() for _, row in _some(dialect, lines) for cell in row if cell.strip()]
    single = sum(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells)
    if single * 2 > len(cells):
        return Dialect(dialect.delimiter, quote="'")
    escape = "\\" if any('\\"' in line for line in lines) else None
    return Dialect(dialect.delimiter, escape=escape)


def _some(dialect: Dialect, lines: list[str]) -> Iterator[Numbered]:
    """The first rows; a fault in them is told, with its line, when they are read in earnest."""
    try:
        yield from islice(dialect.parse(lines), _SAMPLE_ROWS)
    except Rejected:
        return


def _explain(error: csv.Error) -> str:
    """The csv module's few complaints, in French."""
    if "unexpected end of data" in str(error):
        return "un guillemet ouvert n'est jamais fermé"
    if "expected after" in str(error):
        return "un guillemet se ferme au milieu d'une valeur"
    if "field larger" in str(error):
        return "une valeur est démesurée, sans doute un guillemet jamais fermé"
    return str(error)
