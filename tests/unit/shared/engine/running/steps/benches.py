"""Workbenches on small tables in memory, for the tests of single steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from shared.engine.database import quoted
from shared.engine.running.steps.workbench import InputTable, Workbench

Rows: TypeAlias = Sequence[Mapping[str, Any]]
MADE = "made"
"""What the step's table is called."""


def bench(**tables: Rows | pa.Table) -> Workbench:
    """A workbench with these tables by role, in memory."""
    database = duckdb.connect()
    inputs = {}
    for role, written_table in tables.items():
        table = (
            written_table
            if isinstance(written_table, pa.Table)
            else pa.Table.from_pylist(list(written_table))
        )
        database.register("arriving", table)
        database.execute(f"CREATE TABLE {quoted(role)} AS FROM arriving")
        database.unregister("arriving")
        inputs[role] = InputTable(role, role, table.num_rows, table.num_rows)
    return Workbench(database, inputs, MADE, Path(), lambda _share, _what: None)


def result_rows(workbench: Workbench) -> list[dict[str, Any]]:
    """The rows of the table that the step made, in order."""
    rows: list[dict[str, Any]] = (
        workbench.database.sql(f"FROM {quoted(workbench.output)}").to_arrow_table().to_pylist()
    )
    return rows


def made_column(workbench: Workbench, name: str) -> list[Any]:
    """The values of one of its columns, in order."""
    return [row[name] for row in result_rows(workbench)]
