"""What a treatment of others' restricted data leaves for a reviewer, who decides what comes of it.

A failure would tell of them, too: a step fails where a person is. What its holder sees is the same
whether it failed or not: a result that waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb

from shared.engine.applications import APPLICATIONS, traits_of
from shared.engine.applications.effect import Effect
from shared.engine.contract.result import MASKED, OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, count, quoted
from shared.engine.reading.values.withheld_values import OF_VALUES, WITHHELD, secret_told
from shared.engine.release.checking import ReleaseChecks
from shared.engine.release.following import Following
from shared.engine.release.grouping import Grouping, Turned
from shared.engine.release.populations import Population, make_population
from shared.engine.running.own_code.failures import NotLoaded
from shared.engine.running.steps.application_work import groups_of
from shared.engine.running.steps.grouped_step import GroupedStep, bench_of
from shared.engine.running.steps.workbench import TABLE, InputTable, number
from shared.engine.tables.manifest import PARQUET, RESULT, REVIEWED
from shared.errors import Invalid, Rejected
from shared.events.event import Step

_JOURNAL = "journal.txt"
_LONGEST_REASON = 1000

DoneT = TypeVar("DoneT")

_KEPT = ("application", "output", "sample", "totals", "likely_totals")
_TOLD = (
    "des données restreintes d'autrui y entrent : ses comptes ne sont pas montrés, et une valeur"
    " qui n'est pas un nombre n'y est pas additionnée"
)


class Candidate(NamedTuple):
    """A table that may leave, and the folder of the job's that its files stand in.

    `masking` says in French which of its cells are empty; an empty text for the whole result.
    """

    table: InputTable
    folder: str = "out"
    masking: str = ""


class Leaving:
    """Follows restricted data through the steps, and checks the table that may leave."""

    def __init__(self, folder: Path, work: Work, database: Database) -> None:
        self._work, self._database, self._folder = work, database, folder
        self.files: list[OutputFile] = []
        populations = {
            name: make_population(
                database, name, folder / work.inputs[name], terms, work.described.get(name, ())
            )
            for name, terms in work.protected.items()
        }
        self._following = Following(database, populations)
        self._release = ReleaseChecks(database, folder, self._following, self._numbers)

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
            self._release.note(step.output, "stops")
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

    def check(self, table: InputTable, output_files: Sequence[OutputFile]) -> list[Candidate]:
        """Check the last table; returns it, and the same with cells masked, if some are."""
        output = self._work.steps[-1].output
        if not self._work.protected:
            return [Candidate(table)]
        checked = self._release.check(output, table.name, RESULT)
        for file in output_files:
            if file.opaque:
                self._release.note(file.name, "opaque")
        path = self._folder / "out" / REVIEWED
        path.write_text(checked.reviewed.model_dump_json(), encoding="utf-8")
        internal = {REVIEWED: "application/json"}
        internal |= {entry.file: PARQUET for entry in self._release.entries}
        self.files = [
            OutputFile(name=name, path=f"out/{name}", media_type=media_type, is_internal=True)
            for name, media_type in internal.items()
        ]
        whole = self._named(table, checked.whole)
        if not checked.masked:
            return [Candidate(whole)]
        masked = self._named(table, checked.masked)
        return [Candidate(whole), Candidate(masked, MASKED, checked.masking)]

    def _named(self, table: InputTable, name: str) -> InputTable:
        """Return a table in the place of another."""
        rows = count(self._database, name)
        return replace(table, name=name, whole=name, rows=rows, whole_rows=rows)

    def record(self, failure: str, masking: str) -> dict[str, Any]:
        """Return what was found, for the last report; empty where no reviewer decides.

        `failure` is why the treatment did not come to its end.
        """
        if not self._work.protected:
            return {}
        return {"release": self._release.record(failure, masking).model_dump(mode="json")}

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


@dataclass(frozen=True)
class HiddenFailures:
    """The failures of a treatment that must be hidden; `reasons` holds the first, if any."""

    work: Work
    database: Database
    out: Path
    output_files: list[OutputFile]
    reasons: list[str] = field(default_factory=list)

    def attempt(self, step: Step, do: Callable[[], tuple[Effect, Report]]) -> tuple[Effect, Report]:
        """Return what `do` makes of a step, or a table that stands for it after a failure."""
        done = self.attempted(do)
        return done or (Effect({}, is_open=True), self._stand_in(step))

    def attempted(self, do: Callable[[], DoneT]) -> DoneT | None:
        """Return what `do` makes, None after a failure; raises what may be told."""
        if self.reasons:
            return None
        try:
            return do()
        except NotLoaded:
            raise
        except Exception as error:  # whatever it is, that it happens is what must not be told
            if not self.work.protected:
                raise
            self._note(_reason_in_french(error))
            return None

    @property
    def failure(self) -> str:
        """Return why the treatment did not come to its end, for a reviewer; empty where it did."""
        return "".join(self.reasons)[:_LONGEST_REASON]

    def _note(self, why: str) -> None:
        self.reasons.append(why)
        path = self.out / _JOURNAL
        path.write_text(f"{why}\n", encoding="utf-8")
        self.output_files.append(
            OutputFile(name=_JOURNAL, path=f"out/{_JOURNAL}", media_type="text/plain", opaque="log")
        )

    def _stand_in(self, step: Step) -> Report:
        """Make the step's table, of nothing that anybody brought."""
        name = quoted(step.output)
        for kind in ("VIEW", "TABLE"):
            try:
                self.database.execute(f"DROP {kind} IF EXISTS {name}")
            except duckdb.CatalogException:
                continue  # it is of the other kind
        self.database.execute(f"CREATE TABLE {name} AS SELECT 'voir le journal' AS resultat")
        return {
            "application": step.application,
            "output": step.output,
            "rows": {"in": {}, "out": 1},
            "summary": "le traitement n'est pas allé au bout : voir le journal",
        }


def _reason_in_french(error: Exception) -> str:
    """Return the error in French, with what Python says of it where own code failed."""
    why = str(error) if isinstance(error, Rejected) else f"{type(error).__name__} : {error}"
    messages = [f"Python dit : {note}" for note in getattr(error, "__notes__", ()) if note]
    return ". ".join((why, *messages))
