"""Binds a query to tables without rows: whether it fits them, and what its result's columns are."""

from collections.abc import Mapping, Sequence

import duckdb

from shared.engine.database import Database, quoted
from shared.engine.running.sql.allowed import check_statement
from shared.engine.running.sql.faults import bound_fault
from shared.engine.tables.column_names import unique
from shared.errors import Invalid

Types = Mapping[str, str]
"""Columns in order, each with its type as DuckDB writes it."""

_BEFORE, _AFTER = "SELECT * FROM (\n", "\n) AS asked"
_MOST_COLUMNS = 1_000
_LONGEST_NAME = 200
_WHOLE = ("HUGEINT", "UHUGEINT", "UBIGINT")
_FLAT = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
         "FLOAT", "DOUBLE", "DATE", "TIME", "VARCHAR")  # fmt: skip


def bind(sql: str, tables: Mapping[str, Types]) -> dict[str, str]:
    """Return the result's columns with their types; raise Invalid, in French, with the place."""
    with duckdb.connect(
        config={"threads": "1", "memory_limit": "200MB", "errors_as_json": "true"}
    ) as database:
        for name, columns in tables.items():
            shape = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
            database.execute(f"CREATE TABLE {quoted(name)} ({shape})")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        return bound(database, sql, tables)


def bound(database: Database, sql: str, tables: Mapping[str, Types]) -> dict[str, str]:
    """Return the result's columns with their types, in a database that has the tables."""
    text = trimmed(sql)
    check_statement(database, text, tables)
    try:
        check_statement(database, wrapped(text), tables)
        described = database.execute(f"DESCRIBE {wrapped(text)}").fetchall()
    except duckdb.Error as error:
        before = len("DESCRIBE " + _BEFORE)
        raise bound_fault(text, error, before) from None
    if len(described) > _MOST_COLUMNS:
        raise Invalid(f"le résultat a plus de {_MOST_COLUMNS} colonnes", "sql")
    names = unique(str(row[0])[:_LONGEST_NAME] or "colonne" for row in described)
    return dict(zip(names, (str(row[1]) for row in described), strict=True))


def trimmed(sql: str) -> str:
    """Return the text without the semicolons at its end."""
    return sql.rstrip().rstrip("; \t\r\n")


def wrapped(text: str) -> str:
    """Return a query as the only source of another."""
    return f"{_BEFORE}{text}{_AFTER}"


def selected(text: str, types: Types, names: Sequence[str]) -> str:
    """Return the query with its columns called so, and of types that a table of the lab can hold.

    Numbers wider than 64 bits must fit into them; lists and structs become JSON, other types text.
    """
    chosen = ", ".join(
        f"{_stored(f'c{number}', kind)} AS {quoted(name)}"
        for number, (name, kind) in enumerate(zip(names, types.values(), strict=True))
    )
    numbered = ", ".join(f"c{number}" for number in range(len(types)))
    return f"SELECT {chosen} FROM (\n{text}\n) AS asked({numbered})"


def _stored(column: str, kind: str) -> str:
    if kind in _WHOLE:
        return f"CAST({column} AS BIGINT)"
    if kind in ("FLOAT", "DOUBLE"):
        # A division by zero gives no number.
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind in _FLAT or kind.startswith(("DECIMAL", "TIMESTAMP")):
        return column
    if kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT")) or kind.endswith("]"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"
