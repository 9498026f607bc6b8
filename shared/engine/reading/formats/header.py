"""Finds the header of a table among its first rows, and makes names of columns out of it."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import reduce
from itertools import pairwise
from string import whitespace
from typing import NamedTuple

from shared.engine.reading.columns.contacts import EMAIL, PHONE
from shared.engine.reading.columns.identifiers import NIR
from shared.engine.reading.repairs import Repairs
from shared.engine.tables.column_names import unique
from shared.errors import Rejected

Cells = Sequence[str]

MAX_COLUMNS = 2000
_MAX_NAME = 500

_FULL = 0.7
"""Share of a table's usual width that a header fills: titles and notes above it fill less."""

_NUMBER = re.compile(r"[+-]?[0-9\s.,%/-]+")

_YEAR = re.compile(r"(19|20)[0-9]{2}")

_LABEL = re.compile(r"(19|20)[0-9]{2}|[0-9]+\s*[-/]\s*[0-9]+")
"""A year, or a range of years or ages: what columns of counts are called."""

_NAME = re.compile(r"(?!secret|null|none)[^\W\d_]{3}", re.IGNORECASE)
"""How a name begins: what stands for no value among numbers is shorter, or one of these."""

_NEARLY_ALL, _FEWEST = 0.9, 2

_OF_SOMEBODY = re.compile(f"{EMAIL}|{PHONE}|{NIR}( ?[0-9]{{2}})?", re.IGNORECASE)
"""A mailbox, a telephone of France or a NIR, with or without its key: no column is called so."""

_FORM = re.compile(
    r"(?P<day>(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})(?:[ T][0-9:.]+Z?)?)"
    r"|(?P<url>https?://\S+)"
    r"|(?P<month>(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])?)"
    r"|(?P<code>[0-9][0-9AB][0-9]{3,})"
)


class Header(NamedTuple):
    """Where the header stands among the rows, and over how many: over none where data begins."""

    at: int
    height: int = 1

    def cells(self, rows: Sequence[Cells]) -> Cells:
        """Return the names in the header's rows, joined column by column."""
        return reduce(_joined, rows) if self.height else ()


def find_header(rows: Sequence[Cells], groups: Collection[int] = ()) -> Header:
    """Find the header among the first rows of a table, which are not all empty.

    It begins in the first row about as full as the rows usually are, and those above it are titles
    or notes; but when that looks like data, in the row above it, which is shorter. Names of groups
    above the names of their columns are part of it; `groups` are rows where a workbook shows such,
    in cells that are merged. Where that row is data, there is no header.
    """
    at = _find_row(rows)
    if is_data(rows[at:]):
        return Header(next(row for row in range(at + 1) if is_data(rows[row:])), height=0)
    top, height = next(
        ((top_row, 2) for top_row in (at, at - 1) if top_row >= 0 and _is_double(rows[top_row:])),
        (at, 1),
    )
    while top - 1 in groups:
        top, height = top - 1, height + 1
    return Header(top, height)


def _is_double(rows: Sequence[Cells]) -> bool:
    """Whether the first row groups the columns that the second one names.

    Either the second repeats its names under several groups, or it is empty where a name stands
    above it alone, in columns that are seldom empty further down.
    """
    if len(rows) < 3:  # noqa: PLR2004 - two of a header, and one of data
        return False
    width = max(map(len, rows))
    above, under, *below = (_padded(row, width) for row in rows)
    grouped = [at for at in range(1, width) if under[at] and not above[at]]
    if not grouped or _looks_like_data(under, years=False) or is_data(rows[1:]):
        return False
    alone = [at for at in range(width) if above[at] and not under[at]]
    if alone:
        filled = sum(bool(row[at]) for row in below for at in alone)
        return all(map(str.__add__, above, under)) and filled >= _FULL * len(alone) * len(below)
    return _repeats(above, under) and any(map(_looks_like_data, below))


def _repeats(above: Cells, under: Cells) -> bool:
    """Whether repeated names become distinct with the names of their groups."""
    names = [name for name in under if name]
    starts = [at for at, name in enumerate(above) if name]
    wide = [at for at, end in pairwise([*starts, len(above)]) if end - at > 1]
    is_told_apart = len(set(_joined(above, under))) == len(above)
    return len(wide) > 1 and len(set(names)) < len(names) and is_told_apart


def _joined(upper: Cells, lower: Cells) -> list[str]:
    """Put the group's name before each name of the lower row; some names have no group."""
    width, group, names = max(len(upper), len(lower)), "", []
    for above, under in zip(_padded(upper, width), _padded(lower, width), strict=True):
        group = above or group
        names.append(f"{group} {under}".strip() if under else above)
        group = group if under else ""
    return names


def _padded(cells: Cells, width: int) -> list[str]:
    return [cell.strip() for cell in cells] + [""] * (width - len(cells))


def _find_row(rows: Sequence[Cells]) -> int:
    widths = [sum(bool(cell) for cell in row) for row in rows]
    counted = Counter(width for width in widths if width)
    usual = max(counted, key=lambda width: (counted[width], -width))
    first_full = next(at for at, width in enumerate(widths) if width >= _FULL * usual)
    above = [at for at in range(first_full) if widths[at]]
    if not above:
        return first_full
    if _names_counts(rows[first_full:]) or _labels_counts(rows[first_full:]):
        return first_full
    is_named = _names_values(rows[above[-1] :]) and is_data(rows[first_full:])
    counts = _names_only(rows[above[-1]]) and _begins_counts(rows[first_full:])
    return above[-1] if is_named or counts or _looks_like_data(rows[first_full]) else first_full


def _names_only(row: Cells) -> bool:
    """Whether a row has several words, and nothing else."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return len(filled) > 1 and all(map(_is_word, filled))


def _names_counts(rows: Sequence[Cells]) -> bool:
    """Whether the first row has a name above a column of numbers only."""
    top, below = rows[0], rows[1:]
    return any(_NAME.match(cell.strip()) and _is_counted(below, at) for at, cell in enumerate(top))


def _labels_counts(rows: Sequence[Cells]) -> bool:
    """Whether all numbers of the first row are years or ranges, unlike those below."""
    labels = [at for at, cell in enumerate(rows[0]) if _NUMBER.fullmatch(cell.strip())]
    if len(labels) < _FEWEST or not all(_LABEL.fullmatch(rows[0][at].strip()) for at in labels):
        return False
    below = [row[at].strip() for row in rows[1:] for at in labels if at < len(row)]
    counts = [cell for cell in below if _NUMBER.fullmatch(cell)]
    return sum(bool(_LABEL.fullmatch(cell)) for cell in counts) * 2 < len(counts)


def _begins_counts(rows: Sequence[Cells]) -> bool:
    """Whether the first row has a number that is no year, above numbers only."""
    return any(
        _NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell) and _is_counted(rows[1:], at)
        for at, cell in enumerate(rows[0])
        if cell.strip()
    )


def _looks_like_data(row: Cells, *, years: bool = True) -> bool:
    """Whether most of a row is numbers; without `years`, which may name columns, too."""
    cells = [cell for cell in row if cell.strip()]
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell)]
    if not years:
        numbers = [cell for cell in numbers if not _YEAR.fullmatch(cell)]
    return len(numbers) * 2 > len(cells)


def is_data(rows: Sequence[Cells]) -> bool:
    """Whether the first row holds values like those below it, not the names of columns.

    Days, months, codes and addresses are names, too, above other values: they are data where
    nearly all values below have their form, and no word stands above such values or above numbers.
    """
    top, below = [" ".join(cell.split()) for cell in rows[0]], rows[1:]
    if any(map(_OF_SOMEBODY.fullmatch, top)):
        return True
    if not any(map(_form, top)):
        return False
    if _names_counts(rows):
        return False
    formed = [(cell, form) for at, cell in enumerate(top) if (form := _usual_form(below, at))]
    is_like_them = any(_form(cell) == form for cell, form in formed)
    return is_like_them and not any(_is_word(cell) for cell, _ in formed)


def _names_values(rows: Sequence[Cells]) -> bool:
    """Whether the first row has a word above days, codes or addresses, and another word."""
    top, below = rows[0], rows[1:]
    words = [at for at, cell in enumerate(top) if _is_word(cell.strip())]
    return len(words) > 1 and any(_usual_form(below, at) for at in words)


def _is_counted(rows: Sequence[Cells], at: int) -> bool:
    """Whether nearly all filled cells of a column are numbers."""
    cells = [cell for row in rows if at < len(row) and (cell := row[at].strip())]
    numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in cells)
    return len(cells) >= _FEWEST and numbers >= _NEARLY_ALL * len(cells)


def _is_word(cell: str) -> bool:
    return cell[:1].isalpha() and not _form(cell)


def _usual_form(rows: Sequence[Cells], at: int) -> str:
    """Return the form of nearly all filled cells of a column, or nothing."""
    cells = [cell for row in rows if at < len(row) and (cell := row[at].strip())]
    if len(cells) < _FEWEST:
        return ""
    ((form, count),) = Counter(map(_form, cells)).most_common(1)
    return form if count >= _NEARLY_ALL * len(cells) else ""


def _form(cell: str) -> str:
    """Return the form of a value, such as its number of digits; nothing for words and amounts."""
    form = _FORM.fullmatch(cell)
    if not form:
        return ""
    kind = str(form.lastgroup)
    return f"{kind} {len(cell)}" if kind in ("month", "code") else kind


def name_columns(cells: Cells, width: int, line: int | None, repairs: Repairs) -> list[str]:
    """Return the names of `width` columns, made unique whatever their case.

    Raises Rejected, in French, when there are too many, or one is too long.
    """
    place = f"ligne {line} : " if line else ""
    if width > MAX_COLUMNS:
        raise Rejected(f"{place}plus de {MAX_COLUMNS} colonnes")
    written_names = [" ".join(cell.split()) for cell in cells]
    if any(len(name) > _MAX_NAME for name in written_names):
        raise Rejected(f"{place}un nom de colonne dépasse {_MAX_NAME} caractères")
    broken = sum("\n" in cell.strip() for cell in cells)
    repairs.note("line_breaks", line=line, count=broken)
    spaced = sum(cell.strip(whitespace) != cell.strip() for cell in cells)
    repairs.note("no_break_names", line=line, count=spaced)
    repairs.note("blank_names", line=line, count=written_names.count(""))
    padded = written_names + [""] * (width - len(written_names))
    numbered_names = [name or f"colonne_{at}" for at, name in enumerate(padded, 1)]
    names = unique(numbered_names)
    repeated = sum(name != want for name, want in zip(names, numbered_names, strict=True))
    repairs.note("repeated_names", line=line, count=repeated)
    return names
