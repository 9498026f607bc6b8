"""The judged queries are judged right: DuckDB gives the same without what they do not read."""

from collections.abc import Iterator, Mapping

import duckdb
import pytest

from tests.corpora.sql import Query, attacks, make_tables, queries, schema

HALVES = ("tuning", "held_out")

UNLIKE = (
    "NULL",
    'CASE WHEN rowid % 3 <> 1 THEN "{column}" END',
    'lag("{column}", 3) OVER (ORDER BY rowid)',
)
"""What stands in place of a column's values: no value, fewer of them, and those of other rows."""

OURS = {"not_select", "unknown_result"}
"""Faults that are the lab's rules, and none to the engine."""

_ROWS = 5_000


@pytest.fixture(scope="module", params=HALVES)
def half(request: pytest.FixtureRequest) -> str:
    """One half after the other."""
    return str(request.param)


@pytest.fixture(scope="module")
def database(half: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of a half."""
    with duckdb.connect(config={"threads": "1"}) as relation:
        make_tables(relation, half)
        yield relation


def answer(database: duckdb.DuckDBPyConnection, query: Query) -> tuple[list[str], list[str]]:
    """The names and rows of a result; rows without an order are put in one."""
    relation = database.execute(query.sql)
    names = [column[0] for column in relation.description or ()]
    rows = [repr(row) for row in relation.fetchmany(_ROWS)]
    return names, rows if "ORDER BY" in query.sql.rpartition(")")[2].upper() else sorted(rows)


def depends_on(
    database: duckdb.DuckDBPyConnection, query: Query, table: str, columns: Mapping[str, str]
) -> bool:
    """Whether the result is another where these columns hold other values."""
    before = answer(database, query)
    return any(answer_with(database, query, table, columns, how) != before for how in UNLIKE)


def answer_with(
    database: duckdb.DuckDBPyConnection,
    query: Query,
    table: str,
    columns: Mapping[str, str],
    how: str,
) -> tuple[list[str], list[str]] | None:
    """The result over a table with other values in its columns; None where the query fails."""
    others = (f'{how.format(column=name)}::{kind} AS "{name}"' for name, kind in columns.items())
    rows = f'SELECT * REPLACE ({", ".join(others)}) FROM memory.main."{table}"'  # noqa: S608
    database.execute(f'CREATE TEMP TABLE "{table}" AS {rows}')
    try:
        return answer(database, query)
    except duckdb.Error:
        return None
    finally:
        database.execute(f'DROP TABLE temp."{table}"')


def test_results_do_not_depend_on_columns_that_are_not_read(
    half: str, database: duckdb.DuckDBPyConnection
) -> None:
    """A column that changes the result and is not judged as read would go unasked for."""
    columns_by_table = schema(half)
    for query in queries(half):
        for table, read in query.reads.items():
            others = {
                name: kind for name, kind in columns_by_table[table].items() if name not in read
            }
            assert not others or not depends_on(database, query, table, others), query.id


def test_results_depend_on_each_column_that_is_read(
    half: str, database: duckdb.DuckDBPyConnection
) -> None:
    """Owners are not asked for what a query has no use for."""
    columns_by_table = schema(half)
    for query in queries(half):
        for table, read in () if query.unshown else query.reads.items():
            unused = [
                name
                for name in read
                if not depends_on(database, query, table, {name: columns_by_table[table][name]})
            ]
            assert unused == [], query.id


def test_results_have_the_judged_columns(half: str, database: duckdb.DuckDBPyConnection) -> None:
    """The engine names them; a query that gives no row would show nothing of what it reads."""
    for query in queries(half):
        if not query.refused:
            names, rows = answer(database, query)
            assert (tuple(names), bool(rows) or query.unshown) == (query.result, True), query.id


def test_faults_are_faults_to_the_engine(half: str, database: duckdb.DuckDBPyConnection) -> None:
    """What DuckDB runs is refused by rules of the lab alone."""
    for query in queries(half):
        if query.refused and query.refused not in OURS and query.id != "empty_text":
            with pytest.raises(duckdb.Error):
                database.execute(query.sql)


def test_halves_are_large_enough_and_share_nothing() -> None:
    """What rules were tuned on is not what they are measured with."""
    texts = {}
    for half in HALVES:
        asked, attacking = queries(half), attacks(half)
        assert len(asked) >= 60
        assert len(attacking) >= 30
        texts[half] = [query.sql for query in asked] + [attack.sql for attack in attacking]
        ids = [query.id for query in asked] + [attack.id for attack in attacking]
        assert len(set(ids)) == len(ids)
    assert not set(texts["tuning"]) & set(texts["held_out"])
