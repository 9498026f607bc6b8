"""Takes in an uploaded file: one table as Parquet, and its profile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyarrow import parquet

from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, Say, columns, literal, open_database, quoted, trimmed
from shared.engine.reading.columns.area_codes import lacks_zero
from shared.engine.reading.columns.identifiers import GROUPED
from shared.engine.reading.columns.profile import describe, merged
from shared.engine.reading.formats.archive import unpack
from shared.engine.reading.formats.parquet_file import copy_parquet
from shared.engine.reading.formats.reader import read_table
from shared.engine.reading.formats.table import Table, schema_of
from shared.engine.reading.linkage.key_values import write_keys
from shared.engine.reading.linkage.named_communes import with_named_communes
from shared.engine.reading.misleading.column_warnings import with_warnings
from shared.engine.reading.privacy.screening import screen
from shared.engine.reading.repairs import Repairs
from shared.engine.reading.totals.leaving_out import without_totals
from shared.engine.reading.totals.total_detection import find_total_rows
from shared.engine.reading.values.column_units import with_units
from shared.engine.reading.values.doubtful_commas import with_doubtful_commas
from shared.engine.reading.values.value_tests import Texts, bytes_behind
from shared.engine.tables.key_file import KEYS
from shared.engine.tables.manifest import PARQUET, TABLE, Column, Profile
from shared.errors import Rejected
from shared.events.event import AcceptedRepair

_READ = "table"
"""What the database calls the table that was read."""

_GROUP_BYTES = 1 << 23
"""Of text in a row group of the table: many small ones take more room, and more time to read."""

_WIDE, _HELD_CELLS = 100, 20_000_000
_GROUPED_KEYS = frozenset(("siren", "siret", "epci"))
_TOGETHER = r"'\1\2\3\4'"


def ingest_file(
    folder: Path, work: Work, memory_bytes: int, say: Say
) -> tuple[list[OutputFile], list[Report]]:
    """Read the job's only input; returns `table.parquet` and its profile as the only report.

    A table with key columns also leaves the file of their values. Raises Rejected, in
    French, naming the line, sheet or column that is wrong.
    """
    (input_name,) = work.inputs.values()
    output, repairs = folder / "out" / TABLE, Repairs()
    say(0.0, "lit le fichier")
    with (
        open_database(folder, memory_bytes) as database,
        TemporaryDirectory(prefix="unpacked-", dir=folder / "out") as unpacked,
    ):
        source, filename = unpack(folder / input_name, work.filename, Path(unpacked), repairs)
        parsed_table = read_table(source, filename, repairs, work.sheet)
        spaced, units = None, {}
        if parsed_table:
            spaced = _write(parsed_table, output, source.stat().st_size, say)
        else:
            units = copy_parquet(database, source, output, repairs)
        table = _TakenIn(database, output, repairs)
        table.show()
        table.rewrite(table.no_break_spaces(spaced))
        table.rewrite(table.leading_zeros(work.repairs))
        rows, described = _describe(database, parsed_table, repairs, units, say)
        changed = {column.name: _without(column) for column in described if column.missing}
        table.rewrite(changed | table.ungrouped(described, changed))
        if rows == 0:
            raise Rejected("le fichier n'a pas de ligne de données")
        say(0.98, "cherche des données personnelles")
        privacy = screen(database, _READ, described, rows)
        totals = find_total_rows(database, _READ, described, rows)
        counted = without_totals(database, _READ, described, totals.totals)
        has_keys = write_keys(database, *counted, privacy, output.with_name(KEYS))
    judged = {"repairs": repairs.all(), "privacy": privacy, **totals.profile_fields}
    profile = Profile(rows=rows, **_source(parsed_table), columns=described, **judged)
    reported_profile = profile if privacy.verdict == "none" else profile.without_values()
    return _outputs(has_keys=has_keys), [reported_profile.model_dump(mode="json")]


def _outputs(*, has_keys: bool) -> list[OutputFile]:
    table = OutputFile(name=TABLE, path=f"out/{TABLE}", media_type=PARQUET)
    keys = OutputFile(name=KEYS, path=f"out/{KEYS}", media_type="application/jsonl")
    return [table, keys] if has_keys else [table]


def _describe(
    database: Database,
    parsed_table: Table | None,
    repairs: Repairs,
    units: Mapping[str, str],
    say: Say,
) -> tuple[int, list[Column]]:
    """Describe the rows of the table and its columns; `units` come from a Parquet file."""
    rows, described = describe(database, _READ, lambda share, what: say(0.5 + share / 2, what))
    if parsed_table and parsed_table.delimiter == ",":
        described = with_doubtful_commas(database, _READ, described, repairs)
    described = with_named_communes(database, _READ, with_units(described, units))
    return rows, with_warnings(database, _READ, described)


def _source(parsed_table: Table | None) -> dict[str, Any]:
    """Return how the file was read, as fields of the profile."""
    if parsed_table is None:
        return {"format": "parquet", "encoding": "binary"}
    names = ("format", "encoding", "delimiter", "sheet")
    return {name: getattr(parsed_table, name) for name in names}


def _write(table: Table, output: Path, size: int, say: Say) -> set[str]:
    """Write the table; returns the columns that have no-break spaces anywhere."""
    read, spaced = 0, set[str]()
    with parquet.ParquetWriter(output, schema_of(table.columns), compression="zstd") as writer:
        for batch in merged(table.batches, _GROUP_BYTES):
            writer.write_batch(batch)
            spaced |= {name for name in table.columns if _has_no_break(batch[name])}
            read += batch.nbytes
            say(min(0.5, read / max(1, size) / 2), "lit le fichier")
    return spaced


_NO_BREAK = "\u00a0\u202f\u2007"
"""Spaces of typography, which spreadsheets and web pages leave around values."""


def _has_no_break(texts: Texts) -> bool:
    held = bytes_behind(texts)
    return any(sign.encode() in held for sign in _NO_BREAK)


@dataclass(frozen=True)
class _TakenIn:
    """The table that is taken in: the file `output`, mended column by column.

    What mends a column is an SQL expression of its values; the owner is told of each.
    """

    database: Database
    output: Path
    repairs: Repairs

    def show(self) -> None:
        """Make the file readable as the table.

        A wide one is held in memory, if it is small: each query of a file looks at all its columns.
        """
        shape = parquet.read_metadata(self.output)
        is_small = shape.num_columns * shape.num_rows <= _HELD_CELLS
        kind = "TABLE" if is_small and shape.num_columns > _WIDE else "VIEW"
        self.database.execute(
            f"CREATE OR REPLACE {kind} {quoted(_READ)} AS"
            f" SELECT * FROM read_parquet({literal(str(self.output))})"
        )

    def rewrite(self, changed: Mapping[str, str]) -> None:
        """Write the file again, with these columns mended."""
        if not changed:
            return
        selected = ", ".join(
            f"{changed.get(name, quoted(name))} AS {quoted(name)}"
            for name in columns(self.database, _READ)
        )
        again = self.output.with_suffix(".again")
        self.database.execute(
            f"COPY (SELECT {selected} FROM {quoted(_READ)}) TO {literal(str(again))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        again.rename(self.output)
        self.show()

    def no_break_spaces(self, spaced: set[str] | None) -> dict[str, str]:
        """Return the columns with no-break spaces around values; search `spaced` if it is known."""
        tests = {
            name: _is_spaced(name)
            for name, kind in columns(self.database, _READ).items()
            if kind == "VARCHAR" and (spaced is None or name in spaced)
        }
        signs = literal(f" {_NO_BREAK}")
        return {
            name: f"nullif(trim({quoted(name)}, {signs}), '')"
            for name in self._faulty("no_break_spaces", tests)
        }

    def leading_zeros(self, accepted: Iterable[AcceptedRepair]) -> dict[str, str]:
        """Return the columns whose owner accepted that leading zeros are restored.

        Values that are no codes without their zero stay as they are, and so do columns that another
        version of the file has no more.
        """
        present = columns(self.database, _READ)
        tests = {
            repair.column: f"{trimmed(repair.column)} {lacks_zero(repair.type)}"
            for repair in accepted
            if repair.column in present
        }
        return {
            name: f"CASE WHEN {tests[name]} THEN '0' || {trimmed(name)}"
            f" ELSE CAST({quoted(name)} AS VARCHAR) END"
            for name in self._faulty("leading_zero", tests)
        }

    def ungrouped(self, described: Iterable[Column], changed: Mapping[str, str]) -> dict[str, str]:
        """Return the columns with grouped SIREN and SIRET, with their SQL once `changed` is done.

        `732 829 320` and `732829320` are one enterprise: as keys they must be the same text.
        """
        pattern = literal(f"^{GROUPED}$")
        tests = {
            column.name: f"regexp_matches({trimmed(column.name)}, {pattern})"
            for column in described
            if column.key in _GROUPED_KEYS
        }
        return {
            name: f"CASE WHEN {tests[name]}"
            f" THEN regexp_replace({trimmed(name)}, {pattern}, {_TOGETHER})"
            f" ELSE {changed.get(name, quoted(name))} END"
            for name in self._faulty("grouped_key", tests)
        }

    def _faulty(self, code: str, tests: Mapping[str, str]) -> list[str]:
        """Return the columns with values that pass their SQL test, and note that repair."""
        if not tests:
            return []
        figures = ", ".join(f"count(*) FILTER ({test})" for test in tests.values())
        (counts,) = self.database.execute(f"SELECT {figures} FROM {quoted(_READ)}").fetchall()
        cells_by_column = {name: cells for name, cells in zip(tests, counts, strict=True) if cells}
        self.repairs.note(
            code, count=sum(cells_by_column.values()), detail=", ".join(cells_by_column)
        )
        return list(cells_by_column)


def _is_spaced(name: str) -> str:
    """Return the SQL test for a value that begins or ends with a no-break space."""
    text = quoted(name)
    return " OR ".join(
        f"{side}({text}, {literal(sign)})" for sign in _NO_BREAK for side in ("prefix", "suffix")
    )


def _without(column: Column) -> str:
    """Return a column as an SQL expression in which its marks for "no value" are null."""
    name, marks = quoted(column.name), ", ".join(map(literal, column.missing))
    return f"CASE WHEN trim({name}) IN ({marks}) THEN NULL ELSE {name} END"
