"""What a treatment does so that nothing of others' restricted data leaves unchecked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from services.compute.execution.job_folder import Made, Report, Work
from services.compute.runner.database import count, quoted
from services.compute.runner.release.checking import Release
from services.compute.runner.release.following import Following
from services.compute.runner.release.populations import Population, make_population
from services.compute.runner.steps.figures import period
from services.compute.runner.steps.workbench import TABLE, InputTable, Workbench, number
from shared.applications import APPLICATIONS
from shared.applications.aggregate import AggregateParameters
from shared.applications.effect import Effect
from shared.errors import Invalid
from shared.events.event import Step
from shared.tables.manifest import PARQUET, RESULT

_KEPT = ("application", "output", "totals", "likely_totals")
_UNCHOSEN = ("cross", "aggregate", "chart", "map", "report")
"""Steps that leave rows out by no condition of the holder's: others may pick units one by one."""

_TOLD = "des données restreintes d'autrui y entrent : ses comptes ne sont pas montrés"


class Leaving:
    """Follows restricted data through the steps, and checks the tables that leave."""

    def __init__(self, folder: Path, work: Work, database: duckdb.DuckDBPyConnection) -> None:
        self._work, self._database = work, database
        populations = {
            name: make_population(
                database, name, folder / work.inputs[name], terms, work.described.get(name, ())
            )
            for name, terms in work.protected.items()
        }
        self._following = Following(database, populations)
        self._rows, is_trial = 0, work.sample_rows is not None
        self._release = Release(database, folder, self._following, self._numbers, is_trial)

    def take(self, tables: Mapping[str, InputTable]) -> None:
        """Begin with the inputs."""
        for name in tables:
            self._following.take(name, is_published=name in self._work.published)

    def follow(
        self, step: Step, effect: Effect, roles: Mapping[str, InputTable], report: Report
    ) -> Report:
        """Follow rows through a step; returns what may be told of it."""
        if not self._work.protected:
            return report
        inputs, following = dict(step.inputs), self._following
        inside = any(following.inside(following.tables[it]) for it in inputs.values())
        if APPLICATIONS[step.application].draws:
            following.hand_on(inputs[APPLICATIONS[step.application].main_role(step)], step.output)
        elif effect.is_open or not _is_followed(step, effect):
            following.lose(inputs, step.output)
        elif step.application == "aggregate":
            table = roles[TABLE]
            groups = self._groups(step, table)
            following.group(inputs, effect, table.name, step.output, groups)
        elif effect.by is None:
            following.pass_rows(inputs, effect, step.output, report.get("repeated", {}))
        else:
            following.lose(inputs, step.output)
        if step.application not in _UNCHOSEN:
            following.choose(step.output)
        return _told_less(report) if inside else report

    def leave(
        self, tables: dict[str, InputTable], made: Sequence[Made]
    ) -> tuple[InputTable, list[Made]]:
        """Check the last table; returns it, and files for the ledger.

        Steps that have the same table draw it as it leaves; what others of restricted data would
        draw is not drawn.
        """
        last = self._work.steps[-1]
        if not self._work.protected:
            return tables[last.output], []
        table = tables[last.output]
        shown = self._left(last.output, table)
        tables |= {name: shown for name, one in tables.items() if one.name == table.name}
        if self._release.outputs:
            for one in made:
                if one.opaque:
                    self._release.hold(one.name)
        self._rows = tables[last.output].rows
        files = [
            Made(name=one.file, path=f"out/{one.file}", media_type=PARQUET, is_internal=True)
            for one in self._release.entries
        ]
        return tables[last.output], files

    def _left(self, name: str, table: InputTable) -> InputTable:
        shown = self._release.leave(name, table.name, RESULT)
        if shown == table.name:
            return table
        rows = count(self._database, shown)
        return replace(table, name=shown, whole=shown, rows=rows, whole_rows=rows)

    @property
    def record(self) -> dict[str, Any]:
        """What was checked, for the last report; empty where nothing had to be."""
        if not self._work.protected:
            return {}
        record = self._release.record.model_dump(mode="json")
        return {"release": record, "rows": {"out": self._rows}}

    def _groups(self, step: Step, table: InputTable) -> dict[str, str]:
        """The columns of groups in SQL, by their names in the result."""
        told = AggregateParameters.model_validate(step.parameters)
        bench = self._bench(table)
        groups = {name: quoted(name) for name in told.by}
        return groups | {one.called: period(bench, at, one) for at, one in enumerate(told.times)}

    def _bench(self, table: InputTable) -> Workbench:
        return Workbench(self._database, {TABLE: table}, "", Path(), lambda _at, _what: None)

    def _numbers(self, population: Population, column: str) -> str | None:
        described = {one.name: one for one in population.described}
        base = InputTable(population.base, population.base, 0, 0, described=described)
        try:
            return number(self._bench(base), TABLE, column, "")[0]
        except Invalid:
            return None


def _is_followed(step: Step, effect: Effect) -> bool:
    """Whether it is known which rows of its tables are behind each row and figure of its own."""
    match step.application:
        case "clean":
            return not effect.code
        case "pivot" | "query":
            # A query may set values beside other rows than their own: by itself, or by windows.
            return False
        case _:
            return True


def _told_less(report: Report) -> Report:
    """The report of a step without what it counts of restricted data."""
    return {**{name: report[name] for name in _KEPT if name in report}, "summary": _TOLD}
