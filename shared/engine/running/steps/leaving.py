"""What a treatment does so that nothing of others' restricted data leaves unchecked.

A failure would tell of them, too: a step fails where a person is. What its holder sees is the same
whether it failed or not: a result that waits for a reviewer, who reads why in its log. How long it
takes is seen; against that stands only who reads the code before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from shared.engine.applications import APPLICATIONS, traits_of
from shared.engine.applications.effect import Effect
from shared.engine.contract.result import OutputFile, Report
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
from shared.engine.tables.manifest import PARQUET, RESULT
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


def hides(work: Work, number: int) -> bool:
    """Return whether a failure at that step, or after all, would tell of others' restricted data.

    What others fail for in the tables that were given is known of these as a whole. In what a step
    made of them it may be one row that a holder chose.
    """
    inside, chosen = set(work.protected), set[str]()
    for at, step in enumerate(work.steps):
        protected_inputs = inside.intersection(step.inputs.values())
        is_made = not protected_inputs <= {*work.inputs}
        may_choose = bool(protected_inputs) and (traits_of(step).may_fail_by_row or is_made)
        if at == number:
            return may_choose
        if protected_inputs:
            inside.add(step.output)
        if may_choose:
            chosen.add(step.output)
    return bool(chosen)


def is_chosen(work: Work, number: int) -> bool:
    """Return whether the holder may have chosen rows that a step reads, by own tables or a step."""
    chosen = work.inputs.keys() - work.protected.keys() - set(work.published)
    for step in work.steps[:number]:
        if traits_of(step).may_fail_by_row or chosen.intersection(step.inputs.values()):
            chosen.add(step.output)
    return bool(chosen.intersection(work.steps[number].inputs.values()))


@dataclass(frozen=True)
class HiddenFailures:
    """The failures of a treatment that must be hidden; `reasons` holds the first, if any."""

    work: Work
    database: Database
    out: Path
    output_files: list[OutputFile]
    reasons: list[str] = field(default_factory=list)

    def attempt(
        self, number: int, step: Step, do: Callable[[], tuple[Effect, Report]]
    ) -> tuple[Effect, Report]:
        """Return what `do` makes of a step, or a table that stands for it after a failure."""
        done = self.attempted(number, do)
        return done or (Effect({}, is_open=True), self._stand_in(step))

    def attempted(self, number: int, do: Callable[[], DoneT]) -> DoneT | None:
        """Return what `do` makes, None after a failure; raises what may be told."""
        if self.reasons:
            return None
        try:
            return do()
        except NotLoaded:
            raise
        except Exception as error:  # whatever it is, that it happens is what must not be told
            if not hides(self.work, number):
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
