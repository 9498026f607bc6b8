"""Writes a table again: with the repairs that its owner accepted, or other values in columns."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
from pyarrow import parquet

from services.compute.runner.columns.codes import load_codes
from services.compute.runner.database import columns, literal, quoted
from services.compute.runner.repairs import Repairs
from shared.events import AcceptedRepair

_WIDE, _HELD_CELLS = 100, 20_000_000
_SHORT_POSTCODE = "[1-9][0-9]{3}"


def show(database: duckdb.DuckDBPyConnection, table: str, made: Path) -> None:
    """Let the file `made` be the table of that name.

    A wide one is held in memory, if it is small: each query of a file looks at all of its columns.
    """
    shape = parquet.read_metadata(made)
    is_small = shape.num_columns * shape.num_rows <= _HELD_CELLS
    kind = "TABLE" if is_small and shape.num_columns > _WIDE else "VIEW"
    database.execute(
        f"CREATE OR REPLACE {kind} {quoted(table)} AS"
        f" SELECT * FROM read_parquet({literal(str(made))})"
    )


def mend(
    database: duckdb.DuckDBPyConnection,
    table: str,
    made: Path,
    accepted: Iterable[AcceptedRepair],
    repairs: Repairs,
) -> None:
    """Give codes their leading zeros back in `made`, the file that `table` shows.

    Values that are no codes without their zero stay as they are, and so do columns that another
    version of the file has no more.
    """
    types = columns(database, table)
    wanted = [one for one in accepted if one.column in types]
    found = {one.column: f"{_text(one.column)} {_is_short(one.type)}" for one in wanted}
    counts = {name: _count(database, table, test) for name, test in found.items()}
    mended = [name for name, count in counts.items() if count]
    if not mended:
        return
    repairs.note("leading_zero", count=sum(counts.values()), detail=", ".join(mended))
    rewrite(database, table, made, {name: _lengthened(name, found[name]) for name in mended})


def rewrite(
    database: duckdb.DuckDBPyConnection, table: str, made: Path, changed: Mapping[str, str]
) -> None:
    """Write `made` again from `table`, the columns in `changed` as these SQL expressions."""
    selected = ", ".join(
        f"{changed.get(name, quoted(name))} AS {quoted(name)}" for name in columns(database, table)
    )
    again = made.with_suffix(".again")
    database.execute(
        f"COPY (SELECT {selected} FROM {quoted(table)}) TO {literal(str(again))}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    again.rename(made)
    show(database, table, made)


def _is_short(kind: str) -> str:
    """The test, in SQL, for what is a code of that kind once it begins with a zero."""
    if kind == "postcode":
        # The list is without CEDEX: the shape is enough.
        return f"SIMILAR TO '{_SHORT_POSTCODE}'"
    codes = load_codes()
    known = codes.departements if kind == "departement" else codes.communes
    short = sorted(code.removeprefix("0") for code in known if code.startswith("0"))
    return f"IN ({', '.join(map(literal, short))})"


def _lengthened(name: str, test: str) -> str:
    return f"CASE WHEN {test} THEN '0' || {_text(name)} ELSE CAST({quoted(name)} AS VARCHAR) END"


def _text(name: str) -> str:
    return f"trim(CAST({quoted(name)} AS VARCHAR))"


def _count(database: duckdb.DuckDBPyConnection, table: str, test: str) -> int:
    ((count,),) = database.execute(f"SELECT count(*) FROM {quoted(table)} WHERE {test}").fetchall()
    return int(count)
