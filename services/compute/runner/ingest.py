"""Takes in an uploaded file: one table as Parquet, and its profile."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import parquet

from services.compute.folders import Made, Work
from services.compute.runner.bench import Report, Say, columns, open_database
from services.compute.runner.names import literal, quoted
from services.compute.runner.profile import describe
from services.compute.runner.text import Text, open_text
from shared.errors import Rejected
from shared.manifest import Profile

_TABLE = "table"
_BATCH = 20_000
_MAGIC = b"PAR1"
_NESTED = ("STRUCT", "MAP", "UNION", "BLOB")


def take_in(
    folder: Path, work: Work, memory_bytes: int, say: Say
) -> tuple[list[Made], list[Report]]:
    """Read the job's only input; returns `table.parquet` and its profile as the only report.

    Raises Rejected, in French, naming the line or column that is wrong.
    """
    (given,) = work.inputs.values()
    source, made = folder / given, folder / "out" / "table.parquet"
    say(0.0, "lit le fichier")
    with open_database(folder, memory_bytes) as database:
        encoding, delimiter = _convert(database, source, made, work.filename, say)
        database.execute(
            f"CREATE VIEW {quoted(_TABLE)} AS SELECT * FROM read_parquet({literal(str(made))})"
        )
        rows, described = describe(database, _TABLE, lambda share, what: say(0.5 + share / 2, what))
    if rows == 0:
        raise Rejected("le fichier n'a pas de ligne de données")
    profile = Profile(rows=rows, encoding=encoding, delimiter=delimiter, columns=tuple(described))
    table = Made(
        name=made.name, path="out/table.parquet", media_type="application/vnd.apache.parquet"
    )
    return [table], [profile.model_dump(mode="json")]


def _convert(
    database: duckdb.DuckDBPyConnection, source: Path, made: Path, filename: str, say: Say
) -> tuple[str, str | None]:
    """Write `source` as Parquet; returns the encoding and delimiter it was read with."""
    with source.open("rb") as file:
        start = file.read(len(_MAGIC))
    if not start:
        raise Rejected("le fichier est vide")
    if start == _MAGIC:
        _copy(database, source, made)
        return "binary", None
    if filename.lower().endswith((".parquet", ".pq")):
        raise Rejected("ce fichier n'est pas du Parquet")
    text = open_text(source)
    _write(text, made, say)
    return text.encoding.removesuffix("-sig"), text.delimiter


def _copy(database: duckdb.DuckDBPyConnection, source: Path, made: Path) -> None:
    """Rewrite a Parquet file as one of ours: a reader that trusts it need not trust its maker."""
    try:
        database.execute(f"CREATE VIEW given AS SELECT * FROM read_parquet({literal(str(source))})")
        for name, kind in columns(database, "given").items():
            if kind.startswith(_NESTED) or kind.endswith("]"):
                raise Rejected(f"colonne « {name} » : le type {kind} n'est pas pris en charge")
        database.execute(f"COPY given TO {literal(str(made))} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise Rejected("ce fichier Parquet est abîmé") from error


def _write(text: Text, made: Path, say: Say) -> None:
    schema = pa.schema([(name, pa.string()) for name in text.columns])
    size = max(1, text.path.stat().st_size)
    read = 0
    with parquet.ParquetWriter(made, schema, compression="zstd") as writer:
        for rows in _batches(text.rows()):
            cells = [[value or None for value in column] for column in zip(*rows, strict=True)]
            writer.write_batch(pa.record_batch(cells, schema=schema))
            read += sum(map(len, map("".join, rows)))
            say(min(0.5, read / size / 2), "lit le fichier")


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
