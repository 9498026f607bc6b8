"""The tables of a treatment: what it reads, and what is known of what its steps hand on.

Inputs come without the columns not granted, and without totals; reports tell of the cells and rows
that were left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
from pyarrow import parquet

from shared.engine.analysis.repetition import RATE_UNITS
from shared.engine.applications import APPLICATIONS
from shared.engine.applications.effect import Effect, MadeColumn
from shared.engine.contract.result import Report
from shared.engine.contract.work import Work, files_beside
from shared.engine.database import Database, columns, count, evenly, literal, quoted
from shared.engine.reading.linkage.plain_values import mixed_days, plain_value, with_iso_days
from shared.engine.reading.totals.leaving_out import is_counted
from shared.engine.reading.values.column_units import of_unit
from shared.engine.reading.values.withheld_values import (
    OF_VALUES,
    WITHHELD,
    Becomes,
    EmptyCells,
    warnings_of,
)
from shared.engine.release.populations import numbered, row_of
from shared.engine.running.steps.workbench import InputTable, Repeated
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.events.event import Step
from shared.language.french import counted
from shared.language.french import quoted as french_quoted

_OF_SAME_UNIT = ("mean", "median", "quantile", "min", "max")
"""Figures that have the unit of what they are made of."""

_LEFT_OUT = ("laissée de côté", "laissées de côté")
_LIKELY = (
    "ligne ressemble à un total et est comptée",
    "lignes ressemblent à des totaux et sont comptées",
)
_KEPT = ("gardée, comme demandé", "gardées, comme demandé")


def take(
    database: Database, work: Work, name: str, path: Path, *, is_shard: bool = False
) -> InputTable:
    """Load the input table of that name, or this engine's shard of its rows.

    One that has total rows gets a second table with them.
    """
    is_protected = name in work.protected
    read = numbered(path) if is_protected else f"read_parquet({literal(str(path))})"
    if is_shard:
        read = _shard(work, path)
    whole, totals = f"{name} (avec les totaux)", work.total_rows.get(name, ())
    try:
        chosen = _columns(database, work, name, read)
        if is_protected:
            chosen += f", file_row_number + 1 AS {quoted(row_of(name))}"
        rows_read = f"SELECT {chosen} FROM {read}"
        if totals:
            database.execute(f"CREATE VIEW {quoted(whole)} AS {rows_read}")
            rows_read = f"SELECT * FROM {quoted(whole)} QUALIFY {is_counted(totals)}"
        described = {column.name: column for column in work.described.get(name, ())}
        if mixed := _mixed_days(database, rows_read, described):
            rows_read = f"SELECT * REPLACE ({', '.join(mixed.values())}) FROM ({rows_read})"
            described |= {name: with_iso_days(described[name]) for name in mixed}
        database.execute(f"CREATE VIEW {quoted(name)} AS {rows_read}")
    except duckdb.Error as error:
        raise Invalid(f"la table « {name} » est illisible", name) from error
    rows = count(database, name)
    likely = work.likely_total_rows.get(name, 0)
    files = files_beside(path) if name in work.uploads else None
    table = InputTable(
        *(name, name, rows, rows),
        described=described,
        likely_totals=likely,
        files=files,
        title=next((source.title for source in work.sources if source.name == name), ""),
    )
    if not totals:
        return table
    return replace(table, with_totals=whole, totals=count(database, whole) - rows)


def _shard(work: Work, path: Path) -> str:
    """Return the rows of a file that are this engine's to add up, in SQL: DuckDB skips the rest."""
    rows, number = parquet.read_metadata(path).num_rows, work.shard or 0
    first, behind = (rows * at // work.shards for at in (number, number + 1))
    return (
        f"(SELECT * EXCLUDE (file_row_number) FROM {numbered(path)}"
        f" WHERE file_row_number >= {first} AND file_row_number < {behind})"
    )


def sample_of(database: Database, table: InputTable, rows: int) -> InputTable:
    """Return `rows` rows at even distances: the same ones each time, from all over the table."""
    if table.rows <= rows or table.files:
        return table
    name = f"{table.name} (échantillon)"
    database.execute(f"""
        CREATE TABLE IF NOT EXISTS {quoted(name)} AS
        SELECT * FROM {quoted(table.whole)} QUALIFY {evenly(rows, table.rows)}
    """)
    return InputTable(name, table.whole, rows, table.rows, described=table.described)


def _mixed_days(
    database: Database, rows_read: str, described: Mapping[str, Column]
) -> dict[str, str]:
    """Return the columns whose days are written in several ways, and the SQL that unites them."""
    mixed = [column for column in described.values() if mixed_days(column)]
    kinds = database.execute(f"DESCRIBE {rows_read}").fetchall() if mixed else []
    stored = {str(row[0]): str(row[1]) for row in kinds}
    return {
        column.name: f"{plain_value(column, column.name, 'VARCHAR')} AS {quoted(column.name)}"
        for column in mixed
        if stored.get(column.name) == "VARCHAR"
    }


def _columns(database: Database, work: Work, name: str, read: str) -> str:
    """Return what stands for the columns of an input: empty ones for those that were not granted.

    So columns of a crossing are called as its owners and its holder read it, who know the names of
    all: which of two equal names gets a suffix depends on them.
    """
    known_columns = work.table_columns.get(name, ())
    if not known_columns:
        return "* EXCLUDE (file_row_number)" if name in work.protected else "*"
    stored_columns = {row[0] for row in database.execute(f"DESCRIBE FROM {read}").fetchall()}
    if (terms := work.protected.get(name)) and not terms.is_unit_given:
        stored_columns.discard(terms.unit)
    return ", ".join(
        quoted(column) if column in stored_columns else f"CAST(NULL AS VARCHAR) AS {quoted(column)}"
        for column in known_columns
    )


def sampled(main: InputTable) -> Report:
    """Return what a report says of a step whose main table is a sample, else nothing."""
    if main.rows == main.whole_rows:
        return {}
    return {
        "sample": {
            "rows": main.rows,
            "of": main.whole_rows,
            "how": "lignes prises à intervalle régulier dans la table principale",
        }
    }


def with_totals_told(report: Report, tables: Iterable[InputTable], *, is_kept: bool) -> Report:
    """Return a report that says of rows of totals that they were left out, or kept as was asked.

    Of rows that only look so it says that they are counted.
    """
    input_tables = list(tables)
    called = {table.name: french_quoted(table.called) for table in input_tables}
    totals_by_table = {table.name: table.totals for table in input_tables if table.totals}
    likely = {table.name: table.likely_totals for table in input_tables if table.likely_totals}
    if not totals_by_table and not likely:
        return report
    singular, plural = _KEPT if is_kept else _LEFT_OUT
    sentences = (
        f"{counted(n, f'ligne de total {singular}', f'lignes de total {plural}')} ({called[name]})"
        for name, n in totals_by_table.items()
    )
    counted_too = (f"{counted(n, *_LIKELY)} ({called[name]})" for name, n in likely.items())
    summary = " ; ".join((report["summary"], *sentences, *counted_too))
    totals: Report = (
        {"totals": {"kept": is_kept, "rows": totals_by_table}} if totals_by_table else {}
    )
    looks: Report = {"likely_totals": likely} if likely else {}
    return report | totals | looks | {"summary": summary}


def with_empty_told(
    report: Report, empty: Mapping[str, EmptyCells], becomes: Becomes = "not_counted"
) -> Report:
    """Return the report, with a warning for each column of which cells are left empty."""
    warnings = list(warnings_of(empty, becomes))
    summary = " ; ".join([report["summary"], *(str(warning["told"]) for warning in warnings)])
    return report | {"warnings": [*report.get("warnings", []), *warnings], "summary": summary}


def made_table(
    database: Database, step: Step, effect: Effect, tables: Mapping[str, InputTable], report: Report
) -> InputTable:
    """Return the table that a step made, with all that is known of it."""
    rows = report["rows"]["out"] if "rows" in report else count(database, step.output)
    is_whole = not ("sample" in report or report.get("is_bounded")) and all(
        tables[name].is_whole for name in step.inputs.values()
    )
    return InputTable(
        step.output,
        step.output,
        rows,
        rows,
        is_whole,
        _repeated_columns(step, effect, tables, report),
        _described_columns(database, step, effect, tables),
        secret=_secret_columns(step, effect, tables, report),
    )


def _secret_columns(
    step: Step, effect: Effect, tables: Mapping[str, InputTable], report: Report
) -> dict[str, str]:
    """Return, by column of the step's table, what is said of figures without secret values."""
    warnings = report.get("warnings", ())
    secrets_by_column = {
        warning["column"]: warning["told"] for warning in warnings if warning["kind"] == WITHHELD
    }
    sentences_by_column: dict[str, str] = {}
    for name, column in effect.columns.items():
        for source, how in column.of:
            before = tables[step.inputs[source.role]].secret.get(source.column, "")
            here = secrets_by_column.get(source.column, "") if how in OF_VALUES else ""
            if sentence := before or here:
                sentences_by_column[name] = sentence
    return sentences_by_column


def _repeated_columns(
    step: Step, effect: Effect, tables: Mapping[str, InputTable], report: Report
) -> dict[str, Repeated]:
    """Return the columns of the step's table whose rows stand in it several times."""
    if effect.by is not None:
        return {}
    repeated: dict[str, Repeated] = {}
    for name, column in effect.columns.items():
        if source := column.unchanged:
            table = tables[step.inputs[source.role]]
            times = report.get("repeated", {}).get(source.role, 1)
            before = table.repeated.get(source.column, Repeated(table.called, 1, step.output))
            if before.times * times > 1:
                repeated[name] = before._replace(times=before.times * times)
    return repeated


def _described_columns(
    database: Database, step: Step, effect: Effect, tables: Mapping[str, InputTable]
) -> dict[str, Column]:
    """Return what the columns that a step hands on were read to hold, and the units of its figures.

    What queries and own code make, and columns that only a run tells, have the types that were
    given them: texts stay texts.
    """
    described: dict[str, Column] = {}
    if effect.is_open or APPLICATIONS[step.application].open_roles:
        kinds = columns(database, step.output)
        described = {name: _text(name) for name, kind in kinds.items() if kind == "VARCHAR"}
    for name, column in effect.columns.items():
        sources = [
            tables[step.inputs[part.source.role]].described.get(part.source.column)
            for part in column.of
        ]
        if column.unchanged and sources[0]:
            described[name] = sources[0].model_copy(update={"name": name})
        elif unit := _unit(column, sources):
            meaning = of_unit(unit)
            described[name] = Column(
                name=name, kind="decimal", filled=0, distinct=0, meaning=meaning
            )
        elif column.kind == "text":
            described[name] = _text(name)
    return described


def _text(name: str) -> Column:
    return Column(name=name, kind="text", filled=0, distinct=0)


def _unit(column: MadeColumn, sources: Sequence[Column | None]) -> str:
    """Return the unit of a figure: its own, or its only source's; a sum of rates is none."""
    source = sources[0] if len(sources) == 1 else None
    if column.unit or not (source and source.meaning and source.meaning.unit):
        return column.unit
    how, unit = column.of[0].how, source.meaning.unit
    is_alike = how in _OF_SAME_UNIT or (how == "sum" and unit not in RATE_UNITS)
    return unit if is_alike else ""
