"""What a treatment does so that nothing of others' restricted data leaves unchecked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.engine.applications import APPLICATIONS
from shared.engine.applications.aggregate_application import AggregateParameters
from shared.engine.applications.cleaning.clean_application import CLEAN, CleanParameters
from shared.engine.applications.effect import Effect, MadeColumn, Part, Source, as_it_is
from shared.engine.applications.pivot_application import PivotParameters
from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, count, filled, quoted
from shared.engine.reading.values.withheld_values import OF_VALUES, WITHHELD, secret_told
from shared.engine.release.checking import ReleaseChecks
from shared.engine.release.following import Following
from shared.engine.release.grouping import Grouping, Turned
from shared.engine.release.populations import Population, make_population
from shared.engine.running.sql.plain_groups import plain_groups
from shared.engine.running.steps.figures import period
from shared.engine.running.steps.query import given_columns, shape
from shared.engine.running.steps.workbench import TABLE, InputTable, Workbench, number
from shared.engine.tables.manifest import PARQUET, RESULT
from shared.errors import Invalid
from shared.events.event import Step
from shared.words import unique

_KEPT = ("application", "output", "sample", "totals", "likely_totals")
_UNCHOSEN = ("cross", "aggregate", "chart", "map", "report")
"""Steps that leave rows out by no condition of the holder's: others may pick units one by one."""

_JUDGED = ("sum", "count", "mean")
"""Figures of a pivot's cells that the rules know; others are a value of one unit."""

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
        is_clean = step.application == CLEAN.name
        cleaned = CleanParameters.model_validate(step.parameters) if is_clean else None
        if inside and cleaned and cleaned.may_stop:
            self._release.hold(step.output, "stops")
        if APPLICATIONS[step.application].draws:
            following.hand_on(inputs[APPLICATIONS[step.application].main_role(step)], step.output)
        elif grouping := self._grouping(step, effect, roles):
            grouping.follow()
        elif _is_followed(step, effect, cleaned):
            following.pass_rows(inputs, effect, step.output, report.get("repeated", {}))
        else:
            following.lose(inputs, step.output)
        if step.application not in _UNCHOSEN:
            following.choose(step.output)
        return _told_less(report, _secret(effect, roles)) if inside else report

    def _grouping(
        self, step: Step, effect: Effect, roles: Mapping[str, InputTable]
    ) -> Grouping | Turned | None:
        """The groups that a step makes of rows, None where it makes none that are followed."""
        if effect.is_open:
            return None
        match step.application:
            case "aggregate":
                groups = self._groups(step, roles[TABLE])
                table, inputs = roles[TABLE].name, dict(step.inputs)
                return Grouping(self._following, inputs, effect, table, step.output, groups)
            case "query":
                return self._queried(step, roles)
            case "pivot":
                return self._turned(step, roles[TABLE])
        return None

    def _queried(self, step: Step, roles: Mapping[str, InputTable]) -> Grouping | None:
        """The groups of a query that adds up, of its rows as it reads them."""
        bench = self._bench(roles)
        tables = {role: given_columns(bench, role) for role in roles}
        sql = str(step.parameters["sql"])
        plain = plain_groups(sql, {role: shape(one) for role, one in tables.items()})
        if plain is None:
            return None
        inputs = {plain.role: step.inputs[plain.role]}
        read = [f"{tables[plain.role][it].value} AS {quoted(it)}" for it in plain.columns]
        read += map(quoted, self._following.tables[inputs[plain.role]].carriers)
        table = f"‹lignes lues pour {step.output}›"
        self._database.execute(
            f"CREATE VIEW {quoted(table)} AS"
            f" SELECT {', '.join(read) or '1'} FROM {quoted(roles[plain.role].name)}"
        )
        groups = {name: quoted(column) for name, column in plain.keys.items()}
        return Grouping(
            self._following, inputs, plain.effect, table, step.output, groups, plain.wanted
        )

    def _turned(self, step: Step, table: InputTable) -> Turned | None:
        """The groups of a table that is turned into columns of figures that can be judged."""
        told = PivotParameters.model_validate(step.parameters).wide
        if not told or told.figure not in _JUDGED or told.names in told.index:
            return None
        groups = {name: quoted(name) for name in told.index} | {told.names: filled(told.names)}
        chosen = ", ".join(f"{one} AS {quoted(name)}" for name, one in groups.items())
        cells = f"‹cellules de {step.output}›"
        self._database.execute(
            f"CREATE TABLE {quoted(cells)} AS SELECT DISTINCT {chosen} FROM {quoted(table.name)}"
        )
        by = tuple(Source(TABLE, name) for name in groups)
        made = {name: as_it_is(one) for name, one in zip(groups, by, strict=True)}
        figure = unique(["‹chiffre›"], groups)[0]
        made[figure] = MadeColumn((Part(Source(TABLE, told.values), told.how),))
        effect, inputs = Effect(made, by=by), dict(step.inputs)
        grouping = Grouping(self._following, inputs, effect, table.name, cells, groups)
        columns = dict(zip(told.columns, told.called(told.columns), strict=True))
        return Turned(grouping, told.names, columns, step.output)

    def leave(
        self, tables: dict[str, InputTable], made: Sequence[OutputFile]
    ) -> tuple[InputTable, list[OutputFile]]:
        """Check the last table; returns it, and files for the ledger.

        Steps that have the same table draw it as it leaves; what others of restricted data would
        draw is not drawn.
        """
        output = self._work.steps[-1].output
        table = shown = tables[output]
        if not self._work.protected:
            return table, []
        if (name := self._release.leave(output, table.name, RESULT)) != table.name:
            rows = count(self._database, name)
            shown = replace(table, name=name, whole=name, rows=rows, whole_rows=rows)
        tables |= {other: shown for other, one in tables.items() if one.name == table.name}
        if self._release.outputs:
            for one in made:
                if one.opaque:
                    self._release.hold(one.name, "opaque")
        self._rows = shown.rows
        files = [
            OutputFile(name=one.file, path=f"out/{one.file}", media_type=PARQUET, is_internal=True)
            for one in self._release.entries
        ]
        return shown, files

    @property
    def hidden(self) -> str:
        """What the last table keeps secret, in French; empty where that is nothing."""
        return self._release.hidden

    def record(self, failure: str) -> dict[str, Any]:
        """What was checked, for the last report; empty where nothing had to be.

        `failure` is why own code, or a query, did not come to its end.
        """
        if not self._work.protected:
            return {}
        record = self._release.record.model_copy(update={"failure": failure})
        return {"release": record.model_dump(mode="json"), "rows": {"out": self._rows}}

    def _groups(self, step: Step, table: InputTable) -> dict[str, str]:
        """The columns of groups in SQL, by their names in the result."""
        told = AggregateParameters.model_validate(step.parameters)
        bench = self._bench({TABLE: table})
        groups = {name: quoted(name) for name in told.by}
        return groups | {one.called: period(bench, at, one) for at, one in enumerate(told.times)}

    def _bench(self, roles: Mapping[str, InputTable]) -> Workbench:
        return Workbench(
            self._database, roles, "", Path(), lambda _at, _what: None, is_protected=True
        )

    def _numbers(self, population: Population, column: str) -> str | None:
        described = {one.name: one for one in population.described}
        base = InputTable(population.base, population.base, 0, 0, described=described)
        try:
            return number(self._bench({TABLE: base}), TABLE, column, "")[0]
        except Invalid:
            return None


def _is_followed(step: Step, effect: Effect, cleaned: CleanParameters | None) -> bool:
    """Whether its rows are those of its tables, each with what stands in it."""
    if effect.is_open or effect.by is not None:
        return False
    # A query may set values beside other rows than their own: by itself, or by windows.
    is_turned = step.application in ("pivot", "query")
    return not is_turned and not (cleaned and (effect.code or cleaned.fills))


def _told_less(report: Report, secret: Sequence[Report]) -> Report:
    """The report of a step without what it counts of restricted data."""
    kept = {name: report[name] for name in _KEPT if name in report}
    return kept | {"summary": _TOLD} | ({"warnings": list(secret)} if secret else {})


def _secret(effect: Effect, roles: Mapping[str, InputTable]) -> list[Report]:
    """The columns in whose figures secret values are not counted, as the catalogue shows them.

    Not as they are read here: how many there are tells of units.
    """
    parts = (part for made in effect.columns.values() for part in made.of)
    sources = dict.fromkeys(it.source for it in parts if it.how in OF_VALUES)
    groups = effect.by or ()
    known = (roles[it.role].described.get(it.column) for it in sources if it not in groups)
    return [
        {
            "kind": WITHHELD,
            "column": one.name,
            "told": secret_told(one.name, one.withheld, "not_counted"),
        }
        for one in known
        if one and one.withheld
    ]
