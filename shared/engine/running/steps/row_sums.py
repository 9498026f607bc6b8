"""The sums of a table's rows in files: each engine leaves those of a shard, one adds them up."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from shared.engine.database import Database, columns, evenly, literal, quoted
from shared.engine.reading.privacy.column_sample import SAMPLE
from shared.engine.running.steps.workbench import Figure, Figures, InputTable, added_up, few

_ROWS = quoted(Figure("count", "*").sql)
_STORED = {"HUGEINT": "DECIMAL(38,0)"}
"""Sums of whole numbers; Parquet would hold them as fractions."""


class RowSums(NamedTuple):
    """The groups of rows by name, in SQL, and the figures of each: `count(*)` is one of them."""

    groups: Mapping[str, str]
    figures: Figures


def write_sums(database: Database, table: InputTable, sums: RowSums, path: Path) -> int:
    """Write what the table's rows add up to, and return how many groups they have."""
    chosen = [f"{group} AS {quoted(name)}" for name, group in sums.groups.items()]
    chosen += [f"{figure.sql} AS {quoted(figure.sql)}" for figure in dict.fromkeys(sums.figures)]
    places = ", ".join(str(number + 1) for number in range(len(sums.groups)))
    select = f"SELECT {', '.join(chosen)} FROM {quoted(table.name)} GROUP BY {places}"
    kinds = {str(row[0]): str(row[1]) for row in database.execute(f"DESCRIBE {select}").fetchall()}
    stored = ", ".join(
        f"CAST({quoted(name)} AS {_STORED[kind]}) AS {quoted(name)}"
        for name, kind in kinds.items()
        if kind in _STORED
    )
    replaced = f"SELECT * REPLACE ({stored}) FROM ({select})" if stored else select
    written = database.execute(f"COPY ({replaced}) TO {literal(str(path))} (FORMAT parquet)")
    return int(written.fetchall()[0][0])


def read_sums(database: Database, table: InputTable, paths: Sequence[Path]) -> bool:
    """Let sums stand beside the table for all its rows; returns whether they are those of all.

    Where they are not, or cannot be read, nothing changed.
    """
    sums, some = added_up(table.name), few(table.name)
    listed = ", ".join(literal(str(path)) for path in paths)
    try:
        database.execute(f"CREATE VIEW {quoted(sums)} AS FROM read_parquet([{listed}])")
        whole = ", ".join(
            f"CAST({quoted(name)} AS HUGEINT) AS {quoted(name)}"
            for name, kind in columns(database, sums).items()
            if kind == _STORED["HUGEINT"]
        )
        replaced = f"* REPLACE ({whole})" if whole else "*"
        database.execute(
            f"CREATE OR REPLACE VIEW {quoted(sums)} AS"
            f" SELECT {replaced} FROM read_parquet([{listed}])"
        )
        ((rows,),) = database.execute(f"SELECT sum({_ROWS}) FROM {quoted(sums)}").fetchall()
    except duckdb.Error:
        rows = None
    if rows != table.rows:
        database.execute(f"DROP VIEW IF EXISTS {quoted(sums)}")
        return False
    sampled = evenly(SAMPLE, max(SAMPLE, table.rows))
    database.execute(
        f"CREATE VIEW {quoted(some)} AS SELECT * FROM {quoted(table.name)} QUALIFY {sampled}"
    )
    return True
