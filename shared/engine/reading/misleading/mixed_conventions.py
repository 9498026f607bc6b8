"""Finds columns that write the same thing in two ways, of which a program makes two things.

A convention is a pattern. A column mixes two of them where its values are nearly all of one or the
other, and there are some of both.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from shared.engine.database import ROW, Database, filled, literal, quoted
from shared.engine.reading.values.dates import MONTH_NAMES
from shared.engine.reading.values.repeated_values import (
    CELLS,
    TEXT,
    cells_of,
    cells_with,
    repeats,
    values_of,
)
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import ColumnWarning
from shared.language.folding import fold

_ENOUGH = 0.95
"""Share of the filled rows that must be of one of the conventions."""

_LIKELY, _FIRST_ROWS = 0.8, 300
"""The same of the first rows, by which it is decided whether all are looked at."""

_EXAMPLES, _LONGEST = 3, 50

_NUMBERS = ("integer", "decimal")
_OPEN_TYPES = (*_NUMBERS, "category", "free_text", "boolean")
"""What a column may have been recognised as, all its values valid, though it mixes conventions."""

_NUMBER = r"-?\d+([.,]\d+)?"
_YEARS = (
    r"annee|millesime|year|exercice|naissance|promo|campagne|construction|creation|rentree"
    r"|(^|[_ ])(an|debut|fin)([_ ]|$)"
)
_DEGREES = (
    r"(^|[_ .-])(lat|lon|lng|long|latitude|longitude|coord|coordonnees?|[xy])([_ .-]|\d|$)|wgs"
)
_RATES = r"taux|(^|[_ ])tx([_ ]|$)|part(s|_|$| )|pct|pourcent|ratio|share|rate([_ ]|$)|proportion|%"

_LOWER, _PADDED = f"lower({TEXT})", r"0\d*[1-9]\d*"
_VALUES = "repeated_values"
"""The table of the values of the column that is looked at, where they repeat."""

_GAP = 4
"""So many times the largest fraction is the least percentage: rates below 1 % lie closer."""


@dataclass(frozen=True)
class _Family:
    """Ways to write the same thing, as patterns of folded text; one of the `first` must occur.

    `named` is what the column's name has to say. What fits `beside` is of neither way.
    """

    name: str
    patterns: tuple[str, ...]
    first: int
    named: str = ""
    beside: str = ""
    is_gapped: bool = False

    def may_be(self, column: Column, first: set[str]) -> bool:
        """Whether a column with these first values may use these conventions."""
        # Numbers alone show no other way.
        is_open = column.kind not in _NUMBERS or bool(self.named)
        union = "|".join(f"(?:{pattern})" for pattern in (*self.patterns, self.beside or "(?!)"))
        is_named = is_open and re.search(self.named, fold(column.name)) is not None
        return is_named and _share(union, first) >= _LIKELY


_FAMILIES = (
    _Family("years", (r"(1[89]|20)\d\d", r"'?(\d?[1-9]|[1-9]0)"), 1, _YEARS, r"0+"),
    _Family("degrees", (r"-?\d{1,3}[.,]\d+", r"-?\d{4,}([.,]\d+)?"), 1, _DEGREES, r"-?\d{1,3}"),
    _Family(
        "times",
        (
            r"\d{1,2}:\d\d(:\d\d)?",
            r"\d{1,2} ?h( ?\d\d)?",
            r"\d{1,2}(:\d\d)? ?[ap]m",
            r"([01]?\d|2[0-3])[0-5]\d",
        ),
        3,
    ),
    _Family("percents", (rf"{_NUMBER} ?%", _NUMBER), 1, beside="0"),
    _Family(
        "fractions", (r"0?[.,]\d+", r"[1-9]\d*([.,]\d+)?"), 1, _RATES, r"0([.,]0+)?", is_gapped=True
    ),
    _Family("booleans", ("oui|non", "[oyn]", "vrai|faux", "true|false", "yes|no", "[01]"), 5),
    _Family("months", ("|".join(MONTH_NAMES), r"0?[1-9]|1[0-2]"), 1),
    _Family("dates", (r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ t].*)?", r"[34]\d{4}([.,]\d+)?"), 1),
)


def mixed_conventions(
    database: Database, table: str, columns: Sequence[Column]
) -> dict[str, ColumnWarning]:
    """Return warnings, by name, on columns of `table` that mix two conventions."""
    candidates = [column for column in columns if _may_mix(column)]
    first = _first_values(database, table, [column.name for column in candidates])
    warnings = {
        column.name: _warning(database, table, column, first[column.name]) for column in candidates
    }
    return {name: warning for name, warning in warnings.items() if warning}


def _may_mix(column: Column) -> bool:
    meaning = column.meaning
    is_sure = meaning is not None and meaning.valid == 1 and meaning.type not in _OPEN_TYPES
    return column.distinct > 1 and not is_sure


def _first_values(database: Database, table: str, names: Sequence[str]) -> dict[str, set[str]]:
    """Return the values of the first rows, in small letters."""
    if not names:
        return {}
    chosen = ", ".join(f"lower({filled(name)})" for name in names)
    rows = database.execute(f"SELECT {chosen} FROM {quoted(table)} LIMIT {_FIRST_ROWS}").fetchall()
    cells = zip(*rows, strict=True)
    return {name: {*texts} - {None} for name, texts in zip(names, cells, strict=True)}


def _warning(
    database: Database, table: str, column: Column, first: set[str]
) -> ColumnWarning | None:
    families = [family for family in _FAMILIES if family.may_be(column, first)]
    may_be_codes = column.kind == "text" and _share(r"[\da-z]*\d[\da-z]*", first) >= _LIKELY
    if not families and not may_be_codes:
        return None
    values = values_of(table, column)
    if repeats(column):
        database.execute(f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS SELECT * FROM {values}")
        values = _VALUES
    cells = _Cells(database, cells_of(table, column.name), values)
    families += cells.padded_codes() if may_be_codes else []
    warning = next(filter(None, map(cells.mix_of, families)), None)
    database.execute(f"DROP TABLE IF EXISTS {_VALUES}")
    return warning


def _share(pattern: str, texts: Collection[str]) -> float:
    """Return the share of texts that fit."""
    fits = re.compile(pattern)
    return sum(bool(fits.fullmatch(text)) for text in texts) / max(1, len(texts))


@dataclass(frozen=True)
class _Cells:
    """The cells of a column, and its values, both as SQL to select from."""

    database: Database
    cells: str
    values: str

    def padded_codes(self) -> list[_Family]:
        """Return the ways to write codes of the usual length, where some have leading zeros.

        Where all others have one length, which is shorter, codes may have two: `011` and `65`.
        """
        others = f"FILTER ({_fits('[1-9][0-9a-z]*')})"
        shortest, longest = self._row(
            f"min(length({_LOWER})) {others}, max(length({_LOWER})) {others}", self.values
        )
        padded = self.database.execute(
            f"SELECT length({_LOWER}), max(length({_LOWER}) - length(ltrim({_LOWER}, '0')))"
            f" FROM {self.values} WHERE {_fits(_PADDED)} GROUP BY 1 ORDER BY sum({CELLS}) DESC, 1"
        ).fetchall()
        if not padded or shortest in (None, longest):
            return []
        length, zeros = padded[0][0], max(zeros for _, zeros in padded)
        lost = rf"[1-9]\d{{{max(1, length - zeros) - 1},{length - 2}}}"
        full = rf"0\d{{{length - 1}}}"
        return [_Family("codes", (full, lost), 1, beside=rf"0+|[1-9][\da-z]{{{length - 1},}}")]

    def mix_of(self, family: _Family) -> ColumnWarning | None:
        """Return a warning where the column mixes the conventions of that family."""
        tests = [_fits(pattern) for pattern in family.patterns]
        others = _fits(family.beside) if family.beside else "false"
        counted = map(cells_with, (f"{TEXT} IS NOT NULL", *tests, others))
        filled_rows, *rows, beside = self._row(", ".join(counted), self.values)
        usual = max(rows)
        is_mixed = sum(map(bool, rows)) > 1 and any(rows[: family.first])
        if not is_mixed or sum(rows) + beside < _ENOUGH * filled_rows:
            return None
        if family.is_gapped and not self._is_gapped(tests):
            return None
        fewer = [test for test, count in zip(tests, rows, strict=True) if 0 < count < usual]
        examples = self._first(" OR ".join(fewer or tests[:1]))
        return ColumnWarning(
            kind="mixed_conventions",
            convention=family.name,
            rows=sum(rows) - usual,
            examples=tuple(text for text, _ in examples),
            first_rows=tuple(row for _, row in examples),
        )

    def _is_gapped(self, tests: Sequence[str]) -> bool:
        """Whether fractions, times 100, are as large as the percents in the same column."""
        low, high = (f"FILTER ({test})" for test in tests)
        number = f"TRY_CAST(replace({_LOWER}, ',', '.') AS DOUBLE)"
        most, usual, least, few, many = self._row(
            f"max({number}) {low}, median({number}) {low}, min({number}) {high},"
            f" quantile_cont({number}, 0.1) {high}, quantile_cont({number}, 0.9) {high}",
            self.cells,
        )
        return bool(least >= _GAP * most and few / 2 <= 100 * usual <= 2 * many)

    def _first(self, test: str) -> list[tuple[str, int]]:
        """Return the first values that pass a test, with their rows."""
        text = f"left({TEXT}, {_LONGEST})"
        return self.database.execute(
            f"SELECT text, min(row) FROM (SELECT {text} AS text, {ROW} AS row"
            f" FROM {self.cells} QUALIFY {test}) GROUP BY text"
            f" ORDER BY min(row) LIMIT {_EXAMPLES}"
        ).fetchall()

    def _row(self, figures: str, source: str) -> tuple[Any, ...]:
        (row,) = self.database.execute(f"SELECT {figures} FROM {source}").fetchall()
        return tuple(row)


def _fits(pattern: str) -> str:
    return f"coalesce(regexp_full_match({_LOWER}, {literal(pattern)}), false)"
