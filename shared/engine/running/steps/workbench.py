"""What an application works with: tables by role in one database, their columns, and files."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.contract.crossing_size import MOST_ROWS
from shared.engine.contract.result import OutputFile
from shared.engine.database import Database, Say, columns, filled, literal, quoted
from shared.engine.reading.columns.profile import describe_column
from shared.engine.reading.columns.typed_values import typed_value
from shared.engine.reading.linkage.plain_values import kind_of_value, plain_value
from shared.engine.reading.values.numbers import any_number_sql, is_any_number
from shared.engine.reading.values.withheld_values import EmptyCells, is_withheld, without_marks
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.language.french import counted

WHOLE = r"[+-]?[0-9]{1,15}"
"""As many digits as a sum of many still holds exactly."""

TABLE = "table"
"""The role of the only table of an application that takes one."""

WHOLE_TYPES = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_OTHER_TYPES = {"FLOAT", "DOUBLE", "UBIGINT", "HUGEINT", "UHUGEINT"}


class Figure(NamedTuple):
    """An aggregate of rows: its function, and of which value, in SQL."""

    function: str
    value: str

    @property
    def sql(self) -> str:
        """Return it in SQL, which is what the column with it is called, too."""
        return f"{self.function}({self.value})"


Figures = tuple[Figure, ...]


class Repeated(NamedTuple):
    """A column whose rows a crossing repeats: whose it was, how often at most, in which table."""

    source: str
    times: int
    crossed: str


@dataclass(frozen=True)
class InputTable:
    """A table by the name it has in the database; `whole` is what a sample was taken of.

    What a trial made of samples is not whole. `repeated` are the columns whose rows stand in it
    several times, `described` those of which it is known what they were read to hold, `secret` says
    of figures which secret values they do without. Of a
    dataset's table without its totals, `with_totals` is the name of all of it, and `totals` how
    many there are; `likely_totals` look like some, and are in it. Of a dataset of files it lists
    them, and `files` is the folder that they are in.
    """

    name: str
    whole: str
    rows: int
    whole_rows: int
    is_whole: bool = True
    repeated: Mapping[str, Repeated] = field(default_factory=dict)
    described: Mapping[str, Column] = field(default_factory=dict)
    with_totals: str = ""
    totals: int = 0
    likely_totals: int = 0
    files: Path | None = None
    secret: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def called(self) -> str:
        """Return what people call it: a dataset's title, else its name in the steps."""
        return self.title or self.name

    @property
    def whole_table(self) -> "InputTable":
        """Return the same with its rows of totals."""
        if not self.totals:
            return self
        rows = self.rows + self.totals
        return replace(
            self, name=self.with_totals, whole=self.with_totals, rows=rows, whole_rows=rows
        )


@dataclass(frozen=True)
class Workbench:
    """One step's work place; `sample_rows` are those of a trial's main table, else None.

    What it makes stands in memory, unless an aggregation that comes next alone reads it, which
    makes what is `summed`: then it is made as it is read, and `few` of its rows by themselves.
    Such tables are named in `as_read`, with whether their rows are added up by key. `expected_rows`
    are those that the preview told.
    `empty` counts, by column, the cells that are read as no number or day. `output_files` are
    files beside the step's table, in the folder `out`. The treatment `is_protected` when others'
    restricted data go in.
    """

    database: Database
    tables: Mapping[str, InputTable]
    output: str
    out: Path
    say: Say
    sample_rows: int | None = None
    crossing_rows: int = MOST_ROWS
    empty: dict[str, EmptyCells] = field(default_factory=dict)
    output_files: list[OutputFile] = field(default_factory=list)
    is_protected: bool = False
    summed: AggregateParameters | None = None
    as_read: dict[str, bool] = field(default_factory=dict)
    expected_rows: int | None = None
    _columns: dict[str, dict[str, str]] = field(default_factory=dict, init=False)

    def columns(self, role: str) -> dict[str, str]:
        """Return the columns of the table in that role, name to type."""
        if role not in self._columns:
            self._columns[role] = columns(self.database, self.tables[role].name)
        return self._columns[role]

    def column(self, role: str, name: str, parameter: str) -> str:
        """Return a column as an SQL identifier; raise Invalid where there is none."""
        columns = self.columns(role)
        if name not in columns:
            raise Invalid(
                f"la table « {self.tables[role].name} » n'a pas de colonne « {name} »"
                f" (ses colonnes : {', '.join(list(columns)[:50])})",
                parameter,
            )
        return quoted(name)

    def described(self, role: str, name: str) -> Column:
        """Return what a column of text was read to hold; one of which nobody knows is looked at."""
        table = self.tables[role]
        return table.described.get(name) or describe_column(self.database, table.whole, name)

    def kind_of_value(self, role: str, name: str) -> str:
        """Return `day` or `number` where a column's values are compared as such; else empty."""
        return kind_of_value(self.tables[role].described.get(name), self.columns(role)[name])

    def plain_value(self, role: str, name: str) -> str:
        """Return a column's cells as text in SQL, each value written in one way."""
        return plain_value(self.tables[role].described.get(name), name, self.columns(role)[name])

    def counted(self, role: str, name: str, value: str = "") -> str:
        """Return a column's cells in SQL, or `value` of each: null for a mark."""
        profile = self.tables[role].described.get(name)
        if profile and profile.withheld and not self.is_added_up(role) and name not in self.empty:
            whole = quoted(self.tables[role].whole)
            ((secret,),) = self.rows(
                f"SELECT count(*) FILTER ({is_withheld(profile)}) FROM {whole}"
            )
            self.empty.update(
                {name: EmptyCells(secret, secret, profile.withheld)} if secret else {}
            )
        return without_marks(profile, value or quoted(name))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return every row of a query."""
        return self.database.execute(sql).fetchall()

    def make(self, sql: str) -> None:
        """Let the result of the query `sql` be the step's output."""
        self.database.execute(self.making(sql))

    def making(self, sql: str) -> str:
        """Return what makes the step's output of the query `sql`."""
        return f"CREATE TABLE {quoted(self.output)} AS {sql}"

    def make_as_read(self, sql: str, some: str, by_key: str = "") -> None:
        """Let the query `sql` be the step's output, run as it is read; `some` makes a few rows.

        `by_key` makes what its rows add up to by key, where that is all that is needed of them.
        """
        queries = {self.output: sql, few(self.output): some, added_up(self.output): by_key}
        for name, query in queries.items():
            if query:
                self.database.execute(f"CREATE VIEW {quoted(name)} AS {query}")
        self.as_read[self.output] = bool(by_key)

    def is_added_up(self, role: str = TABLE) -> bool:
        """Return whether the rows of the table in that role were added up, by key or in shards."""
        return role in self.tables and self.as_read.get(self.tables[role].name, False)

    def added(self, function: str, value: str, role: str = TABLE) -> str:
        """Return an aggregate in SQL: of all rows, or of what these were added up to."""
        figure = Figure(function, value)
        if not self.is_added_up(role):
            return figure.sql
        if function == "count":
            return f"CAST(sum({quoted(figure.sql)}) AS BIGINT)"
        return f"{function}({quoted(figure.sql)})"


def few(table: str) -> str:
    """Return the table that has a few rows of one that is read once."""
    return f"{table} (quelques lignes)"


def added_up(table: str) -> str:
    """Return the table that has what the rows of one that is read once add up to by key."""
    return f"{table} (par clé)"


def whole_number(name: str, kind: str) -> str:
    """Return a column of that type, all whole numbers, as an SQL expression; empty text is null."""
    return f"CAST({quoted(name) if kind in WHOLE_TYPES else filled(name)} AS BIGINT)"


class TypedColumn(NamedTuple):
    """A column as what it was read to hold: its SQL, the type of that, and whether it was text."""

    value: str
    sql_type: str
    is_read_as: bool


def typed_columns(workbench: Workbench, role: str, names: Iterable[str]) -> dict[str, TypedColumn]:
    """Return columns of the table in a role: text that was read to be numbers or days as these."""
    table, stored, values = workbench.tables[role], workbench.columns(role), {}
    for name in names:
        profile = table.described.get(name)
        value = typed_value(profile) if profile and stored[name] == "VARCHAR" else ""
        values[name] = value or quoted(name)
    listed = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
    types = workbench.rows(f"DESCRIBE SELECT {listed} FROM {quoted(table.name)}")
    return {
        name: TypedColumn(value, str(row[1]), value != quoted(name))
        for (name, value), row in zip(values.items(), types, strict=True)
    }


def note_unread(workbench: Workbench, role: str, name: str, column: TypedColumn) -> None:
    """Count the cells that a column's type leaves empty, and those of them that are secret."""
    if not column.is_read_as:
        return
    profile = workbench.described(role, name)
    ((lost, secret),) = workbench.rows(
        f"SELECT count({filled(name)}) - count({column.value}),"
        f" count(*) FILTER ({is_withheld(profile)}) FROM {quoted(workbench.tables[role].name)}"
    )
    if lost:
        workbench.empty[name] = EmptyCells(int(lost), int(secret), profile.withheld)


def number(workbench: Workbench, role: str, name: str, parameter: str) -> tuple[str, bool]:
    """Return a column as numbers in SQL (null for empty text), and whether all are whole.

    Every value of the whole table is looked at, not only a sample's. Raises Invalid naming the
    column, how many of its values are no numbers, and the shape of one: reasons of failed jobs are
    events and stand in logs, where nobody's data belongs. Where others' restricted data go in, a
    value that is no number is none, and none is taken for whole: what fails, or how figures are
    written, tells of the data.
    """
    column = workbench.column(role, name, parameter)
    kind = workbench.columns(role)[name]
    if kind in WHOLE_TYPES or workbench.is_added_up(role):
        return whole_number(name, kind), True
    if kind in _OTHER_TYPES or kind.startswith("DECIMAL"):
        # Who writes Parquet from a data frame writes NaN for "no value".
        return (
            f"CASE WHEN isfinite(CAST({column} AS DOUBLE)) THEN CAST({column} AS DOUBLE) END",
            False,
        )
    if kind != "VARCHAR":
        raise Invalid(f"la colonne « {name} » ne contient pas de nombres ({kind})", parameter)
    text = filled(name)
    wrong, example, whole = _count_non_numbers(workbench, role, text)
    if wrong and (read := _written(workbench, role, name)):
        return read
    if wrong and workbench.is_protected:
        # Its holder cannot look at the rows, and mends nothing there.
        return any_number_sql(text), False
    if wrong:
        wrong_values = counted(
            wrong, "valeur n'est pas un nombre", "valeurs ne sont pas des nombres"
        )
        raise Invalid(
            f"colonne « {name} » : {wrong_values}, par exemple de la forme"
            f" « {_shape(str(example))} »",
            parameter,
        )
    if whole and not workbench.is_protected:
        return whole_number(name, kind), True
    return any_number_sql(text), False


def _written(workbench: Workbench, role: str, name: str) -> tuple[str, bool] | None:
    """Return the column read as numbers with separators or units; None where that fails, too.

    What stands in place of a secret number is none, and is counted.
    """
    column = workbench.described(role, name)
    if column.type not in ("integer", "decimal"):
        return None
    value, text = typed_value(column), filled(name)
    marks = ", ".join(map(literal, (*column.withheld, *column.missing))) or "''"
    ((wrong, empty, secret),) = workbench.rows(
        f"SELECT count(*) FILTER (value IS NULL AND text NOT IN ({marks})),"
        " count(*) FILTER (value IS NULL AND text IS NOT NULL), count(*) FILTER (secret) FROM"
        f" (SELECT {value} AS value, {text} AS text, {is_withheld(column)} AS secret"
        f" FROM {quoted(workbench.tables[role].whole)})"
    )
    if wrong:
        return None
    if empty:
        workbench.empty[name] = EmptyCells(int(empty), int(secret), column.withheld)
    if workbench.is_protected:
        return f"CAST({value} AS DOUBLE)", False
    return value, column.type == "integer"


def _shape(text: str) -> str:
    """Return letters as `x` and digits as `9`."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text[:50]))


def _count_non_numbers(workbench: Workbench, role: str, text: str) -> tuple[int, str | None, bool]:
    is_number = is_any_number(text)
    is_whole = f"regexp_full_match({text}, '{WHOLE}')"
    table = quoted(workbench.tables[role].whole)
    ((wrong, example, whole),) = workbench.rows(
        f"SELECT count(*) FILTER (NOT {is_number}), min({text}) FILTER (NOT {is_number}),"
        f" coalesce(bool_and({is_whole}), true) FROM {table}"
    )
    return int(wrong), example, bool(whole)
