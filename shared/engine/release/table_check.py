"""Finds what the groups of one table tell of one protected input, and masks cells in a copy."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pyarrow as pa

from shared.engine.database import filled, literal, quoted
from shared.engine.release.arithmetic.atoms import Undecided
from shared.engine.release.cells import COUNT, PARTS, Cells, Earlier, Hidden, outcomes
from shared.engine.release.following import FollowedTable, Following
from shared.engine.release.grouping import alike_groups, columns_of, members_of
from shared.engine.release.populations import Numbers, Population
from shared.engine.release.protected_figures import ProtectedFigure, Statistic, Telling
from shared.engine.release.reviewed_table import CellMark
from shared.engine.release.suppression import hide_counts, hide_large, hide_small
from shared.engine.tables.release import LedgerEntry, RuleName, RuleOutcome

_BITS = 28
_LISTS, _SHOWN = count(), "‹cellules montrées›"


@dataclass
class TableCheck:
    """One input in one table; `groups` are the columns that number groups, and whose these are.

    A cell is a group: its number has that of its column before it. In `masked`, a copy of the
    table, `rows` are the cells that show nothing, `columns` those that show no figure of a column
    of the input, `whole` the columns that show nothing at all.
    """

    population: Population
    following: Following
    table: str
    masked: str
    groups: Mapping[str, str]
    figures: Sequence[ProtectedFigure]
    numbers: Numbers
    rows: Hidden = field(default_factory=dict)
    columns: dict[str, Hidden] = field(default_factory=dict)
    whole: dict[str, Hidden] = field(default_factory=dict)

    def run(self, earlier: Sequence[Earlier]) -> Iterator[RuleOutcome]:
        """Empty cells of `masked`, and yield the rules that did. Raises Undecided."""
        cells = Cells(self.population, earlier, frozenset(self._named))
        present = self._present()
        for column, source in self.groups.items():
            for group in alike_groups(self.following, self.population, source):
                self.rows[self._first(column) + group] = "alike"
        hide_small(cells, present, self.rows)
        for statistic in self._telling.all():
            value = self._telling.value(statistic)
            if value is None:
                raise Undecided
            if statistic.how == "count":
                gone = hide_counts(cells, statistic.name, value, present, self.rows)
            else:
                signed = cells.read_values(value)
                gone = hide_large(cells, statistic.name, self.rows, signed=signed)
            self.columns[statistic.name] = gone
        self._empty()
        hidden = {**self.columns, **self.whole}
        yield from outcomes(self.population, len(present), self.rows, hidden)

    def __post_init__(self) -> None:
        self._make_parts()
        sources = [self.following.tables[source] for source in self.groups.values()]
        keys = {
            part.column for table in sources for name in table.by for part in table.columns[name]
        }
        self._telling = Telling(self.population, self.figures, keys, self.numbers)

    def forget(self) -> None:
        """Take back what was found so far: nobody knows what follows from the cells together."""
        self.rows, self.columns, self.whole = {}, {}, {}

    def marks(self) -> Iterator[CellMark]:
        """Yield the figures under a rule, by their column and the number of their group there."""
        units, _ = Cells(self.population, ()).units()
        for figure in self.figures:
            if figure.carrier not in self.groups:
                continue
            first, rules = self._first(figure.carrier), self._rules(figure)
            for cell, rule in rules.items():
                if cell >> _BITS == first >> _BITS:
                    number = cell - first
                    yield CellMark(figure.column, figure.carrier, number, rule, units.get(cell, 0))

    def _rules(self, figure: ProtectedFigure) -> dict[int, RuleName]:
        """Return the first rule that each cell of a figure is under."""
        rules = dict[int, RuleName]()
        for statistic in self._telling.by(figure):
            rules |= self.columns.get(statistic.name, {})
        if whole := self.whole.get(figure.column):
            rules |= dict.fromkeys(self._present(), whole[0])
        return rules | self.rows

    def _first(self, column: str) -> int:
        return (1 + sorted(self.groups).index(column)) << _BITS

    def _make_parts(self) -> None:
        units = quoted(self.population.units)
        parts = " UNION ALL ".join(
            f"SELECT {self._first(column)} + cell AS cell, row, unit, weight"
            f" FROM {quoted(members_of(self.population.name, source))} JOIN {units} USING (row)"
            f" WHERE cell IN (SELECT {quoted(column)} FROM {quoted(self.table)})"
            for column, source in self.groups.items()
        )
        self.population.database.execute(f"CREATE OR REPLACE TABLE {quoted(PARTS)} AS {parts}")

    @property
    def _named(self) -> set[str]:
        """Return the columns of the input that name groups."""
        return columns_of(self.following, self.population, self.groups.values())

    def _present(self) -> list[int]:
        return [
            self._first(column) + group
            for column in self.groups
            for (group,) in self.population.rows(
                f"SELECT DISTINCT {quoted(column)} FROM {quoted(self.table)}"
                f" WHERE {quoted(column)} IS NOT NULL"
            )
        ]

    def _empty(self) -> None:
        """Empty cells; delete a row that exists only because of the input's units."""
        for figure in self.figures:
            if figure.kind == "single":
                self._blank(figure.column, "true")
                self.whole[figure.column] = {0: "dominance"}
            elif figure.kind == "share" and (self.rows or self._gone(figure)):
                # All shares but one tell the total, and so what is empty.
                self._blank(figure.column, "true")
                self.whole[figure.column] = {0: "margins"}
            elif figure.carrier in self.groups:
                gone = set(self.rows) | self._gone(figure)
                self._blank(figure.column, self._among(figure.carrier, gone))
        for source in set(self.groups.values()):
            if self.population.name in self.following.tables[source].exists_by:
                self._leave_out(source)

    def _gone(self, figure: ProtectedFigure) -> set[int]:
        """Return the cells that do not show this figure."""
        return set[int]().union(
            *(self.columns.get(statistic.name, {}) for statistic in self._telling.by(figure))
        )

    def _leave_out(self, source: str) -> None:
        """Delete the rows whose groups of that table all show nothing."""
        named = [column for column, group_table in self.groups.items() if group_table == source]
        gone = [self._among(column, set(self.rows)) for column in named]
        none = [
            f"({quoted(column)} IS NULL OR {is_hidden})"
            for column, is_hidden in zip(named, gone, strict=True)
        ]
        where = f"({' OR '.join(gone)}) AND {' AND '.join(none)}"
        self.population.database.execute(f"DELETE FROM {quoted(self.masked)} WHERE {where}")

    def _blank(self, column: str, rows: str) -> None:
        self.population.database.execute(
            f"UPDATE {quoted(self.masked)} SET {quoted(column)} = NULL WHERE {rows}"
        )

    def _among(self, column: str, cells: set[int]) -> str:
        first = self._first(column)
        groups = [cell - first for cell in cells if cell >> _BITS == first >> _BITS]
        return f"{quoted(column)} IN ({self._listed(groups)})" if groups else "false"

    def _listed(self, numbers: Collection[int]) -> str:
        """Return a query of these numbers, of which there may be many."""
        name = f"‹liste {next(_LISTS)}›"
        database = self.population.database
        database.register("listed", pa.table({"n": pa.array(sorted(numbers), pa.int64())}))
        database.execute(f"CREATE TEMP TABLE {quoted(name)} AS FROM listed")
        database.unregister("listed")
        return f"FROM {quoted(name)}"

    def entry(self, out: Path, number: int, followed: FollowedTable) -> LedgerEntry | None:
        """Write the ledger's file of the shown figures; returns its entry, None without figures."""
        statistics = self._statistics()
        if not statistics:
            return None
        file, population = f"release_{number}.parquet", self.population
        cells, units = self._write(literal(str(out / file)), statistics)
        if not cells:
            (out / file).unlink()
            return None
        by = [
            column
            for column, parts in followed.columns.items()
            if not any(part.hows for part in parts)
        ]
        by += [name for source in self.groups.values() for name in self.following.tables[source].by]
        return LedgerEntry(
            dataset_id=population.terms.dataset_id,
            version=population.terms.version,
            sha256=population.terms.sha256,
            by=tuple(dict.fromkeys(by)),
            columns=tuple(sorted(self._named)),
            filters=" ; ".join(self._filters()),
            figures=tuple(statistics),
            cells=cells,
            units=units,
            unit=population.terms.unit,
            minimum_units=population.minimum,
            file=file,
        )

    def _statistics(self) -> dict[str, Statistic | None]:
        """What its figures tell of units, by name; of a figure that is no sum the count, too."""
        statistics: dict[str, Statistic | None] = {}
        for figure in self.figures:
            if figure.carrier in self.groups and figure.kind != "single":
                by_name = {statistic.name: statistic for statistic in self._telling.by(figure)}
                is_sum = any(statistic.how == "sum" for statistic in by_name.values())
                statistics |= by_name if is_sum else {COUNT: None, **by_name}
        return statistics

    def _filters(self) -> list[str]:
        filters = (self.following.tables[source].filters for source in self.groups.values())
        return list(
            dict.fromkeys(
                condition for filters_of_table in filters for condition in filters_of_table
            )
        )

    def _write(self, target: str, statistics: Mapping[str, Statistic | None]) -> tuple[int, int]:
        """Write the cells with their figures; returns the number of cells, and of their units."""
        every = (1 << len(statistics)) - 1
        bits = " + ".join(
            f"CASE WHEN cell IN ({self._listed(self.columns.get(name, {}))})"
            f" THEN 0 ELSE {1 << at} END"
            for at, name in enumerate(statistics)
        )
        self.population.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(_SHOWN)} AS
            SELECT cell, row_number() OVER (ORDER BY cell) AS place,
                CASE WHEN cell IN ({self._listed(self.rows)}) THEN 0 ELSE {bits} END AS masked
            FROM (SELECT DISTINCT cell FROM {quoted(PARTS)})
        """)
        values = "".join(
            f" LEFT JOIN {quoted(name)} v{at} ON v{at}.row = p.row"
            for at, name in self._counted(statistics)
        )
        unset = " + ".join(
            f"CASE WHEN v{at}.row IS NULL THEN {1 << at} ELSE 0 END"
            for at, _ in self._counted(statistics)
        )
        rows = f"FROM {quoted(PARTS)} p JOIN {quoted(_SHOWN)} USING (cell)"
        self.population.database.execute(f"""
            COPY (
                SELECT p.row, place AS cell, weight, {every} & ~({unset or "0"}) AS figures,
                    masked & ~({unset or "0"}) AS masked_figures, p.unit
                {rows}{values} ORDER BY p.row, place
            ) TO {target} (FORMAT parquet, COMPRESSION zstd)
        """)
        ((cells, units),) = self.population.rows(
            f"SELECT count(DISTINCT cell), count(DISTINCT unit) {rows}"
        )
        return int(cells), int(units)

    def _counted(self, statistics: Mapping[str, Statistic | None]) -> list[tuple[int, str]]:
        """Return the places of counts of values, and a table of the rows that have one."""
        counted = list[tuple[int, str]]()
        for at, statistic in enumerate(statistics.values()):
            if statistic and statistic.how == "count":
                name = f"‹lignes avec {self.population.name}.{statistic.column}›"
                value = self._telling.value(statistic) or filled(statistic.column)
                self.population.database.execute(f"""
                    CREATE TABLE IF NOT EXISTS {quoted(name)} AS
                    SELECT {quoted(self.population.row)} AS row FROM {quoted(self.population.base)}
                    WHERE ({value}) IS NOT NULL
                """)
                counted.append((at, name))
        return counted
