"""What a query may read is what is in its list of tables, whatever else the engine holds."""

from collections.abc import Iterator

import duckdb
import pytest

from shared.engine.running.sql.binding import check_statement
from shared.errors import Invalid


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with tables of other steps."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE secret AS SELECT 1 AS id; CREATE TABLE k AS FROM secret")
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "WITH secret AS (FROM secret) FROM secret",
        "WITH RECURSIVE secret AS (FROM secret) FROM secret",
        "WITH RECURSIVE secret AS (FROM secret UNION ALL FROM secret WHERE id > 5) FROM secret",
        "WITH RECURSIVE secret(id) USING KEY (id) AS (FROM secret UNION FROM secret) FROM secret",
        "WITH RECURSIVE secret AS ((WITH x AS (FROM secret) FROM x) UNION FROM secret) FROM secret",
        'WITH "\u212a" AS (SELECT 1) FROM k',
    ],
)
def test_table_of_another_step_is_out_of_reach(
    database: duckdb.DuckDBPyConnection, sql: str
) -> None:
    """Also under the name of a table that the query itself defines."""
    with pytest.raises(Invalid, match="aucune table"):
        check_statement(database, sql, ["t"])


def test_recursive_table_sees_itself_where_it_recurs(database: duckdb.DuckDBPyConnection) -> None:
    """In the second part alone; its first may read a given table of that name."""
    series = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM N WHERE i < 5) FROM n"
    check_statement(database, series, [])
    check_statement(database, "WITH RECURSIVE t AS (FROM t UNION FROM t) FROM t", ["T"])
