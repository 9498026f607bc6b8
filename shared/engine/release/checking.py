"""Checks the tables of a treatment that leave: empties cells, or holds them, and says why."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shared.engine.database import Database, columns, literal, quoted
from shared.engine.release.arithmetic.atoms import Undecided
from shared.engine.release.cells import Earlier, outcome, summary
from shared.engine.release.following import FollowedTable, Following
from shared.engine.release.hidden_cells import HiddenCells
from shared.engine.release.populations import Numbers, Population, visible
from shared.engine.release.protected_figures import figures_of
from shared.engine.release.table_check import TableCheck
from shared.engine.release.version_differences import OtherVersion, differences
from shared.engine.tables.release import (
    LedgerEntry,
    OutputRelease,
    ReleaseRecord,
    RuleOutcome,
    strictest,
)


@dataclass
class ReleaseChecks:
    """What was checked so far in a job: the record's parts, and what else left in it.

    `hidden` says in French what is left empty in its table; empty where nothing is.
    """

    database: Database
    folder: Path
    following: Following
    numbers: Numbers
    is_trial: bool = False
    outputs: list[OutputRelease] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    hidden: str = ""
    _left: list[tuple[LedgerEntry, Path]] = field(default_factory=list)

    def leave(self, name: str, table: str, output: str) -> str:
        """Check the table that the steps call `name`; returns the table to release in its place.

        `output` is what the record calls it.
        """
        followed = self.following.tables[name]
        inside = sorted(self.following.inside(followed))
        if not inside:
            return table
        checked_table = f"{table} (diffusable)"
        self.database.execute(f"CREATE TABLE {quoted(checked_table)} AS FROM {quoted(table)}")
        outcomes = [
            outcome_of_rule
            for protected_input in inside
            for outcome_of_rule in self._checked(protected_input, table, followed, checked_table)
        ]
        if any(rule_outcome.verdict == "suppressed" for rule_outcome in outcomes):
            self.hidden = HiddenCells.marked(
                self.database, checked_table, self._figures(followed)
            ).sentence
        names = list(columns(self.database, table))
        for hidden_name in set(names) - set(visible(names)):
            self.database.execute(
                f"ALTER TABLE {quoted(checked_table)} DROP COLUMN {quoted(hidden_name)}"
            )
        verdict = strictest(rule_outcome.verdict for rule_outcome in outcomes)
        self.outputs.append(OutputRelease(name=output, verdict=verdict, rules=tuple(outcomes)))
        return checked_table

    def hold(self, name: str, rule: Literal["opaque", "stops"]) -> None:
        """Hold an output back for a reviewer.

        No rule can look into what own code made; that a step did not stop tells of the data.
        """
        rules = (outcome(rule, "held"),)
        self.outputs.append(OutputRelease(name=name, verdict="held", rules=rules))

    @property
    def record(self) -> ReleaseRecord:
        """Return the record of all checks."""
        verdict = strictest(output.verdict for output in self.outputs)
        populations = self.following.populations.values() if verdict == "held" else ()
        return ReleaseRecord(
            verdict=verdict,
            outputs=tuple(self.outputs),
            entries=tuple(self.entries),
            differences=differences(self.folder, populations, self.entries),
            told=summary(verdict, self.hidden),
        )

    def _checked(
        self, name: str, table: str, followed: FollowedTable, checked_table: str
    ) -> Iterator[RuleOutcome]:
        """Yield what the rules say of one input in a table."""
        population = self.following.populations[name]
        title = population.terms.title or name
        figures = list(figures_of(followed, population))
        has_rows = any(figure.kind == "row" for figure in figures)
        is_carried = any(carrier.population == name for carrier in followed.carriers.values())
        is_chosen = is_carried and not has_rows and name in followed.exists_by
        if name in followed.lost:
            yield outcome("untraced", "held", title)
            return
        is_weighed = any(figure.kind == "weighed" for figure in figures)
        is_held = name in followed.selected or is_chosen or is_weighed
        if is_held:
            yield outcome("selection", "held", title)
        elif has_rows:
            yield outcome("rows", "released", title)
        groups = {
            column: carrier.grouped
            for column, carrier in followed.carriers.items()
            if carrier.grouped and name in self.following.groups[carrier.grouped]
        }
        if not groups:
            return
        check = TableCheck(
            population, self.following, table, checked_table, groups, figures, self.numbers
        )
        try:
            if not is_held:
                yield from self._judged(check, population)
        except Undecided:
            yield outcome("undecided", "held", title)
            check.forget()
        entry = check.entry(self.folder / "out", len(self.entries), followed, self.is_trial)
        if entry:
            self.entries.append(entry)
            self._left.append((entry, self.folder / "out" / entry.file))

    def _judged(self, check: TableCheck, population: Population) -> Iterator[RuleOutcome]:
        """Yield what the rules say, given earlier releases of the same and of other versions."""
        terms, same, others = population.terms, list[Earlier](), list[OtherVersion]()
        before = [(release.entry, self.folder / release.path) for release in terms.earlier]
        for entry, path in (*before, *self._left):
            read = f"FROM read_parquet({literal(str(path))})"
            earlier = Earlier(read, entry.figures, entry.columns)
            if (entry.dataset_id, entry.version) == (terms.dataset_id, terms.version):
                same.append(earlier)
            elif entry.dataset_id == terms.dataset_id:
                others.append(OtherVersion(entry, earlier))
        yield from check.run(same)
        yield from check.compare(same, others)

    def _figures(self, followed: FollowedTable) -> set[str]:
        """Return the columns that hold figures of protected inputs."""
        return {
            figure.column
            for name in self.following.inside(followed)
            for figure in figures_of(followed, self.following.populations[name])
            if figure.kind != "row"
        }
