"""What is known of the columns that a step hands on, from the tables that it read."""

from collections.abc import Mapping, Sequence

from shared.engine.analysis.repetition import RATE_UNITS
from shared.engine.applications import APPLICATIONS
from shared.engine.applications.effect import Effect, MadeColumn
from shared.engine.contract.result import Report
from shared.engine.database import Database, columns, count
from shared.engine.reading.values.column_units import of_unit
from shared.engine.reading.values.withheld_values import OF_VALUES, WITHHELD
from shared.engine.running.steps.workbench import InputTable, Repeated
from shared.engine.tables.manifest import Column
from shared.events.event import Step

_ALIKE = ("mean", "median", "quantile", "min", "max")
"""Figures that have the unit of what they are made of."""


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
        repeated_columns(step, effect, tables, report),
        described_columns(database, step, effect, tables),
        secret=secret_columns(step, effect, tables, report),
    )


def secret_columns(
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


def repeated_columns(
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


def described_columns(
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
    is_alike = how in _ALIKE or (how == "sum" and unit not in RATE_UNITS)
    return unit if is_alike else ""
