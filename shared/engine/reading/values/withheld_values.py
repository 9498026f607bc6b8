"""Cells that are read as no number or day, those with a mark for a secret one apart from others."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from shared.engine.database import filled, literal
from shared.engine.tables.manifest import Column
from shared.language.french import french_list, grouped, quoted

WITHHELD = "withheld"
"""The kind of a report's warning of secret values."""

OF_VALUES = frozenset(
    ("sum", "mean", "count", "distinct", "median", "quantile", "min", "max", "share", "weighed")
)
"""Figures that marks do not go into."""

_MARKS = 5
"""So many are named."""

Becomes = Literal["not_counted", "left_empty"]
"""What becomes of secret values: figures do without them, a result has none in their place."""


class EmptyCells(NamedTuple):
    """How many cells of a column are not read, how many of them are secret, and their marks."""

    cells: int
    secret: int = 0
    marks: tuple[str, ...] = ()


def is_withheld(column: Column) -> str:
    """Return the SQL test for a cell with a mark in place of a secret number."""
    if not column.withheld:
        return "false"
    return f"coalesce({filled(column.name)} IN ({_marks(column)}), false)"


def without_marks(column: Column | None, value: str) -> str:
    """Return the column's `value` in SQL, null where a mark stands in place of a figure."""
    if column is None or not column.withheld:
        return value
    return f"CASE WHEN {filled(column.name)} NOT IN ({_marks(column)}) THEN {value} END"


def _marks(column: Column) -> str:
    return ", ".join(map(literal, column.withheld))


def warnings_of(empty: Mapping[str, EmptyCells], becomes: Becomes) -> Iterator[dict[str, Any]]:
    """Yield what a report says of each column's empty cells."""
    for name, cells in empty.items():
        if cells.secret:
            sentence = secret_told(name, cells.marks, becomes, cells.secret)
            yield {"kind": WITHHELD, "column": name, "cells": cells.secret, "told": sentence}
        if others := cells.cells - cells.secret:
            sentence = _empty_told(name, others)
            yield {"kind": "no_value", "column": name, "cells": others, "told": sentence}


def secret_told(
    name: str, marks: tuple[str, ...], becomes: Becomes, cells: int | None = None
) -> str:
    """Tell, in French, what becomes of a column's secret values; `cells` counts them, if it may."""
    named = french_list([quoted(mark) for mark in marks[:_MARKS]])
    named += ", …" if len(marks) > _MARKS else ""
    if cells == 1:
        consequence = "n'est pas comptée" if becomes == "not_counted" else "reste vide"
        return f"1 valeur secrète ou non communiquée ({named}) {consequence} dans {quoted(name)}"
    some = "les" if cells is None else grouped(cells)
    consequence = "ne sont pas comptées" if becomes == "not_counted" else "restent vides"
    return (
        f"{some} valeurs secrètes ou non communiquées ({named}) {consequence} dans {quoted(name)}"
    )


def _empty_told(name: str, cells: int) -> str:
    column = quoted(name)
    if cells == 1:
        return f"une cellule de {column} n'est ni nombre ni date, et reste vide"
    return f"{cells} cellules de {column} ne sont ni nombres ni dates, et restent vides"
