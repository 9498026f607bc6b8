"""What a reviewer is told of the tables of a treatment, and the same with cells masked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from shared.engine.database import Database, columns, literal, quoted
from shared.engine.release.arithmetic.atoms import Undecided
from shared.engine.release.cells import Earlier, choice_outcome, outcome
from shared.engine.release.earlier_results import differences
from shared.engine.release.following import FollowedTable, Following
from shared.engine.release.hidden_cells import HiddenCells
from shared.engine.release.populations import Numbers, Population, visible
from shared.engine.release.protected_figures import figures_of
from shared.engine.release.reviewed_table import CellMark, reviewed_table
from shared.engine.release.table_check import TableCheck
from shared.engine.tables.release import (
    LedgerEntry,
    OutputRelease,
    ReleaseRecord,
    ReviewedTable,
    RuleOutcome,
    strictest,
)


class CheckedTable(NamedTuple):
    """A table as a reviewer reads it, and the name of it as it may leave.

    `masked` is the name of the same with cells masked, empty where the rules mask none, or cannot
    say which; `masking` says in French what is empty there.
    """

    reviewed: ReviewedTable
    whole: str
    masked: str = ""
    masking: str = ""


@dataclass
class ReleaseChecks:
    """What was found so far in a job: the record's parts, and the entries for the ledger."""

    database: Database
    folder: Path
    following: Following
    numbers: Numbers
    outputs: list[OutputRelease] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)

    def check(self, name: str, table: str, output: str) -> CheckedTable:
        """Check the table that the steps call `name`; `output` is what the record calls it."""
        followed = self.following.tables[name]
        whole, copy = f"{table} (entière)", f"{table} (masquée)"
        marks, outcomes = list[CellMark](), list[RuleOutcome]()
        for other in (whole, copy):
            self.database.execute(
                f"CREATE OR REPLACE TABLE {quoted(other)} AS FROM {quoted(table)}"
            )
        for protected_input in sorted(self.following.inside(followed)):
            outcomes += self._checked(protected_input, table, followed, copy, marks)
        verdict = strictest(rule_outcome.verdict for rule_outcome in outcomes)
        self.outputs.append(OutputRelease(name=output, verdict=verdict, rules=tuple(outcomes)))
        reviewed = reviewed_table(self.database, table, marks)
        self._take_numbers_out(whole)
        if verdict != "suppressed":
            return CheckedTable(reviewed, whole)
        hidden = HiddenCells.marked(self.database, copy, self._figures(followed))
        self._take_numbers_out(copy)
        return CheckedTable(reviewed, whole, copy, hidden.sentence)

    def note(self, name: str, rule: Literal["opaque", "stops"]) -> None:
        """Note an output that no rule can look into, or a step that tells by whether it stopped."""
        rules = (outcome(rule, "held"),)
        self.outputs.append(OutputRelease(name=name, verdict="held", rules=rules))

    def record(self, failure: str, masking: str) -> ReleaseRecord:
        """Return the record of all checks."""
        populations = self.following.populations.values()
        return ReleaseRecord(
            outputs=tuple(self.outputs),
            entries=tuple(self.entries),
            differences=differences(self.folder, populations, self.entries),
            failure=failure,
            masking=masking,
        )

    def _take_numbers_out(self, table: str) -> None:
        names = list(columns(self.database, table))
        for hidden_name in set(names) - set(visible(names)):
            self.database.execute(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(hidden_name)}")

    def _checked(
        self, name: str, table: str, followed: FollowedTable, copy: str, marks: list[CellMark]
    ) -> Iterator[RuleOutcome]:
        """Yield what the rules say of one input in a table, whose cells get their marks."""
        population = self.following.populations[name]
        title = population.terms.title or name
        if name in followed.lost:
            yield outcome("untraced", "held", title)
            return
        figures = list(figures_of(followed, population))
        has_rows = any(figure.kind == "row" for figure in figures)
        is_weighed = any(figure.kind == "weighed" for figure in figures)
        for choice in self.following.choices.get(name, ()):
            yield choice_outcome(choice, population)
        is_carried = any(carrier.population == name for carrier in followed.carriers.values())
        is_member = is_carried and not has_rows and name in followed.exists_by
        if is_weighed or is_member or name in followed.selected:
            yield outcome("selection", "held", title)
        if has_rows:
            yield outcome("rows", "held", title)
        groups = {
            column: carrier.grouped
            for column, carrier in followed.carriers.items()
            if carrier.grouped and name in self.following.groups[carrier.grouped]
        }
        if not groups:
            return
        check = TableCheck(population, self.following, table, copy, groups, figures, self.numbers)
        try:
            yield from check.run(self._earlier(population))
        except Undecided:
            yield outcome("undecided", "held", title)
            check.forget()
        marks += check.marks()
        entry = check.entry(self.folder / "out", len(self.entries), followed)
        if entry:
            self.entries.append(entry)

    def _earlier(self, population: Population) -> list[Earlier]:
        """Return the cells that left before of this version of an input."""
        terms = population.terms
        return [
            Earlier(
                f"SELECT * REPLACE ({_shown(cells.is_masked)} AS figures)"
                f" FROM read_parquet({literal(str(self.folder / cells.path))})",
                cells.entry.figures,
                cells.entry.columns,
            )
            for cells in terms.earlier
            if (cells.entry.dataset_id, cells.entry.version) == (terms.dataset_id, terms.version)
        ]

    def _figures(self, followed: FollowedTable) -> set[str]:
        """Return the columns that hold figures of protected inputs."""
        return {
            figure.column
            for name in self.following.inside(followed)
            for figure in figures_of(followed, self.following.populations[name])
            if figure.kind != "row"
        }


def _shown(is_masked: bool) -> str:
    return "masked_figures" if is_masked else "figures"
