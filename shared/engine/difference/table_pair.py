"""Two tables side by side: the columns that both have, as values to compare and as figures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.engine.contract.table_difference import ChangedKind, TableComparison
from shared.engine.database import Database, columns, filled, literal, quoted
from shared.engine.reading.columns.typed_values import typed_table, typed_value
from shared.engine.reading.totals.labels import may_be_figures
from shared.engine.tables.manifest import Column

BEFORE, AFTER = "before", "after"
VIEWS = BEFORE, AFTER
"""The views of the two tables, with the columns that `SharedColumn` names."""

IS_THERE = "is_there"
"""Another column of both, which is true: it tells a row from none beside it."""

_FIGURE = "DECIMAL(30, 10)"
"""Whole numbers of 64 bits fit, and so do sums of ten million of the largest of them."""

_KINDS = {"FLOAT": "decimal", "DOUBLE": "decimal", "DECIMAL": "decimal", "VARCHAR": "text"}
_NUMBERS = ("integer", "decimal")
_TIMES = ("date", "datetime", "month", "year")
_OFFICIAL_CODE, _NAME, _TIME, _PROSE = range(4)


class SharedColumn(NamedTuple):
    """A column of both tables.

    `value` and, unless it is empty, `figure` are its columns in both views. `key_rank` says how
    well it tells rows apart, the lowest best; None for what only measures them.
    """

    name: str
    value: str
    figure: str
    key_rank: int | None


class TablePair(NamedTuple):
    """The columns of two tables; `shared` in the order of the second."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed_kinds: tuple[ChangedKind, ...]
    shared: tuple[SharedColumn, ...]


@dataclass(frozen=True)
class _ReadTable:
    """A table as its columns are read: `types` are those in SQL, `parsed` what is text in it."""

    stored: str
    types: Mapping[str, str]
    described: Mapping[str, Column]
    parsed: frozenset[str]

    def column(self, name: str) -> Column:
        """What a column was described to hold, if anything."""
        bare = Column(name=name, kind=self.kind(name), filled=0, distinct=0)
        return self.described.get(name, bare)

    def kind(self, name: str) -> str:
        """What the values of a column are: text, integer, decimal, boolean, date, ..."""
        sql_type = self.types[name].partition("(")[0]
        if sql_type.endswith(("INT", "INTEGER")):
            return "integer"
        if sql_type.startswith("TIMESTAMP"):
            return "datetime"
        return _KINDS.get(sql_type, sql_type.lower())

    def value(self, name: str) -> str:
        """A column in SQL, as what it holds."""
        return typed_value(self.described[name]) if name in self.parsed else quoted(name)

    def text(self, name: str, *, as_decimal: bool) -> str:
        """The same as text; what could not be read, such as a secret figure, as it is written."""
        value = self.value(name)
        text = f"CAST({f'CAST({value} AS DOUBLE)' if as_decimal else value} AS VARCHAR)"
        return f"coalesce({text}, {filled(name)})" if name in self.parsed else text

    def figure(self, name: str) -> str:
        """A column of numbers in SQL; NULL for what has more digits."""
        value = self.value(name)
        # From its shortest text: 0.1 is no other number than the one that people read.
        text = f"CAST({value} AS VARCHAR)" if self.kind(name) == "decimal" else value
        return f"TRY_CAST({text} AS {_FIGURE})"


def open_pair(
    database: Database, before_path: Path, after_path: Path, comparison: TableComparison
) -> TablePair:
    """Make the views of two Parquet files, and return what columns they have."""
    before = _read(database, BEFORE, before_path, comparison.before)
    after = _read(database, AFTER, after_path, comparison.after)
    names = [name for name in after.types if name in before.types]
    shared = tuple(_shared(before, after, name, at) for at, name in enumerate(names))
    for view, table, other in ((BEFORE, before, after), (AFTER, after, before)):
        chosen = ", ".join((f"true AS {IS_THERE}", *_chosen(table, other, shared)))
        database.execute(f"CREATE VIEW {view} AS SELECT {chosen} FROM {table.stored}")
    return TablePair(
        added=tuple(name for name in after.types if name not in before.types),
        removed=tuple(name for name in before.types if name not in after.types),
        changed_kinds=tuple(_changed_kinds(database, before, after, shared)),
        shared=shared,
    )


def _read(database: Database, view: str, path: Path, described: Iterable[Column]) -> _ReadTable:
    described_columns = {column.name: column for column in described}
    stored, typed_view = f"stored_{view}", f"typed_{view}"
    database.execute(f"CREATE VIEW {stored} AS FROM read_parquet({literal(str(path))})")
    typed = typed_table(database, stored, described_columns.values())
    database.execute(f"CREATE VIEW {typed_view} AS {typed.select}")
    parsed = frozenset(column.name for column in typed.read)
    return _ReadTable(stored, columns(database, typed_view), described_columns, parsed)


def _shared(before: _ReadTable, after: _ReadTable, name: str, at: int) -> SharedColumn:
    kinds = before.kind(name), after.kind(name)
    is_figure = all(kind in _NUMBERS for kind in kinds) and may_be_figures(after.column(name))
    rank = _key_rank(after.column(name), kinds[1]) if kinds[0] == kinds[1] else None
    return SharedColumn(name, f"value_{at}", f"figure_{at}" if is_figure else "", rank)


def _key_rank(column: Column, kind: str) -> int | None:
    if column.key:
        return _OFFICIAL_CODE
    if kind == "date" or column.type in _TIMES:
        return _TIME
    if kind == "text":
        return _PROSE if column.type == "free_text" else _NAME
    # A number that nobody adds up numbers something.
    return _NAME if kind == "integer" and not may_be_figures(column) else None


def _chosen(table: _ReadTable, other: _ReadTable, shared: Iterable[SharedColumn]) -> Iterator[str]:
    for name, value, figure, _ in shared:
        is_parsed = name in table.parsed | other.parsed
        is_alike = table.types[name] == other.types[name]
        kinds = {table.kind(name), other.kind(name)}
        is_decimal = not is_alike and "decimal" in kinds and kinds <= {*_NUMBERS}
        text = table.text(name, as_decimal=is_decimal)
        yield f"{quoted(name) if is_alike and not is_parsed else text} AS {value}"
        if figure:
            yield f"{table.figure(name)} AS {figure}"


def _changed_kinds(
    database: Database, before: _ReadTable, after: _ReadTable, shared: Iterable[SharedColumn]
) -> Iterator[ChangedKind]:
    for name, value, *_ in shared:
        kinds = before.kind(name), after.kind(name)
        # A column without a value has no kind.
        if kinds[0] != kinds[1] and all(_has_values(database, view, value) for view in VIEWS):
            yield ChangedKind(name=name, before=kinds[0], after=kinds[1])


def _has_values(database: Database, view: str, column: str) -> bool:
    ((values,),) = database.execute(f"SELECT count({column}) FROM {view}").fetchall()
    return bool(values)
