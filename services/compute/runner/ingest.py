"""Takes in an uploaded file: one table as Parquet, and its profile."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from pyarrow import parquet

from services.compute.execution.job_folder import Made, Report, Work
from services.compute.runner.columns.area_codes import lacks_zero
from services.compute.runner.columns.identifiers import GROUPED
from services.compute.runner.columns.profile import describe, merged
from services.compute.runner.columns.reference_files import Arrow
from services.compute.runner.database import Say, columns, literal, open_database, quoted, trimmed
from services.compute.runner.formats.archive import unpack
from services.compute.runner.formats.parquet_file import copy_parquet
from services.compute.runner.formats.reader import read_table
from services.compute.runner.formats.table import Table, schema_of
from services.compute.runner.linkage.key_values import write_keys
from services.compute.runner.privacy.screening import screen
from services.compute.runner.repairs import Repairs
from services.compute.runner.totals.leaving_out import without_totals
from services.compute.runner.totals.total_rows import find_total_rows
from services.compute.runner.values.column_units import with_units
from services.compute.runner.values.doubtful_commas import with_doubtful_commas
from shared.errors import Rejected
from shared.tables.key_file import KEYS
from shared.tables.manifest import PARQUET, TABLE, Column, Profile

_READ = "table"
"""What the database calls the table that was read."""

_GROUP_BYTES = 1 << 23
"""Of text in a row group of the table: many small ones take more room, and more time to read."""

_WIDE, _HELD_CELLS = 100, 20_000_000
_GROUPED_KEYS = frozenset(("siren", "siret", "epci"))
_TOGETHER = r"'\1\2\3\4'"


def ingest_file(
    folder: Path, work: Work, memory_bytes: int, say: Say
) -> tuple[list[Made], list[Report]]:
    """Read the job's only input; returns `table.parquet` and its profile as the only report.

    A table with key columns also leaves the file of their values. Raises Rejected, in
    French, naming the line, sheet or column that is wrong.
    """
    (given,) = work.inputs.values()
    made, repairs = folder / "out" / TABLE, Repairs()
    say(0.0, "lit le fichier")
    with (
        open_database(folder, memory_bytes) as database,
        TemporaryDirectory(prefix="unpacked-", dir=folder / "out") as unpacked,
    ):
        source, filename = unpack(folder / given, work.filename, Path(unpacked), repairs)
        found = read_table(source, filename, repairs)
        spaced, units = None, {}
        if found:
            spaced = _write(found, made, source.stat().st_size, say)
        else:
            units = copy_parquet(database, source, made, repairs)
        _show(database, made)
        _rewrite(database, made, _no_break_spaces(database, spaced, repairs))
        _rewrite(database, made, _leading_zeros(database, work, repairs))
        rows, described = _describe(database, found, repairs, units, say)
        changed = {one.name: _without(one) for one in described if one.missing}
        changed |= _ungrouped(database, described, changed, repairs)
        _rewrite(database, made, changed)
        if rows == 0:
            raise Rejected("le fichier n'a pas de ligne de données")
        say(0.98, "cherche des données personnelles")
        privacy = screen(database, _READ, described, rows)
        totals = find_total_rows(database, _READ, described, rows)
        counted = without_totals(database, _READ, described, totals.totals)
        has_keys = write_keys(database, *counted, privacy, made.with_name(KEYS))
    judged = {"repairs": repairs.made(), "privacy": privacy, **totals.told}
    profile = Profile(rows=rows, **_source(found), columns=described, **judged)
    shown = profile if privacy.verdict == "none" else profile.without_values()
    return _outputs(has_keys=has_keys), [shown.model_dump(mode="json")]


def _outputs(*, has_keys: bool) -> list[Made]:
    table = Made(name=TABLE, path=f"out/{TABLE}", media_type=PARQUET)
    keys = Made(name=KEYS, path=f"out/{KEYS}", media_type="application/jsonl")
    return [table, keys] if has_keys else [table]


def _describe(
    database: duckdb.DuckDBPyConnection,
    found: Table | None,
    repairs: Repairs,
    units: Mapping[str, str],
    say: Say,
) -> tuple[int, list[Column]]:
    """The rows of the table, and its columns; `units` are those that a Parquet file tells."""
    rows, described = describe(database, _READ, lambda share, what: say(0.5 + share / 2, what))
    if found and found.delimiter == ",":
        described = with_doubtful_commas(database, _READ, described, repairs)
    return rows, with_units(described, units)


def _source(found: Table | None) -> dict[str, Any]:
    """How the file was read."""
    if found is None:
        return {"format": "parquet", "encoding": "binary"}
    names = ("format", "encoding", "delimiter", "sheet")
    return {name: getattr(found, name) for name in names}


def _write(table: Table, made: Path, size: int, say: Say) -> set[str]:
    """Write the table; returns the columns that have no-break spaces anywhere."""
    read, spaced = 0, set[str]()
    with parquet.ParquetWriter(made, schema_of(table.columns), compression="zstd") as writer:
        for batch in merged(table.batches, _GROUP_BYTES):
            writer.write_batch(batch)
            spaced |= {name for name in table.columns if _has_no_break(batch[name])}
            read += batch.nbytes
            say(min(0.5, read / max(1, size) / 2), "lit le fichier")
    return spaced


def _has_no_break(texts: Arrow) -> bool:
    """Whether the bytes behind an array of texts have a no-break space: quicker than to look."""
    kept = texts.buffers()[2]
    held = kept.to_pybytes() if kept else b""
    return any(sign.encode() in held for sign in _NO_BREAK)


def _show(database: duckdb.DuckDBPyConnection, made: Path) -> None:
    """Let the file `made` be the table.

    A wide one is held in memory, if it is small: each query of a file looks at all of its columns.
    """
    shape = parquet.read_metadata(made)
    is_small = shape.num_columns * shape.num_rows <= _HELD_CELLS
    kind = "TABLE" if is_small and shape.num_columns > _WIDE else "VIEW"
    database.execute(
        f"CREATE OR REPLACE {kind} {quoted(_READ)} AS"
        f" SELECT * FROM read_parquet({literal(str(made))})"
    )


_NO_BREAK = "\u00a0\u202f\u2007"
"""Spaces of typography, which spreadsheets and web pages leave around values."""


def _no_break_spaces(
    database: duckdb.DuckDBPyConnection, spaced: set[str] | None, repairs: Repairs
) -> dict[str, str]:
    """The columns with no-break spaces around values, as SQL expressions without them.

    Of `spaced` alone, unless that is not known.
    """
    present = columns(database, _READ).items()
    texts = [
        name for name, kind in present if kind == "VARCHAR" and (spaced is None or name in spaced)
    ]
    if not texts:
        return {}
    tests = ", ".join(f"count(*) FILTER (WHERE {_is_spaced(name)})" for name in texts)
    (counts,) = database.execute(f"SELECT {tests} FROM {quoted(_READ)}").fetchall()
    found = {name: number for name, number in zip(texts, counts, strict=True) if number}
    if found:
        repairs.note("no_break_spaces", count=sum(found.values()), detail=", ".join(found))
    signs = literal(f" {_NO_BREAK}")
    return {name: f"nullif(trim({quoted(name)}, {signs}), '')" for name in found}


def _is_spaced(name: str) -> str:
    """The test, in SQL, for a value that begins or ends with one."""
    text = quoted(name)
    return " OR ".join(
        f"{side}({text}, {literal(sign)})" for sign in _NO_BREAK for side in ("prefix", "suffix")
    )


def _leading_zeros(
    database: duckdb.DuckDBPyConnection, work: Work, repairs: Repairs
) -> dict[str, str]:
    """The columns whose owner accepted leading zeros, as SQL expressions of their values.

    Values that are no codes without their zero stay as they are, and so do columns that another
    version of the file has no more.
    """
    repaired, mended = {}, 0
    present = columns(database, _READ)
    for name, kind in {
        one.column: one.type for one in work.repairs if one.column in present
    }.items():
        text = trimmed(name)
        is_short = f"{text} {lacks_zero(kind)}"
        ((short,),) = database.execute(
            f"SELECT count(*) FROM {quoted(_READ)} WHERE {is_short}"
        ).fetchall()
        if short:
            mended += short
            repaired[name] = (
                f"CASE WHEN {is_short} THEN '0' || {text} ELSE CAST({quoted(name)} AS VARCHAR) END"
            )
    if repaired:
        repairs.note("leading_zero", count=mended, detail=", ".join(repaired))
    return repaired


def _without(column: Column) -> str:
    """A column as an SQL expression in which its marks for "no value" are null."""
    name, marks = quoted(column.name), ", ".join(map(literal, column.missing))
    return f"CASE WHEN trim({name}) IN ({marks}) THEN NULL ELSE {name} END"


def _ungrouped(
    database: duckdb.DuckDBPyConnection,
    described: Sequence[Column],
    changed: Mapping[str, str],
    repairs: Repairs,
) -> dict[str, str]:
    """The columns of SIREN and SIRET in groups, as SQL expressions without them.

    `732 829 320` and `732829320` are one enterprise: as keys they must be the same text.
    """
    found, mended = {}, 0
    for name in (one.name for one in described if one.key in _GROUPED_KEYS):
        value, pattern = changed.get(name, quoted(name)), literal(f"^{GROUPED}$")
        is_grouped = f"regexp_matches({trimmed(name)}, {pattern})"
        ((cells,),) = database.execute(
            f"SELECT count(*) FILTER ({is_grouped}) FROM {quoted(_READ)}"
        ).fetchall()
        if cells:
            mended += cells
            plain = f"regexp_replace({trimmed(name)}, {pattern}, {_TOGETHER})"
            found[name] = f"CASE WHEN {is_grouped} THEN {plain} ELSE {value} END"
    if found:
        repairs.note("grouped_key", count=mended, detail=", ".join(found))
    return found


def _rewrite(database: duckdb.DuckDBPyConnection, made: Path, changed: Mapping[str, str]) -> None:
    """Write `made` again from the table, the columns in `changed` as these SQL expressions."""
    if not changed:
        return
    selected = ", ".join(
        f"{changed.get(name, quoted(name))} AS {quoted(name)}" for name in columns(database, _READ)
    )
    again = made.with_suffix(".again")
    database.execute(
        f"COPY (SELECT {selected} FROM {quoted(_READ)}) TO {literal(str(again))}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    again.rename(made)
    _show(database, made)
