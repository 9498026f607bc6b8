"""Describes the columns of a table: each by its values, then by what stands beside it."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.database import ROW, Database, Say, columns, count, filled, quoted
from shared.engine.reading.columns.area_codes import with_codes
from shared.engine.reading.columns.cog import best_year, load_codes
from shared.engine.reading.columns.column_types import ColumnType, all_types
from shared.engine.reading.columns.coordinates import with_coordinates
from shared.engine.reading.columns.type_detection import LONGEST, TypeDetection
from shared.engine.reading.values.column_units import of_unit
from shared.engine.reading.values.dates import any_of
from shared.engine.reading.values.geometry import kinds_of
from shared.engine.reading.values.numbers import unit_of_values
from shared.engine.reading.values.units import unit_of_name
from shared.engine.reading.values.value_tests import Counts, Test, Texts, among, matching
from shared.engine.tables.column_names import named_kind
from shared.engine.tables.key_file import COARSE
from shared.engine.tables.manifest import Column, Meaning


def with_rows_of_others(
    database: Database, table: str, columns: Sequence[Column], longest: int
) -> list[Column]:
    """Return the columns of `table`, with the first row of each value that is no code.

    Examples are cut after `longest` characters.
    """
    return [
        _with_rows(database, table, column, column.meaning, longest)
        if column.meaning and column.meaning.invalid and _is_code(column)
        else column
        for column in columns
    ]


def _is_code(column: Column) -> bool:
    repair = column.meaning and column.meaning.repair
    return bool(column.key or repair) or column.type in COARSE


def _with_rows(
    database: Database, table: str, column: Column, meaning: Meaning, longest: int
) -> Column:
    text = f"left({filled(column.name)}, {longest})"
    first_rows = database.execute(
        f"SELECT text, min(row) FROM (SELECT {text} AS text, {ROW} AS row FROM {quoted(table)})"
        " WHERE text IN (SELECT unnest(?)) GROUP BY text",
        [list(meaning.invalid)],
    ).fetchall()
    rows = {str(text): int(row) for text, row in first_rows}
    positions = {"invalid_at": tuple(map(rows.__getitem__, meaning.invalid))}
    return column.model_copy(update={"meaning": meaning.model_copy(update=positions)})


_BATCH = 1_000_000
"""Distinct values looked at together, whatever their number: memory stays bounded."""

_GATHERED_BYTES = 1 << 26
"""Each thread of the database begins a batch of its own, and lists have to be seen whole."""

_FEW_ROWS = 20_000
"""Of so many rows all columns are read at once: to ask for each takes longer than to count."""

_ALWAYS_MISSING = frozenset((r"\N", "#N/A", "NULL", "null"))
_OFTEN_MISSING = frozenset(
    ("NA", "N/A", "n/a", "NaN", "nan", "ND", "nd", "n.d.", "-", "--", ".", "…", "?")
)
"""What programs and people write for "no value": also a name, a sign, the code of Namibia."""

_SECRET = ("s", "S", "ss", "c", "C", "secret", "Secret")
_MEANINGLESS = ("nc", "NC", "n.c.", "ns", "NS", "n.s.", "nr", "NR")
_WITHHELD = frozenset((*_SECRET, *_MEANINGLESS))
_BOUND = "[<≤>≥] ?[0-9]+([.,][0-9]+)?"
"""What statistics write in place of a number that is kept secret or has no meaning. The table keeps
it, as it is no empty cell; it says nothing of what the others are. `<5` is no number either."""

_FAULTS = 0.05
_NUMBERS = frozenset(("integer", "decimal"))

_is_withheld = any_of((among(_WITHHELD), matching(_BOUND)))
_is_mark = among(_ALWAYS_MISSING | _OFTEN_MISSING)

_MANY = 100
"""No category has more values than this."""

_REPEATED = 5
"""So often the values of a category occur on average."""

_KEPT = 50_000
"""So many distinct values are kept until all are there."""

_WORDS = 5
"""So many words the values of free text have on average."""


class ColumnProfile:
    """What the values of a column show together.

    The marks that it writes for "no value" are judged by the rest of it: where the other values
    are numbers, dates or codes, `NA` and `-` are none; in free text they may be a value.
    """

    def __init__(self, name: str, types: Iterable[ColumnType]) -> None:
        self._name, self._detection = name, TypeDetection(name, types)
        self._filled = self._distinct = self._spaces = 0
        self._marks: dict[str, int] = {}
        self._withheld: dict[str, int] = {}
        self._few: list[Texts] = []

    def add(self, values: Texts, counts: Counts) -> None:
        """Count some of the distinct values, in any order, with how often each occurs."""
        self._filled += int(counts.sum())
        self._distinct += len(values)
        values, counts = _set_apart(_is_mark, values, counts, self._marks)
        values, counts = _set_apart(_is_withheld, values, counts, self._withheld)
        self._spaces += int(np.sum(pc.count_substring(values, " ").to_numpy()))
        self._detection.add(values, counts)
        if self._distinct <= _KEPT:
            self._few.append(values)

    def column(self) -> Column:
        """Return the column as described by all values added so far."""
        detected = self._found()
        meaning, found_type = detected or (None, None)
        is_number = meaning is not None and meaning.type in _NUMBERS
        if not is_number and len(self._withheld) > _FAULTS * self._distinct:
            detected = meaning = found_type = None
        key = found_type.name if found_type and found_type.is_key else None
        marks = {
            mark: rows for mark, rows in self._marks.items() if detected or mark in _ALWAYS_MISSING
        }
        filled, distinct = self._filled - sum(marks.values()), self._distinct - len(marks)
        return Column(
            name=self._name,
            kind="text" if key or self._withheld else self._detection.kind,
            filled=filled,
            distinct=distinct,
            key=key,
            meaning=self._detailed(meaning) or self._category_or_text(filled, distinct),
            missing=tuple(sorted(marks)),
            withheld=tuple(sorted(self._withheld)) if is_number else (),
        )

    def _found(self) -> tuple[Meaning, ColumnType] | None:
        """Return what the column holds; marks of secret numbers do not count as codes."""
        detected = self._detection.best()
        if detected and self._withheld and detected[0].type == named_kind(self._name):
            marks, self._withheld = self._withheld, {}
            self._detection.add(pa.array(list(marks)), np.array(list(marks.values())))
            detected = self._detection.best()
        return detected

    def _detailed(self, meaning: Meaning | None) -> Meaning | None:
        """Add the unit of numbers, the kinds of geometries, or the year of communes."""
        if meaning is None or not meaning.valid:
            return meaning
        if meaning.type in _NUMBERS:
            return meaning.model_copy(update={"unit": self._unit(meaning.format) or None})
        if meaning.type == "wkt" and self._few:
            kinds = ", ".join(kinds_of(pa.concat_arrays(self._few)))
            return meaning.model_copy(update={"format": kinds})
        return self._dated(meaning) if meaning.type == "commune" else meaning

    def _unit(self, shape: str | None) -> str:
        """Return the unit that cells write beside the digits, else the unit that the name tells."""
        written = unit_of_values(pa.concat_arrays(self._few), shape) if self._few else ""
        return written or unit_of_name(self._name)

    def _dated(self, meaning: Meaning) -> Meaning:
        """Add the year of the codes of communes; all distinct values are kept, as they are few."""
        fit = best_year(pa.concat_arrays(self._few))
        if fit is None:
            return meaning
        first = next(iter(fit.alternatives), None)
        return meaning.model_copy(update={"year": fit.year, "year_from": first, "codes": fit.kinds})

    def _category_or_text(self, filled: int, distinct: int) -> Meaning | None:
        """Return a category where few values repeat, free text where they have many words."""
        if 1 < distinct <= _MANY and filled >= _REPEATED * distinct:
            return Meaning(type="category", confidence=round(1 - distinct / filled, 3), valid=1.0)
        if distinct and self._spaces / distinct >= _WORDS - 1:
            return Meaning(type="free_text", confidence=1.0, valid=1.0)
        return None


def _set_apart(
    test: Test, values: Texts, counts: Counts, apart: dict[str, int]
) -> tuple[Texts, Counts]:
    """Return the values that fail the test; those that pass go to `apart` with their counts."""
    flags = test(values)
    if not flags.any():
        return values, counts
    passing_values = values.filter(pa.array(flags)).to_pylist()
    apart.update(zip(passing_values, counts[flags].tolist(), strict=True))
    return values.filter(pa.array(~flags)), counts[~flags]


def describe(database: Database, table: str, say: Say) -> tuple[int, list[Column]]:
    """Return the number of rows of `table`, and its columns in order.

    Text and whole numbers are described by their values, the rest by its type. Codes that the
    source has as numbers are no keys: they meet no text.
    """
    described, rows, stored = [], count(database, table), columns(database, table)
    by_values = [name for name, kind in stored.items() if kind == "VARCHAR" or _is_integer(kind)]
    is_small = by_values and rows <= _FEW_ROWS
    read = _read_at_once(database, table, by_values) if is_small else {}
    for at, (name, kind) in enumerate(stored.items()):
        say(at / len(stored), f"décrit la colonne {name}")
        if name not in by_values:
            column = _typed_column(database, table, name, kind)
        else:
            column = _described(name, [read[name]] if read else _read(database, table, name))
        if _is_integer(kind):
            column = column.model_copy(update={"kind": "integer", "key": None})
        if kind != "VARCHAR":
            column = column.model_copy(update={"stored": kind})
        described.append(column)
    coded = with_rows_of_others(database, table, with_codes(database, table, described), LONGEST)
    return rows, with_coordinates(database, table, coded)


def describe_column(database: Database, table: str, name: str) -> Column:
    """Describe one column of text by itself, without the columns beside it."""
    return _described(name, _read(database, table, name))


def _described(name: str, read: Iterable[tuple[Texts, Counts]]) -> Column:
    profile = ColumnProfile(name, all_types(load_codes()))
    for values, counts in read:
        profile.add(values, counts)
    return profile.column()


def _read(database: Database, table: str, name: str) -> Iterator[tuple[Texts, Counts]]:
    """Yield the distinct values of a column in batches, and how often each occurs."""
    counted = database.sql(
        f"SELECT {filled(name)} AS text, count(*) AS n FROM {quoted(table)} GROUP BY 1"
    )
    for batch in merged(counted.to_arrow_reader(_BATCH), _GATHERED_BYTES):
        valued = batch.filter(batch["text"].is_valid())  # asked of the database, it trims twice
        yield valued["text"], valued["n"].to_numpy()


def _read_at_once(
    database: Database, table: str, names: Iterable[str]
) -> dict[str, tuple[Texts, Counts]]:
    """Read the distinct values of all columns, by column name."""
    texts = ", ".join(f"{filled(name)} AS {quoted(name)}" for name in names)
    read = database.sql(f"SELECT {texts} FROM {quoted(table)}").to_arrow_table()
    values_by_column = {}
    for name, cells in zip(names, read.columns, strict=True):
        values, counts = cells.combine_chunks().drop_null().value_counts().flatten()
        values_by_column[name] = values, counts.to_numpy()
    return values_by_column


def _typed_column(database: Database, table: str, name: str, stored_type: str) -> Column:
    column, kind = quoted(name), _kind_of(stored_type)
    ((filled, distinct),) = database.execute(
        f"SELECT count({column}), count(DISTINCT {column}) FROM {quoted(table)}"
    ).fetchall()
    unit = unit_of_name(name) if kind == "decimal" else ""
    meaning = of_unit(unit) if unit else None
    return Column(name=name, kind=kind, filled=filled, distinct=distinct, meaning=meaning)


def _is_integer(stored_type: str) -> bool:
    return stored_type.endswith(("INT", "INTEGER"))


def _kind_of(stored_type: str) -> str:
    """Return the kind of a column that the database stores as that type, other than integers."""
    if stored_type.startswith(("DATE", "TIMESTAMP")):
        return "date"
    if stored_type.startswith(("DECIMAL", "FLOAT", "DOUBLE")):
        return "decimal"
    return "boolean" if stored_type == "BOOLEAN" else "text"


def merged(batches: Iterable[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """Join batches of rows into larger ones of at most `most_bytes`."""
    kept: list[pa.RecordBatch] = []
    for batch in batches:
        if kept and sum(kept_batch.nbytes for kept_batch in kept) + batch.nbytes > most_bytes:
            yield pa.concat_batches(kept)
            kept = []
        kept.append(batch)
    if kept:
        yield pa.concat_batches(kept)
