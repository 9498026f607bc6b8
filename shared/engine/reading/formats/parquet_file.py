"""Takes in a Parquet file, which is a table already."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import parquet

from shared.engine.database import Database, columns, count, literal, quoted
from shared.engine.reading.formats.header import name_columns
from shared.engine.reading.repairs import Repairs
from shared.engine.reading.values.column_units import units_in
from shared.errors import Rejected

_MOST_CELLS = 2_000_000_000
"""A file may repeat a value any number of times in a few bytes."""

_NESTED = ("STRUCT", "MAP", "UNION", "BLOB")


def copy_parquet(database: Database, source: Path, copy: Path, repairs: Repairs) -> dict[str, str]:
    """Rewrite a Parquet file as `copy`, so that no reader has to trust the maker of `source`.

    Returns the units that it tells of its columns, by their names in `copy`. Raises Rejected for a
    broken file, and one whose columns are no cells or are too many.
    """
    try:
        schema = parquet.read_schema(source)
        names = name_columns(schema.names, len(schema.names), None, repairs)
        listed = ", ".join(map(quoted, names))
        database.execute(
            f"CREATE VIEW given ({listed}) AS SELECT * FROM read_parquet({literal(str(source))})"
        )
        _check(columns(database, "given"), count(database, "given"))
        database.execute(f"COPY given TO {literal(str(copy))} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise Rejected("ce fichier Parquet est abîmé") from error
    units = units_in(schema.metadata)
    pairs = zip(schema.names, names, strict=True)
    return {name: units[source_name] for source_name, name in pairs if source_name in units}


def _check(types: Mapping[str, str], rows: int) -> None:
    for name, kind in types.items():
        if kind.startswith(_NESTED) or kind.endswith("]"):
            raise Rejected(f"colonne « {name} » : le type {kind} n'est pas pris en charge")
    if len(types) * rows > _MOST_CELLS:
        raise Rejected(
            f"{rows} lignes et {len(types)} colonnes : plus de"
            f" {_MOST_CELLS // 10**6} millions de cases"
        )
