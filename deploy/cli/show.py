"""Shows answers: tables for people, JSON for programs."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]
# Data may hold terminal commands: everything but line breaks and tabs is made visible.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_DATE = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)$")
_WHOLE = {"id", "at", "state", "kind", "stage", "type", "progress", "seconds"}
"""Columns that are never broken: they are there to be copied or compared."""

_WIDE = 160
_LONGEST = 64
"""Characters of such a column: what is longer would leave the others no room."""


def as_json(value: object) -> None:
    """Print JSON for a program."""
    words = json.dumps(value, ensure_ascii=False, indent=2)
    sys.stdout.write(_SURROGATE.sub(_REPLACEMENT, words) + "\n")


def answer(value: Any, display: Callable[[Any], None], *, json: bool) -> None:  # noqa: ANN401 - JSON
    """Print JSON for a program, or what `display` shows of it to people."""
    (as_json if json else display)(value)


def raw(words: str) -> None:
    """Print a document for a program."""
    sys.stdout.write(words)


def page(answer: Mapping[str, Any], columns: Sequence[str]) -> None:
    """Print one page of a list, and how to get the next one."""
    rows(answer["items"], columns)
    if answer.get("next"):
        _console().print(f"There are more: add --after {text(answer['next'])}")


def rows(items: Iterable[Row], columns: Sequence[str]) -> None:
    """Print a table; a column is a field, or `a.b` for a field within a field."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        name, whole = column.rsplit(".", 1)[-1], column in _WHOLE
        if whole:
            table.add_column(name, overflow="ellipsis", no_wrap=True, max_width=_LONGEST)
        else:
            table.add_column(name, overflow="fold")
    for item in items:
        table.add_row(*(text(_field(item, column)) for column in columns))
    if table.row_count:
        _console().print(table)
    else:
        _console().print("Nothing found.")


def record(answer: Mapping[str, Any], leave_out: Sequence[str] = ()) -> None:
    """Print one thing, field by field; fields without a value are left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in answer.items():
        if name not in leave_out and value not in (None, "", [], {}):
            table.add_row(name, text(value))
    _console().print(table)


def line(words: str) -> None:
    """Print one line."""
    _console().print(text(words))


def text(value: object) -> str:
    """Format a value for people, without control characters that a terminal would obey."""
    if isinstance(value, list):
        plain = all(isinstance(entry, str | int | float) for entry in value)
        return (", " if plain else "\n").join(map(text, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {text(entry)}" for name, entry in value.items() if entry)
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    return _CONTROL.sub(_REPLACEMENT, _DATE.sub(r"\1 \2 UTC", str(value)))


def _field(item: Row, column: str) -> object:
    value: Any = item
    for name in column.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _console() -> Console:
    # Made anew each time: it looks at where the output goes and how wide that is.
    width = None if sys.stdout.isatty() else _WIDE
    return Console(markup=False, highlight=False, emoji=False, width=width)
