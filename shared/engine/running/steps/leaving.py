"""What a treatment does so that nothing of others' restricted data leaves unchecked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.engine.applications import APPLICATIONS, traits_of
from shared.engine.applications.effect import Effect
from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, count
from shared.engine.reading.values.withheld_values import OF_VALUES, WITHHELD, secret_told
from shared.engine.release.checking import ReleaseChecks
from shared.engine.release.following import Following
from shared.engine.release.grouping import Grouping, Turned
from shared.engine.release.populations import Population, make_population
from shared.engine.running.steps.application_work import groups_of
from shared.engine.running.steps.grouped_step import GroupedStep, bench_of
from shared.engine.running.steps.workbench import TABLE, InputTable, number
from shared.engine.tables.manifest import PARQUET, RESULT
from shared.errors import Invalid
from shared.events.event import Step

_KEPT = ("application", "output", "sample", "totals", "likely_totals")
_TOLD = (
    "des données restreintes d'autrui y entrent : ses comptes ne sont pas montrés, et une valeur"
    " qui n'est pas un nombre n'y est pas additionnée"
)


class Leaving:
    """Follows restricted data through the steps, and checks the tables that leave."""

    def __init__(self, folder: Path, work: Work, database: Database) -> None:
        self._work, self._database = work, database
        populations = {
            name: make_population(
                database, name, folder / work.inputs[name], terms, work.described.get(name, ())
            )
            for name, terms in work.protected.items()
        }
        self._following = Following(database, populations)
        self._rows, is_trial = 0, work.sample_rows is not None
        self._release = ReleaseChecks(database, folder, self._following, self._numbers, is_trial)

    def take(self, tables: Mapping[str, InputTable]) -> None:
        """Begin to follow the rows of the inputs."""
        for name in tables:
            self._following.take(name, is_published=name in self._work.published)

    def follow(
        self, step: Step, effect: Effect, roles: Mapping[str, InputTable], report: Report
    ) -> Report:
        """Follow rows through a step; returns what may be told of it."""
        if not self._work.protected:
            return report
        inputs, following = dict(step.inputs), self._following
        inside = any(following.inside(following.tables[name]) for name in inputs.values())
        if inside and effect.may_stop:
            self._release.hold(step.output, "stops")
        traits = traits_of(step)
        if traits.draws:
            following.hand_on(inputs[APPLICATIONS[step.application].main_role(step)], step.output)
        elif grouping := self._grouping(step, effect, roles):
            grouping.follow()
        elif not (effect.is_open or effect.by is not None or effect.moves_values):
            following.pass_rows(inputs, effect, step.output, report.get("repeated", {}))
        else:
            following.lose(inputs, step.output)
        if traits.picks_rows:
            following.choose(step.output)
        return _told_less(report, _secret(effect, roles)) if inside else report

    def _grouping(
        self, step: Step, effect: Effect, roles: Mapping[str, InputTable]
    ) -> Grouping | Turned | None:
        """Return the groups that a step makes of rows; None where it makes none to follow."""
        groups = groups_of(step.application)
        if effect.is_open or groups is None:
            return None
        grouped = GroupedStep(self._database, self._following, step, effect, roles)
        grouping: Grouping | Turned | None = groups(grouped)
        return grouping

    def leave(
        self, tables: dict[str, InputTable], output_files: Sequence[OutputFile]
    ) -> tuple[InputTable, list[OutputFile]]:
        """Check the last table; returns it, and files for the ledger.

        Steps that have the same table draw it as it leaves; what others of restricted data would
        draw is not drawn.
        """
        output = self._work.steps[-1].output
        table = released = tables[output]
        if not self._work.protected:
            return table, []
        if (name := self._release.leave(output, table.name, RESULT)) != table.name:
            rows = count(self._database, name)
            released = replace(table, name=name, whole=name, rows=rows, whole_rows=rows)
        tables |= {
            output_name: released
            for output_name, other in tables.items()
            if other.name == table.name
        }
        if self._release.outputs:
            for file in output_files:
                if file.opaque:
                    self._release.hold(file.name, "opaque")
        self._rows = released.rows
        files = [
            OutputFile(
                name=entry.file, path=f"out/{entry.file}", media_type=PARQUET, is_internal=True
            )
            for entry in self._release.entries
        ]
        return released, files

    @property
    def hidden(self) -> str:
        """Return what the last table keeps secret, in French; empty where that is nothing."""
        return self._release.hidden

    def record(self, failure: str) -> dict[str, Any]:
        """Return what was checked, for the last report; empty where nothing had to be.

        `failure` is why own code, or a query, did not come to its end.
        """
        if not self._work.protected:
            return {}
        record = self._release.record.model_copy(update={"failure": failure})
        return {"release": record.model_dump(mode="json"), "rows": {"out": self._rows}}

    def _numbers(self, population: Population, column: str) -> str | None:
        described = {column.name: column for column in population.described}
        base = InputTable(population.base, population.base, 0, 0, described=described)
        try:
            return number(bench_of(self._database, {TABLE: base}), TABLE, column, "")[0]
        except Invalid:
            return None


def _told_less(report: Report, secret: Sequence[Report]) -> Report:
    """Return the report of a step without what it counts of restricted data."""
    kept = {name: report[name] for name in _KEPT if name in report}
    return kept | {"summary": _TOLD} | ({"warnings": list(secret)} if secret else {})


def _secret(effect: Effect, roles: Mapping[str, InputTable]) -> list[Report]:
    """Return the columns whose figures leave out secret values, as the catalogue shows them.

    Not as they are read here: how many there are tells of units.
    """
    parts = (part for column in effect.columns.values() for part in column.of)
    sources = dict.fromkeys(part.source for part in parts if part.how in OF_VALUES)
    groups = effect.by or ()
    profiles = (
        roles[source.role].described.get(source.column)
        for source in sources
        if source not in groups
    )
    return [
        {
            "kind": WITHHELD,
            "column": column.name,
            "told": secret_told(column.name, column.withheld, "not_counted"),
        }
        for column in profiles
        if column and column.withheld
    ]
