"""Tells a first row that is data, in a table whose columns nobody named."""

import re
from collections import Counter
from collections.abc import Sequence

from services.compute.runner.contacts import EMAIL, PHONE

_NEARLY_ALL, _FEWEST = 0.9, 2

_NIR = r"[1-478] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3}( ?[0-9]{2})?"
_OF_SOMEBODY = re.compile(f"{EMAIL}|{PHONE}|{_NIR}", re.IGNORECASE)
"""A mailbox, a telephone of France or a NIR, with or without its key: no column is called so."""

_FORM = re.compile(
    r"(?P<day>(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})(?:[ T][0-9:.]+Z?)?)"
    r"|(?P<url>https?://\S+)"
    r"|(?P<month>(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])?)"
    r"|(?P<code>[0-9][0-9AB][0-9]{3,})"
)


def is_data(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of these rows holds values like those below, not the names of columns.

    Days, months, codes and addresses are names, too, above other values: they are data where
    nearly all values below have their form, and no word stands above such values.
    """
    top, below = [" ".join(cell.split()) for cell in rows[0]], rows[1:]
    if any(map(_OF_SOMEBODY.fullmatch, top)):
        return True
    if not any(map(_form, top)):
        return False
    formed = [(cell, form) for at, cell in enumerate(top) if (form := _usual_form(below, at))]
    is_like_them = any(_form(cell) == form for cell, form in formed)
    return is_like_them and not any(_is_word(cell) for cell, _ in formed)


def names_values(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of these rows has a word above days, codes or addresses, and another."""
    top, below = rows[0], rows[1:]
    words = [at for at, cell in enumerate(top) if _is_word(cell.strip())]
    return len(words) > 1 and any(_usual_form(below, at) for at in words)


def _is_word(cell: str) -> bool:
    return cell[:1].isalpha() and not _form(cell)


def _usual_form(rows: Sequence[Sequence[str]], at: int) -> str:
    """The form of nearly all filled cells of a column, or nothing."""
    cells = [cell for row in rows if at < len(row) and (cell := row[at].strip())]
    if len(cells) < _FEWEST:
        return ""
    ((form, count),) = Counter(map(_form, cells)).most_common(1)
    return form if count >= _NEARLY_ALL * len(cells) else ""


def _form(cell: str) -> str:
    """What a value looks like, digits with how many they are; nothing for words and amounts."""
    found = _FORM.fullmatch(cell)
    if not found:
        return ""
    kind = str(found.lastgroup)
    return f"{kind} {len(cell)}" if kind in ("month", "code") else kind
