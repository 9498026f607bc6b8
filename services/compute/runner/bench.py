"""What an application works with: tables by role in one database, and a place for files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from services.compute.runner.names import literal, quoted
from shared.errors import Invalid

Report = dict[str, Any]
Say = Callable[[float, str], None]
"""Told how far the work is, from 0 to 1, and what it does, in French."""

_DUCKDB_SHARE = 0.6
"""Of the job's memory: the rest is for Python, its libraries and the rows in their hands."""


@dataclass(frozen=True)
class Table:
    """A table by the name it has in the database; `whole` is what a sample was taken of."""

    name: str
    whole: str
    rows: int
    whole_rows: int


@dataclass(frozen=True)
class Bench:
    """One step's work place."""

    database: duckdb.DuckDBPyConnection
    tables: Mapping[str, Table]
    output: str
    chart: Path
    say: Say

    def columns(self, role: str) -> dict[str, str]:
        """The columns of the table in that role, name to type."""
        return columns(self.database, self.tables[role].name)

    def column(self, role: str, name: str, parameter: str) -> str:
        """A column as an SQL identifier; raises Invalid naming `parameter` when there is none."""
        known = self.columns(role)
        if name not in known:
            raise Invalid(
                f"la table « {self.tables[role].name} » n'a pas de colonne « {name} »"
                f" (ses colonnes : {', '.join(list(known)[:50])})",
                parameter,
            )
        return quoted(name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Every row of a query."""
        return self.database.execute(sql).fetchall()

    def make(self, sql: str) -> None:
        """Let the result of the query `sql` be the step's output."""
        self.database.execute(f"CREATE TABLE {quoted(self.output)} AS {sql}")


def columns(database: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The columns of a table, name to type."""
    described = database.execute(f"DESCRIBE {quoted(table)}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table has."""
    return int(database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()[0][0])


def open_database(folder: Path, memory_bytes: int) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into `folder/out`, and reads and writes nowhere else."""
    inside = [str(folder / "in"), str(folder / "out")]
    database = duckdb.connect(
        config={
            "memory_limit": f"{int(memory_bytes * _DUCKDB_SHARE) // 10**6}MB",
            "threads": "2",
            "temp_directory": str(folder / "out" / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    allowed = ", ".join(literal(f"{path}/") for path in inside)
    database.execute(f"SET allowed_directories = [{allowed}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database
