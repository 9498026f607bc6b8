"""Leaves the values of a table's key columns in a file, for the catalogue's index of joins.

A column is a key when its kind is one, or when it looks like an identifier: codes without spaces
and with digits in nearly all of them, or whole numbers of one length that never repeat. Text for
people, measures, dates and whatever tells about persons is none. A key that repeats is paired with
each period that tells its rows apart. A key of a known kind is followed by what it leads to.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from shared.engine.database import Database, filled, quoted
from shared.engine.reading.linkage.crosswalk_lookup import Counted, projections
from shared.engine.reading.values.repeated_values import (
    CELLS,
    TEXT,
    cells_of,
    cells_with,
    values_of,
)
from shared.engine.tables.key_file import (
    COARSE,
    KEY_SPACES,
    LONGEST_VALUE,
    UNTYPED,
    KeyColumn,
    blocks_of,
)
from shared.engine.tables.manifest import Column
from shared.engine.tables.privacy import Privacy

MOST_VALUES = 500_000
"""Distinct values of one column that are kept, the first in order."""

MOST_VALUES_OF_A_TABLE = 2_000_000
"""With those that crosswalks make; keys of known kinds come first."""

_MOST_COLUMNS = 50
_MOST_PAIRS = 20

_CODE = "[A-Za-z0-9][A-Za-z0-9_./-]{1,39}"
_WITH_DIGITS = 0.9
_ROW_NUMBER_DIGITS = 4
"""Shorter whole numbers count rows or things: every table has the same."""

_FIRST_ROWS = 1000
_MOST_PERIODS = 5
_PERSONAL = re.compile("immat|plaque|iban|passeport|matricule|login|pseudo|badge", re.IGNORECASE)
"""In names of columns whose codes tell about persons."""

_PERIODS = {
    "year": "(18|19|20)[0-9]{2}",
    "month": "(18|19|20)[0-9]{2}-(0[1-9]|1[0-2])",
    "date": "(18|19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
}


class _Key(NamedTuple):
    """A key: its columns, its key space, the SQL to select its values from, their kind if known.

    `rows` have a value, of which `distinct` are different.
    """

    columns: tuple[str, ...]
    space: str
    values: str
    rows: int
    distinct: int
    kind: str = ""

    @classmethod
    def of(cls, table: str, column: Column, kind: str = "") -> "_Key":
        """Return the key that a column of that table is by itself."""
        space = KEY_SPACES.get(kind, kind) or UNTYPED
        figures = (column.filled, column.distinct, kind)
        return cls((column.name,), space, values_of(table, column), *figures)


def write_keys(
    database: Database, table: str, columns: Sequence[Column], privacy: Privacy, output: Path
) -> bool:
    """Write the key file of `table` without personal columns; returns whether it has any key."""
    source = _Source(database, table)
    single = list(islice(source.keys(_public(columns, privacy)), _MOST_COLUMNS))
    pairs = islice(source.pairs(single, _public(columns, privacy)), _MOST_PAIRS)
    written = (
        column_and_values for key in (*single, *pairs) for column_and_values in source.written(key)
    )
    left = MOST_VALUES_OF_A_TABLE
    with output.open("w", encoding="utf-8") as file:
        for column, counted in written:
            left -= len(counted)
            if left < 0:
                break
            file.writelines(f"{block.model_dump_json()}\n" for block in blocks_of(column, counted))
    return output.stat().st_size > 0


def _public(columns: Sequence[Column], privacy: Privacy) -> list[Column]:
    """Return the columns that are not personal; of a table about persons only known keys."""
    private = {finding.column for finding in privacy.findings if finding.kind != "place"}
    of_persons = privacy.subject == "persons"
    return [
        column
        for column in columns
        if column.filled and column.name not in private and (column.key or not of_persons)
    ]


class _Source:
    """A table that is asked about its columns."""

    def __init__(self, database: Database, table: str) -> None:
        self._database, self._table = database, table

    def keys(self, columns: Sequence[Column]) -> Iterator[_Key]:
        """Return the keys of one column, those of known kinds first."""
        for column in columns:
            if column.key:
                yield _Key.of(self._table, column, column.key)
        for column in columns:
            if kind := _coarse(column):
                yield _Key.of(self._table, column, kind)
        for column in columns:
            if self._is_identifier(column):
                yield _Key.of(self._table, column)

    def pairs(self, keys: Sequence[_Key], columns: Sequence[Column]) -> Iterator[_Key]:
        """Yield each repeated key with each period that makes it unique."""
        candidates = ((column.name, kind) for column in columns if (kind := self._period(column)))
        periods = list(islice(candidates, _MOST_PERIODS))
        for key in keys:
            beside = [period for period in periods if period[0] not in key.columns]
            for name, kind in beside if key.distinct < key.rows else ():
                (first,) = key.columns
                both = f"{filled(first)} || ' ' || {filled(name)}"
                values = f"(SELECT {both} AS value, 1 AS {CELLS} FROM {quoted(self._table)})"
                rows, distinct = self._row(f"count({TEXT}), count(DISTINCT {TEXT})", values)
                if distinct == rows:
                    yield _Key((*key.columns, name), f"{key.space}+{kind}", values, rows, distinct)

    def written(self, key: _Key) -> Iterator[tuple[KeyColumn, Counted]]:
        """Yield the column of a key with its values, then its projections by crosswalks."""
        counted = self.counted(key)
        if not counted:
            return
        column = KeyColumn(
            columns=key.columns,
            space=key.space,
            rows=key.rows,
            distinct=key.distinct,
            is_cut=key.distinct > len(counted),
            kind=key.kind if key.kind in KEY_SPACES else "",
        )
        yield column, counted
        for projection in projections(key.kind, counted) if key.kind else ():
            projected = {
                "space": projection.crosswalk.space,
                "kind": "",
                "via": projection.crosswalk.name,
                "cost": projection.cost,
                "rows": projection.rows,
                "distinct": len(projection.counted),
            }
            yield column.model_copy(update=projected), projection.counted

    def counted(self, key: _Key) -> list[tuple[str, int]]:
        """Return distinct values and their rows, sorted: the same table makes the same file."""
        return self._database.execute(
            f"SELECT text, sum({CELLS})::BIGINT FROM (SELECT {TEXT} AS text, {CELLS}"
            f" FROM {key.values}) WHERE text IS NOT NULL AND length(text) <= {LONGEST_VALUE}"
            f" AND NOT contains(text, chr(0)) GROUP BY text ORDER BY text LIMIT {MOST_VALUES}"
        ).fetchall()

    def _is_identifier(self, column: Column) -> bool:
        if column.key or column.kind not in ("text", "integer"):
            return False
        if (column.meaning and column.meaning.type != column.kind) or _PERSONAL.search(column.name):
            return False
        values = values_of(self._table, column)
        if column.kind == "integer":
            if column.distinct < column.filled:
                return False
            shortest, longest = self._row(f"min(length({TEXT})), max(length({TEXT}))", values)
            return bool(shortest == longest > _ROW_NUMBER_DIGITS)
        if not any(self._fit(column, [_CODE])):
            return False
        has_digit = cells_with(f"regexp_matches({TEXT}, '[0-9]')")
        digits, cells = self._row(f"{has_digit}, {cells_with(f'{TEXT} IS NOT NULL')}", values)
        return bool(digits / cells >= _WITH_DIGITS)

    def _period(self, column: Column) -> str | None:
        if column.key or column.kind not in ("integer", "date", "text"):
            return None
        fits = self._fit(column, _PERIODS.values())
        return next((kind for kind, fit in zip(_PERIODS, fits, strict=True) if fit), None)

    def _fit(self, column: Column, patterns: Iterable[str]) -> tuple[Any, ...]:
        """Tell for each pattern whether all values fit it; the first rows refute most patterns."""
        tests = ", ".join(
            f"bool_and(regexp_full_match({TEXT}, '{pattern}'))" for pattern in patterns
        )
        cells = cells_of(self._table, column.name)
        first = self._row(tests, f"(SELECT * FROM {cells} LIMIT {_FIRST_ROWS})")
        # A test of no value at all is null: it tells nothing yet.
        if all(fit is False for fit in first):
            return first
        return self._row(tests, values_of(self._table, column))

    def _row(self, aggregates: str, source: str) -> tuple[Any, ...]:
        """Return aggregates of what can be selected from that SQL."""
        (row,) = self._database.execute(f"SELECT {aggregates} FROM {source}").fetchall()
        return tuple(row)


def _coarse(column: Column) -> str:
    """Return the kind of a column of place codes that joins use but never suggest."""
    meaning = column.meaning
    is_place = meaning and meaning.type in COARSE and not meaning.repair
    return meaning.type if meaning and is_place else ""
