"""Runs the steps of a treatment one after the other, and writes the last table."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pyarrow import parquet

from shared.engine.analysis.sharding import sharded_step, sums_after
from shared.engine.applications import (
    APPLICATIONS,
    check_steps,
    effect_of,
    parse_parameters,
    traits_of,
)
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.effect import Effect
from shared.engine.applications.python.application import check_installed
from shared.engine.contract.result import LOST, MaskedResult, OutputFile, Report
from shared.engine.contract.work import SUMS, Work
from shared.engine.database import Database, Say, columns, open_database
from shared.engine.reading.files.contents import hand_over
from shared.engine.running.notes import note_inputs, note_result, note_reused, note_step
from shared.engine.running.own_code.failures import CodeFailed
from shared.engine.running.steps.application_work import run_of, shard_of
from shared.engine.running.steps.input_tables import (
    made_table,
    sample_of,
    sampled,
    take,
    with_empty_told,
    with_totals_told,
)
from shared.engine.running.steps.leaving import Candidate, HiddenFailures, Leaving
from shared.engine.running.steps.result import Screening, lost, secrets_told, write_result
from shared.engine.running.steps.reuse import Reuse, taken_over
from shared.engine.running.steps.row_sums import read_sums, write_sums
from shared.engine.running.steps.untried_steps import attempted, has_its_names, untried
from shared.engine.running.steps.workbench import TABLE, InputTable, Workbench
from shared.engine.synthetic.invented_tables import invent
from shared.engine.tables.manifest import PARQUET
from shared.errors import Invalid
from shared.events.event import Step

FAILED_ON_SAMPLE = "essayé sur toutes les lignes, car sur un échantillon "
"""What is said, before the reason, when code is run again."""


@dataclass(frozen=True)
class TreatmentRun:
    """A treatment under way in a job folder."""

    folder: Path
    work: Work
    database: Database
    say: Say
    reuse: Reuse
    output_files: list[OutputFile] = field(default_factory=list)
    as_read: dict[str, bool] = field(default_factory=dict)

    def run(self) -> tuple[list[OutputFile], list[Report]]:
        """Run every step; returns the files made and one report per step.

        Raises Rejected with a reason that names the step.
        """
        check_steps(self.work.inputs, self.work.steps)
        check_installed(self.work.steps)
        note_inputs(self.work)
        tables = {
            name: take(self.database, self.work, name, self.folder / path)
            for name, path in self.work.inputs.items()
        }
        self._take_sums(tables)
        leaving = Leaving(self.folder, self.work, self.database)
        leaving.take(tables)
        reports = []
        hidden = HiddenFailures(self.work, self.database, self.folder / "out", self.output_files)
        for number, step in enumerate(self.work.steps):
            reports.append(self._report_of(number, step, tables, leaving, hidden))
        candidates = leaving.check(tables[self.work.steps[-1].output], self.output_files)
        results = [self._result(candidate, tables, reports, hidden) for candidate in candidates]
        files, reports = results[0]
        for outputs, masked_reports in results[1:]:
            masked = MaskedResult(outputs=tuple(outputs), reports=tuple(masked_reports))
            reports[-1] |= {"masked": masked.model_dump(mode="json")}
        reports[-1] |= leaving.record(hidden.failure, candidates[-1].masking)
        screening = Screening(self.database, self.work, tables, self.as_read)
        reports[-1] |= {"steps_left": self.reuse.leave(screening.needs_source)}
        return [*files, *self.output_files, *leaving.files], reports

    def _result(
        self,
        candidate: Candidate,
        tables: dict[str, InputTable],
        steps_reports: Sequence[Report],
        hidden: HiddenFailures,
    ) -> tuple[list[OutputFile], list[Report]]:
        """Write a table that may leave, and what is drawn of it.

        Returns the files, and the reports of the steps with what is said of that table.
        """
        result, masking = candidate.table, candidate.masking
        out, reports = self.folder / candidate.folder, list(steps_reports)
        out.mkdir(exist_ok=True)
        self.say(0.97, "cherche des données personnelles dans le résultat")
        columns, screened = Screening(self.database, self.work, tables, self.as_read).of(result)
        reports[-1] = reports[-1] | screened
        if self.work.protected:
            reports[-1] |= {"rows": {"out": result.rows}}
        elif not self.work.invented:
            reports[-1] |= lost(self.database, self.work.steps, tables)
        self.say(0.99, "écrit le résultat")
        files = write_result(self.database, out, result, columns, reports[-1])
        note_result(self.work, result.rows, len(columns), screened["warning"])
        draw = partial(self._pictures, tables, candidate, reports)
        last = self.work.steps[-1]
        attempt = partial(attempted, self.work, tables, last, draw, by_values=True)
        pictures = hidden.attempted(attempt) or []
        files += pictures
        reports[-1] |= secrets_told(result, columns, reports, masking)
        moved = [
            file.model_copy(update={"path": f"{candidate.folder}/{file.name}"}) for file in files
        ]
        return moved, reports

    def _report_of(
        self,
        number: int,
        step: Step,
        tables: dict[str, InputTable],
        leaving: Leaving,
        hidden: HiddenFailures,
    ) -> Report:
        """Make a step's table, or take over what an earlier job made."""
        if taken := self.reuse.cached_tables.get(step.output):
            note_reused(number, step, self.work.cached[step.output].day)
            tables[step.output], report = taken
            return report
        began = time.perf_counter()
        effect, report = hidden.attempt(step, partial(self._attempt, number, step, tables))
        note_step(self.work, number, step, report)
        roles = self._roles(number, step, tables)
        followed = leaving.follow(step, effect, roles, report)
        if traits_of(step).draws:
            tables[step.output] = roles[TABLE]
        else:
            about = {**report, "warnings": followed.get("warnings", [])}
            tables[step.output] = made_table(self.database, step, effect, tables, about)
            self.reuse.did(step, tables[step.output], report, began)
        return followed

    def _attempt(
        self, number: int, step: Step, tables: dict[str, InputTable]
    ) -> tuple[Effect, Report]:
        columns_by_role = {
            role: tuple(columns(self.database, tables[name].name))
            for role, name in step.inputs.items()
        }
        attempt = partial(attempted, self.work, tables, step)
        effect = attempt(partial(effect_of, step, f"steps.{number}", columns_by_role))
        run = partial(self._step, number, step, tables)
        by_values = effect is not None and has_its_names(effect, columns_by_role)
        report = effect and attempt(run, by_values=by_values)
        return (effect, report) if effect and report else untried(self.database, step)

    def _pictures(
        self, tables: Mapping[str, InputTable], candidate: Candidate, reports: list[Report]
    ) -> list[OutputFile]:
        """Draw what the steps ask for of their tables; of the last, the one that may leave."""
        steps = self.work.steps
        last = tables[steps[-1].output].name
        if not any(APPLICATIONS[step.application].is_drawn(step) for step in steps):
            return []
        from shared.engine.running.steps.pictures import draw_pictures  # noqa: PLC0415 - loads matplotlib

        self.say(0.99, "dessine")
        drawn_tables = [
            candidate.table if table.name == last else table
            for table in (tables[step.output] for step in steps)
        ]
        benches = [
            self._workbench(number, steps[number], {TABLE: table})
            for number, table in enumerate(drawn_tables)
        ]
        out = self.folder / candidate.folder
        return draw_pictures(self.work, out, reports, benches, candidate.masking)

    def add_up(self) -> tuple[list[OutputFile], list[Report]]:
        """Add up this engine's shard of the rows; returns the file of sums, if they are exact."""
        sharded = sharded_step(self.work)
        if sharded is None:
            return [], [{}]
        step = self.work.steps[sharded.number]
        tables = {
            name: take(
                self.database,
                self.work,
                name,
                self.folder / self.work.inputs[name],
                is_shard=name == sharded.table,
            )
            for name in step.inputs.values()
        }
        roles = self._roles(sharded.number, step, tables)
        workbench = self._workbench(sharded.number, step, roles)
        parameters = parse_parameters(APPLICATIONS[step.application], step, "")
        sums = shard_of(step.application)(workbench, parameters)
        # Marks of secret values are counted by who reads all rows.
        if sums is None or workbench.empty:
            return [], [{}]
        self.say(0.3, "additionne")
        path = self.folder / "out" / SUMS
        groups = write_sums(self.database, tables[sharded.table], sums, path)
        report = {"rows": {"in": tables[sharded.table].rows, "out": groups}}
        return [OutputFile(name=SUMS, path=f"out/{SUMS}", media_type=PARQUET)], [report]

    def _take_sums(self, tables: Mapping[str, InputTable]) -> None:
        """Let what engines added up stand for an input's rows."""
        sharded = sharded_step(self.work) if self.work.sums else None
        paths = [self.folder / path for path in self.work.sums]
        if sharded and read_sums(self.database, tables[sharded.table], paths):
            self.as_read[sharded.table] = True

    def _summed(self, number: int) -> AggregateParameters | None:
        """Return what is added up of a crossing that the aggregation after it alone reads.

        One of others' restricted data is read again, to see whose rows are in which group.
        """
        step = None if self.work.protected else sums_after(self.work.steps, number)
        return AggregateParameters.model_validate(step.parameters) if step else None

    def _step(self, number: int, step: Step, tables: dict[str, InputTable]) -> Report:
        application = APPLICATIONS[step.application]
        parameters = parse_parameters(application, step, f"steps.{number}")
        is_kept = parameters.model_dump().get("totals") == "kept"
        input_tables = [tables[name] for name in step.inputs.values()]
        roles = self._roles(number, step, tables)
        workbench = self._workbench(number, step, roles)
        try:
            report = run_of(application.name)(workbench, parameters)
        except Invalid as error:
            # The application knows its parameter; which step it is in is known here.
            raise Invalid(error.args[0], f"steps.{number}.{error.field}") from error
        return {
            "application": application.name,
            "output": step.output,
            **with_totals_told(
                with_empty_told(report, workbench.empty), input_tables, is_kept=is_kept
            ),
            **sampled(roles[application.main_role(step)]),
        }

    def _roles(
        self, number: int, step: Step, tables: Mapping[str, InputTable]
    ) -> dict[str, InputTable]:
        """Return the step's tables by role, with totals if it keeps them; a trial samples one."""
        application = APPLICATIONS[step.application]
        main = application.main_role(step)
        parameters = parse_parameters(application, step, f"steps.{number}")
        is_kept = parameters.model_dump().get("totals") == "kept"
        input_tables = {role: tables[name] for role, name in step.inputs.items()}
        roles = {
            role: table.whole_table if is_kept else table for role, table in input_tables.items()
        }
        # A sample of others' restricted rows would tell, beside the whole, who is left out of it.
        sampled_inputs = self.work.inputs.keys() - {*self.work.tables, *self.work.protected}
        if self.work.sample_rows is not None and step.inputs[main] in sampled_inputs:
            roles[main] = sample_of(self.database, roles[main], self.work.sample_rows)
        return roles

    def _workbench(self, number: int, step: Step, roles: Mapping[str, InputTable]) -> Workbench:
        return Workbench(
            self.database,
            roles,
            step.output,
            self.folder / "out",
            self._share(number, step),
            self.work.sample_rows,
            self.work.crossing_rows,
            output_files=self.output_files,
            is_protected=bool(self.work.protected),
            summed=self._summed(number),
            as_read=self.as_read,
            expected_rows=self.work.expected_rows.get(step.output),
        )

    def _share(self, number: int, step: Step) -> Say:
        steps = len(self.work.steps)
        return lambda share, message: self.say(
            (number + share) / steps, f"{step.application} : {message}"
        )


def treat(
    folder: Path, work: Work, memory_bytes: int, say: Say
) -> tuple[list[OutputFile], list[Report]]:
    """Run the treatment described by `work`; returns the files made and one report per step.

    A sample that loses its rows, or all values of a column, says nothing of the treatment, nor does
    one that own code cannot do with: it is tried on the whole table then.
    """
    handed = invent(folder, hand_over(folder, work), memory_bytes)
    try:
        outputs, reports = _treat(folder, handed, memory_bytes, say)
        if work.sample_rows is None or LOST not in reports[-1]:
            return outputs, reports
    except CodeFailed as failed:
        if not _is_sampled(folder, handed):
            raise
        say(0.0, f"{FAILED_ON_SAMPLE}{failed}")
    whole = handed.model_copy(update={"sample_rows": None})
    for code in (folder / "out").glob("code-*"):
        shutil.rmtree(code)
    return _treat(folder, whole, memory_bytes, say)


def _is_sampled(folder: Path, work: Work) -> bool:
    """Return whether a sample leaves out rows of any input."""
    rows = (parquet.read_metadata(folder / path).num_rows for path in work.inputs.values())
    return work.sample_rows is not None and max(rows, default=0) > work.sample_rows


def _treat(
    folder: Path, work: Work, memory_bytes: int, say: Say
) -> tuple[list[OutputFile], list[Report]]:
    with open_database(folder, memory_bytes) as database:
        reuse = taken_over(database, folder, work)
        run = TreatmentRun(folder, reuse.work, database, say, reuse)
        return run.run() if work.shard is None else run.add_up()
