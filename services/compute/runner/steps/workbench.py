"""What an application works with: tables by role in one database, and a place for files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from services.compute.runner.database import Say, columns, quoted
from shared.errors import Invalid


@dataclass(frozen=True)
class Table:
    """A table by the name it has in the database; `whole` is what a sample was taken of."""

    name: str
    whole: str
    rows: int
    whole_rows: int


@dataclass(frozen=True)
class Workbench:
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
