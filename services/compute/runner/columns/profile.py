"""Describes a table: what its columns hold, by value and by what stands beside them."""

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa

from services.compute.runner.columns.area_codes import with_codes
from services.compute.runner.columns.codes import load_codes
from services.compute.runner.columns.column_profile import ColumnProfile
from services.compute.runner.columns.column_types import Kind, kinds_of
from services.compute.runner.columns.coordinates import with_coordinates
from services.compute.runner.database import Say, columns, count, literal, quoted
from shared.tables.manifest import Column

_BATCH = 1_000_000
"""Distinct values looked at together, whatever their number: memory stays bounded."""

_GATHERED_BYTES = 1 << 26
"""Each thread of the database begins a batch of its own, and lists have to be seen whole."""


def describe(database: duckdb.DuckDBPyConnection, table: str, say: Say) -> tuple[int, list[Column]]:
    """The rows of `table`, and its columns in order.

    Text and whole numbers are described by their values, the rest by its type. Codes that the
    source has as numbers are no keys: they meet no text.
    """
    kinds = kinds_of(load_codes())
    described = []
    types = columns(database, table)
    for at, (name, of_type) in enumerate(types.items()):
        say(at / len(types), f"décrit la colonne {name}")
        kind = _kind_of_type(of_type)
        if of_type == "VARCHAR":
            described.append(_read_column(database, table, name, kinds))
        elif kind == "integer":
            column = _read_column(database, table, name, kinds)
            described.append(column.model_copy(update={"kind": kind, "key": None}))
        else:
            described.append(_typed_column(database, table, name, kind))
    coded = with_codes(database, table, described)
    return count(database, table), with_coordinates(database, table, coded)


def without_marks(name: str, missing: tuple[str, ...]) -> str:
    """A column as an SQL expression in which its marks for "no value" are null."""
    marks = ", ".join(map(literal, missing))
    return f"CASE WHEN trim({quoted(name)}) IN ({marks}) THEN NULL ELSE {quoted(name)} END"


def _read_column(
    database: duckdb.DuckDBPyConnection, table: str, name: str, kinds: Iterable[Kind]
) -> Column:
    portrait = ColumnProfile(name, kinds)
    counted = database.sql(
        f"SELECT nullif(trim(CAST({quoted(name)} AS VARCHAR)), '') AS text, count(*) AS n"
        f" FROM {quoted(table)} GROUP BY text"
    )
    for batch in gathered(counted.to_arrow_reader(_BATCH), _GATHERED_BYTES):
        filled = batch.filter(batch["text"].is_valid())  # asked of the database, it trims twice
        portrait.add(filled["text"], filled["n"].to_numpy())
    return portrait.column()


def _typed_column(database: duckdb.DuckDBPyConnection, table: str, name: str, kind: str) -> Column:
    column = quoted(name)
    ((filled, distinct),) = database.execute(
        f"SELECT count({column}), count(DISTINCT {column}) FROM {quoted(table)}"
    ).fetchall()
    return Column(name=name, kind=kind, filled=filled, distinct=distinct)


def _kind_of_type(kind: str) -> str:
    if kind.startswith(("DATE", "TIMESTAMP")):
        return "date"
    if kind.startswith(("DECIMAL", "FLOAT", "DOUBLE")):
        return "decimal"
    if kind == "BOOLEAN":
        return "boolean"
    return "integer" if kind.endswith(("INT", "INTEGER")) else "text"


def gathered(batches: Iterable[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches that hold as many of the given ones as stay below that size."""
    kept: list[pa.RecordBatch] = []
    for batch in batches:
        if kept and sum(one.nbytes for one in kept) + batch.nbytes > most_bytes:
            yield pa.concat_batches(kept)
            kept = []
        kept.append(batch)
    if kept:
        yield pa.concat_batches(kept)
