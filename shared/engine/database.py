"""The database of a job, and SQL: nothing untrusted stands there unquoted."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from shared.engine.applications.query import sql

Database = duckdb.DuckDBPyConnection
"""A connection to it."""

quoted = sql.quoted
"""An SQL identifier."""

ROW = "row_number() OVER ()"
"""The number of a row, from 1, in SQL: what a row is chosen by with `QUALIFY`."""

Say = Callable[[float, str], None]
"""Told how far the work is, from 0 to 1, and what it does, in French."""
_DUCKDB_SHARE = 0.6
"""Of the job's memory: the rest is for Python, its libraries and the rows in their hands."""

_prepared: dict[tuple[Path, int], Database] = {}


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def trimmed(name: str) -> str:
    """The column of that name, in SQL, as text without the spaces around it."""
    return f"trim(CAST({quoted(name)} AS VARCHAR))"


def filled(name: str) -> str:
    """The same, null where nothing is left."""
    return f"nullif({trimmed(name)}, '')"


def folded(text: str) -> str:
    """A text in SQL without its case, its accents and the spaces around it."""
    return f"lower(strip_accents(trim({text})))"


def columns(database: Database, table: str) -> dict[str, str]:
    """The columns of a table, name to type."""
    described = database.execute(f"DESCRIBE {quoted(table)}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def count(database: Database, table: str) -> int:
    """How many rows a table has."""
    return int(database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()[0][0])


def evenly(rows: int, of: int) -> str:
    """The condition of `QUALIFY` that takes `rows` of so many, at even distances."""
    return f"({ROW} * {rows}) // {of} <> (({ROW} - 1) * {rows}) // {of}"


def prepare_database(folder: Path, memory_bytes: int) -> None:
    """Open what the next `open_database` of this folder and memory returns: it takes 20 ms."""
    _prepared[folder, memory_bytes] = _new_database(folder, memory_bytes)


def open_database(folder: Path, memory_bytes: int) -> Database:
    """A database in memory that spills into `folder/out`, and reads and writes nowhere else."""
    prepared = _prepared.pop((folder, memory_bytes), None)
    return prepared or _new_database(folder, memory_bytes)


def _new_database(folder: Path, memory_bytes: int) -> Database:
    inside = [str(folder / "in"), str(folder / "out")]
    database = duckdb.connect(
        config={
            "memory_limit": f"{int(memory_bytes * _DUCKDB_SHARE) // 10**6}MB",
            "threads": "2",
            "temp_directory": str(folder / "out" / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # So it tells where in a query something failed.
            "errors_as_json": "true",
        }
    )
    allowed = ", ".join(literal(f"{path}/") for path in inside)
    database.execute(f"SET allowed_directories = [{allowed}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database
