"""Finds the header of a table, and gives each column a name."""

import re
from collections import Counter
from collections.abc import Sequence

from services.compute.runner.names import unique
from services.compute.runner.repairs import Repairs
from shared.errors import Rejected

MAX_COLUMNS = 2000
_MAX_NAME = 500

_FULL = 0.7
"""Share of a table's usual width that a header fills: titles and notes above it fill less."""

_NUMBER = re.compile(r"[+-]?[0-9\s.,%/-]+")

Cells = Sequence[str]


def find_header(rows: Sequence[Cells]) -> int:
    """The index of the header among the first rows of a table, which are not all empty.

    It is the first row about as full as the rows usually are, and those above it are titles or
    notes; but when it looks like data, the header is the row above it, which has gaps.
    """
    widths = [sum(bool(cell) for cell in row) for row in rows]
    counted = Counter(width for width in widths if width)
    usual = max(counted, key=lambda width: (counted[width], -width))
    found = next(at for at, width in enumerate(widths) if width >= _FULL * usual)
    above = [at for at in range(found) if widths[at]]
    return above[-1] if above and _looks_like_data(rows[found]) else found


def _looks_like_data(row: Cells) -> bool:
    cells = [cell for cell in row if cell]
    return sum(bool(_NUMBER.fullmatch(cell)) for cell in cells) * 2 > len(cells)


def name_columns(cells: Cells, width: int, line: int, repairs: Repairs) -> list[str]:
    """The names of `width` columns, which differ from each other whatever their case.

    Raises Rejected, in French, when there are too many, or one is too long.
    """
    if width > MAX_COLUMNS:
        raise Rejected(f"ligne {line} : plus de {MAX_COLUMNS} colonnes")
    given = [" ".join(cell.split()) for cell in cells]
    if any(len(name) > _MAX_NAME for name in given):
        raise Rejected(f"ligne {line} : un nom de colonne dépasse {_MAX_NAME} caractères")
    broken = sum("\n" in cell.strip() for cell in cells)
    if broken:
        repairs.note("line_breaks", line=line, count=broken)
    blank = sum(not name for name in given)
    if blank:
        repairs.note("blank_names", line=line, count=blank)
    padded = given + [""] * (width - len(given))
    wanted = [name or f"colonne_{at}" for at, name in enumerate(padded, 1)]
    names = unique(wanted)
    repeated = sum(name != want for name, want in zip(names, wanted, strict=True))
    if repeated:
        repairs.note("repeated_names", line=line, count=repeated)
    return names
