"""The first rows of a result as people read them: numbers as French has them, codes as they are."""

import csv
import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from shared.engine.tables.code_names import named_kind
from shared.language.french import grouped

_SHOWN = 50
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,99})(?:\.\d+)?")
"""One as people read them: what is longer is shown as it stands."""
_WHOLE = re.compile(r"-?\d+(?:\.0+)?")
_MOST_DIGITS = 15
_DECIMALS, _SIGNIFICANT = 6, 3
"""So many digits after the comma at most, or as many as a small number needs to have these."""

_CODE_LENGTHS = frozenset({4, 5, 9, 14})
"""Years, codes of communes and postcodes, SIREN and SIRET."""


class FirstRows(NamedTuple):
    """The head of a table and its first rows; whether there are more."""

    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    is_cut: bool = False


def first_rows(text: bytes, most_bytes: int) -> FirstRows:
    """The first rows of what begins a CSV file, of which so many bytes count."""
    is_cut = len(text) > most_bytes
    lines = text[:most_bytes].decode("utf-8-sig", "ignore").splitlines(keepends=True)
    read = csv.reader(io.StringIO("".join(lines[:-1] if is_cut else lines)), delimiter=";")
    rows = [row for row, _ in zip(read, range(_SHOWN + 2), strict=False)]
    if not rows:
        return FirstRows()
    head, rows = rows[0], rows[1:]
    columns = [
        _written(name, values) for name, values in zip(head, zip(*rows, strict=False), strict=False)
    ]
    written = list(zip(*columns, strict=True)) if rows else []
    return FirstRows(head, written[:_SHOWN], is_cut or len(rows) > _SHOWN)


def _written(name: str, values: Sequence[str]) -> Sequence[str]:
    """Return a column as people read it; numbers get a decimal comma and thousands spaces."""
    filled_cells = [cell for cell in values if cell]
    if (
        not filled_cells
        or not all(map(_NUMBER.fullmatch, filled_cells))
        or not _is_of_numbers(name, filled_cells)
    ):
        return values
    if all(map(_WHOLE.fullmatch, filled_cells)):
        return [cell and _grouped(cell.partition(".")[0]) for cell in values]
    return [cell and _with_comma(cell) for cell in values]


def _is_of_numbers(name: str, cells: Sequence[str]) -> bool:
    """Return whether the cells are counts or measures, rather than codes or years."""
    if any("." in cell for cell in cells):
        return True
    lengths = {len(cell) for cell in cells}
    is_code = named_kind(name) or max(lengths) > _MOST_DIGITS
    return not is_code and (len(lengths) > 1 or not lengths & _CODE_LENGTHS)


def _grouped(whole: str) -> str:
    return grouped(int(whole)).replace("-", "\u2212")


def _with_comma(number: str) -> str:
    value = Decimal(number)
    places = max(_DECIMALS, _SIGNIFICANT - 1 - value.adjusted())
    whole, _, fraction = f"{value:.{places}f}".partition(".")
    sign = "\u2212" if whole.startswith("-") else ""
    fraction = fraction.rstrip("0")
    return f"{sign}{grouped(abs(int(whole)))}{',' if fraction else ''}{fraction}"
