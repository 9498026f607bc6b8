"""Runs the steps of a treatment one after the other, and writes the last table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from services.compute.execution.job_folder import Made, Report, Work
from services.compute.runner.columns.profile import describe
from services.compute.runner.columns.typed_values import typed_table
from services.compute.runner.database import (
    ROW,
    Say,
    columns,
    count,
    literal,
    open_database,
    quoted,
)
from services.compute.runner.privacy.column_sample import SAMPLE
from services.compute.runner.privacy.disclosure import is_about_persons, small_groups
from services.compute.runner.privacy.screening import screen
from services.compute.runner.steps import aggregate, cross, python
from services.compute.runner.steps.input_tables import take, with_totals_told
from services.compute.runner.steps.workbench import InputTable, Repeated, Workbench
from services.compute.runner.values.column_units import of_unit, units_option
from services.compute.runner.values.formulas import harmless_table
from shared.applications import APPLICATIONS, check_steps, effect_of, parse_parameters
from shared.applications.aggregate import AggregateParameters
from shared.applications.effect import Effect, MadeColumn
from shared.errors import Invalid
from shared.events.event import Step
from shared.tables.manifest import PARQUET, RESULT, Column
from shared.tables.privacy import Privacy
from shared.treatments.repetition import RATE_UNITS
from shared.words import quoted as french_quoted

_ALIKE = ("mean", "median", "quantile", "min", "max")
"""Figures that have the unit of what they are made of."""

_RUNS: Mapping[str, Callable[[Workbench, Any], Report]] = {
    "aggregate": aggregate.run,
    "cross": cross.run,
    "python": python.run,
}


@dataclass(frozen=True)
class TreatmentRun:
    """A treatment under way in a job folder."""

    folder: Path
    work: Work
    database: duckdb.DuckDBPyConnection
    say: Say
    made: list[Made] = field(default_factory=list)

    def run(self) -> tuple[list[Made], list[Report]]:
        """Run every step; returns the files made and one report per step.

        Raises Rejected with a reason that names the step.
        """
        check_steps(self.work.inputs, self.work.steps)
        tables = {
            name: take(self.database, self.work, name, self.folder / path)
            for name, path in self.work.inputs.items()
        }
        reports = []
        for number, step in enumerate(self.work.steps):
            names = step.inputs.items()
            known = {role: tuple(columns(self.database, tables[it].name)) for role, it in names}
            effect = effect_of(step, f"steps.{number}", known)
            report = self._step(number, step, tables)
            rows = count(self.database, step.output)
            is_whole = not ("sample" in report or report.get("is_bounded")) and all(
                tables[name].is_whole for name in step.inputs.values()
            )
            tables[step.output] = InputTable(
                step.output,
                step.output,
                rows,
                rows,
                is_whole,
                self._repeated(step, effect, tables, report),
                self._described(step, effect, tables),
            )
            reports.append(report)
        found, screened = self._screen(self.work.steps[-1], tables)
        reports[-1] |= screened
        return self._write(tables[self.work.steps[-1].output], found, reports[-1]), reports

    def _step(self, number: int, step: Step, tables: dict[str, InputTable]) -> Report:
        application = APPLICATIONS[step.application]
        main = application.main_role(step)
        parameters = parse_parameters(application, step, f"steps.{number}")
        is_kept = parameters.model_dump().get("totals") == "kept"
        given = {role: tables[name] for role, name in step.inputs.items()}
        roles = {role: one.whole_table if is_kept else one for role, one in given.items()}
        if self.work.sample_rows is not None and step.inputs[main] in self.work.inputs:
            roles[main] = self._sample(roles[main], self.work.sample_rows)
        is_last = number == len(self.work.steps) - 1
        chart = self.folder / "out" / ("chart.png" if is_last else f"{step.output}.png")
        workbench = Workbench(
            self.database,
            roles,
            step.output,
            chart,
            self._share(number, step),
            self.work.sample_rows,
            self.work.crossing_rows,
            made=self.made,
            is_protected=bool(self.work.protected),
        )
        try:
            report = _RUNS[application.name](workbench, parameters)
        except Invalid as error:
            # The application knows its parameter; which step it is in is known here.
            raise Invalid(error.args[0], f"steps.{number}.{error.field}") from error
        return {
            "application": application.name,
            "output": step.output,
            **with_totals_told(
                _with_empty(report, workbench.empty), given.values(), is_kept=is_kept
            ),
            **_sampled(roles[main]),
        }

    def _screen(self, last: Step, tables: dict[str, InputTable]) -> tuple[Sequence[Column], Report]:
        """The result's columns, and what it tells about persons.

        That is more than its inputs did, where they met.
        """
        self.say(0.97, "cherche des données personnelles dans le résultat")
        rows, described = describe(self.database, last.output, lambda _share, _what: None)
        is_summed = last.application == "aggregate"
        found = screen(self.database, last.output, described, rows, is_summed=is_summed)
        if found.verdict == "none" and rows:
            found = self._screen_sums([one.name for one in described], tables) or found
        return described, {"privacy": found.model_dump(mode="json"), "warning": found.warning}

    def _screen_sums(self, shown: list[str], tables: dict[str, InputTable]) -> Privacy | None:
        """The verdict on the last sums, of persons, that the result shows, crossed since or not.

        Those of an input are judged by all of it in a trial too.
        """
        summed = [step for step in self.work.steps if step.application == "aggregate"]
        if not summed:
            return None
        source = tables[summed[-1].inputs["table"]]
        if not is_about_persons(self.database, self._sample(source, SAMPLE).name):
            return None
        parameters = AggregateParameters.model_validate(summed[-1].parameters)
        figures = [name for name in parameters.figures() if name in shown]
        return small_groups(self.database, source.whole, parameters.by, figures)

    def _repeated(
        self, step: Step, effect: Effect, tables: dict[str, InputTable], report: Report
    ) -> dict[str, Repeated]:
        """The columns of the step's table whose rows stand in it several times; of groups none."""
        if effect.by is not None:
            return {}
        found: dict[str, Repeated] = {}
        for name, made in effect.columns.items():
            if source := made.unchanged:
                table = tables[step.inputs[source.role]]
                times = report.get("repeated", {}).get(source.role, 1)
                before = table.repeated.get(source.column, Repeated(table.name, 1, step.output))
                if before.times * times > 1:
                    found[name] = before._replace(times=before.times * times)
        return found

    def _described(
        self, step: Step, effect: Effect, tables: dict[str, InputTable]
    ) -> dict[str, Column]:
        """What the columns that a step hands on were read to hold, and the units of its figures.

        Columns that only its run tells have the types that it gave them: texts stay texts.
        """
        found: dict[str, Column] = {}
        if effect.is_open:
            kinds = columns(self.database, step.output)
            found = {name: _text(name) for name, kind in kinds.items() if kind == "VARCHAR"}
        for name, made in effect.columns.items():
            known = [
                tables[step.inputs[part.source.role]].described.get(part.source.column)
                for part in made.of
            ]
            if made.unchanged and known[0]:
                found[name] = known[0].model_copy(update={"name": name})
            elif unit := _unit(made, known):
                meaning = of_unit(unit)
                found[name] = Column(
                    name=name, kind="decimal", filled=0, distinct=0, meaning=meaning
                )
        return found

    def _share(self, number: int, step: Step) -> Say:
        steps = len(self.work.steps)
        return lambda share, message: self.say(
            (number + share) / steps, f"{step.application} : {message}"
        )

    def _sample(self, table: InputTable, rows: int) -> InputTable:
        """`rows` rows at even distances: the same ones each time, from all over the table."""
        if table.rows <= rows:
            return table
        name = f"{table.name} (échantillon)"
        until, before = (f"({row} * {rows}) // {table.rows}" for row in (ROW, f"({ROW} - 1)"))
        self.database.execute(f"""
            CREATE TABLE IF NOT EXISTS {quoted(name)} AS
            SELECT * FROM {quoted(table.whole)} QUALIFY {until} <> {before}
        """)
        return InputTable(name, table.whole, rows, table.rows)

    def _write(self, table: InputTable, found: Sequence[Column], report: Report) -> list[Made]:
        """The last table as Parquet, and as CSV: UTF-8, `;` between fields, decimal points.

        Programs read that CSV as it is; a person may open it all the same, so no text is a formula.
        Its columns have the types that their source was read to hold, or those found in it where
        no source is known: a few codes alone look like numbers. The Parquet file tells their units.
        """
        self.say(0.99, "écrit le résultat")
        out = self.folder / "out"
        known = [table.described.get(one.name, one) for one in found]
        typed = typed_table(self.database, table.name, known)
        made, text = (literal(str(out / name)) for name in (RESULT, "result.csv"))
        options = f"FORMAT parquet, COMPRESSION zstd{units_option(known)}"
        self.database.execute(f"COPY ({typed.select}) TO {made} ({options})")
        written = f"read_parquet({made})"
        self.database.execute(f"CREATE OR REPLACE VIEW {quoted(RESULT)} AS FROM {written}")
        shown = harmless_table(self.database, RESULT)
        self.database.execute(f"COPY ({shown}) TO {text} (FORMAT csv, HEADER, DELIMITER ';')")
        report |= _with_empty(report, typed.lost(self.database, written))
        charts = [
            Made(name=path.name, path=f"out/{path.name}", media_type="image/png")
            for path in sorted(out.glob("*.png"))
        ]
        return [
            Made(name=RESULT, path=f"out/{RESULT}", media_type=PARQUET),
            Made(name="result.csv", path="out/result.csv", media_type="text/csv; charset=utf-8"),
            *charts,
            *self.made,
        ]


def treat(folder: Path, work: Work, memory_bytes: int, say: Say) -> tuple[list[Made], list[Report]]:
    """Run the treatment described by `work`; returns the files made and one report per step."""
    with open_database(folder, memory_bytes) as database:
        return TreatmentRun(folder, work, database, say).run()


def _text(name: str) -> Column:
    return Column(name=name, kind="text", filled=0, distinct=0)


def _unit(made: MadeColumn, sources: Sequence[Column | None]) -> str:
    """The unit of a figure: its own, or its only source's; a sum of rates is none."""
    source = sources[0] if len(sources) == 1 else None
    if made.unit or not (source and source.meaning and source.meaning.unit):
        return made.unit
    how, unit = made.of[0].how, source.meaning.unit
    is_alike = how in _ALIKE or (how == "sum" and unit not in RATE_UNITS)
    return unit if is_alike else ""


def _with_empty(report: Report, empty: Mapping[str, int]) -> Report:
    """The report, with a warning for each column of which cells are left empty."""
    warnings: list[Report] = [
        {"kind": "no_value", "column": name, "cells": cells, "told": _empty_told(name, cells)}
        for name, cells in empty.items()
    ]
    summary = " ; ".join([report["summary"], *(str(one["told"]) for one in warnings)])
    return report | {"warnings": [*report.get("warnings", []), *warnings], "summary": summary}


def _empty_told(name: str, cells: int) -> str:
    column = french_quoted(name)
    if cells == 1:
        return f"une cellule de {column} n'est ni nombre ni date, et reste vide"
    return f"{cells} cellules de {column} ne sont ni nombres ni dates, et restent vides"


def _sampled(main: InputTable) -> Report:
    if main.rows == main.whole_rows:
        return {}
    return {
        "sample": {
            "rows": main.rows,
            "of": main.whole_rows,
            "how": "lignes prises à intervalle régulier dans la table principale",
        }
    }
