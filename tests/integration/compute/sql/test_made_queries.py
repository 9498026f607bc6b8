"""What must hold of any query: it reads what its analysis says, and means what SQL means."""

import sqlite3
from collections import Counter
from pathlib import Path
from random import Random

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.engine.applications.query import run as query
from shared.engine.applications.query.application import QueryParameters, effect
from shared.engine.running.sql.binding import bind
from shared.engine.running.steps.workbench import InputTable, Workbench
from tests.integration.compute.sql.made_queries import TABLES, Maker, rows_of

Rows = dict[str, list[tuple[object, ...]]]
COLUMNS = {name: tuple(columns) for name, columns in TABLES.items()}


def fill(connection: duckdb.DuckDBPyConnection | sqlite3.Connection, rows: Rows) -> None:
    """Make the tables, with these rows."""
    for name, columns in TABLES.items():
        shape = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {name} ({shape})")
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])  # noqa: S608


def said_by(connection: duckdb.DuckDBPyConnection | sqlite3.Connection, sql: str) -> Counter[str]:
    """The rows of an answer, in no order."""
    return Counter(map(repr, connection.execute(sql).fetchall()))


def made_of(sql: str, rows: Rows) -> Counter[str]:
    """The rows that the step makes; a column that its analysis misses fails when it is read."""
    tables = {name: InputTable(name, name, len(rows[name]), len(rows[name])) for name in TABLES}
    with duckdb.connect(config={"threads": "1"}) as database:
        fill(database, rows)
        bench = Workbench(database, tables, "made", Path(), lambda _share, _what: None)
        query.run(bench, QueryParameters(sql=sql))
        return said_by(database, "FROM made")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_query_reads_no_column_that_its_analysis_does_not_tell(seed: int) -> None:
    """Else it would fail; its result is that of the engine on the whole tables."""
    random = Random(seed)
    sql, _ = Maker(random).query()
    rows = {name: rows_of(name, random) for name in TABLES}
    with duckdb.connect(config={"threads": "1"}) as database:
        fill(database, rows)
        right = said_by(database, sql)
    assert made_of(sql, rows) == right, sql


@settings(max_examples=20, deadline=None)
@example(411425855)
@given(st.integers(0, 10**9))
def test_query_means_what_another_database_says(seed: int) -> None:
    """SQLite, of what both understand."""
    random = Random(seed)
    sql, columns = Maker(random, is_plain=True).query()
    rows = {name: rows_of(name, random) for name in TABLES}
    with sqlite3.connect(":memory:") as reference:
        fill(reference, rows)
        right = said_by(reference, sql)
    assert made_of(sql, rows) == right, sql
    assert list(effect(QueryParameters(sql=sql), COLUMNS).columns) == list(columns)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_columns_of_a_result_are_those_that_the_engine_makes(seed: int) -> None:
    """As many, and those that are told to be unchanged have the types of their sources."""
    sql, columns = Maker(Random(seed)).query()
    known_effect = effect(QueryParameters(sql=sql), COLUMNS).columns
    types = bind(sql, TABLES)
    assert list(known_effect) == list(columns) == list(types)
    for name, column in known_effect.items():
        if source := column.unchanged:
            assert types[name] == TABLES[source.role][source.column]
