"""Tells the notes and sources below a table from its rows."""

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.engine.reading.repairs import Repairs

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


def is_short(cells: Sequence[str], width: int) -> bool:
    """Whether a row of a table of that width has as few filled cells as a note."""
    return sum(bool(cell.strip()) for cell in cells) <= min(_MOST_CELLS, width - 1)


def without_notes(rows: Iterable[_Row], width: int, repairs: Repairs) -> Iterator[_Row]:
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
