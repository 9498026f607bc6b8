"""Checks what the groups of one table tell of one protected input, and empties cells."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import duckdb
import pyarrow as pa

from services.compute.runner.database import literal, quoted
from services.compute.runner.release.atoms import Undecided
from services.compute.runner.release.cells import COUNT, PARTS, Cells, Earlier
from services.compute.runner.release.figures import Figure
from services.compute.runner.release.following import Followed, Following, members_of
from services.compute.runner.release.populations import AREAS, Population
from services.compute.runner.release.suppression import Hidden, hide_large, hide_small
from services.compute.runner.release.told import outcomes
from shared.tables.release import LedgerEntry, RuleOutcome

_BITS = 32
_LISTS, _SHOWN = count(), "‹cellules montrées›"
_KNOWN = (*AREAS, "year", "date", "month")
"""Types of columns that all units of a group may well have in common."""


@dataclass
class TableCheck:
    """One input in one table; `groups` are the columns that number groups, and whose these are.

    A cell is a group: its number has that of its column before it. `rows` are the cells that show
    nothing, `columns` those that show no figure of a column of the input, `whole` the columns that
    show nothing at all.
    """

    database: duckdb.DuckDBPyConnection
    population: Population
    following: Following
    table: str
    shown: str
    groups: Mapping[str, str]
    figures: Sequence[Figure]
    rows: Hidden = field(default_factory=dict)
    columns: dict[str, Hidden] = field(default_factory=dict)
    whole: dict[str, Hidden] = field(default_factory=dict)

    def run(
        self, earlier: Sequence[Earlier], numbers: Callable[[Population, str], str | None]
    ) -> Iterator[RuleOutcome]:
        """Empty cells of `shown`, and say by which rules. Raises Undecided."""
        cells = Cells(self.database, self.population, earlier)
        present = self._present()
        for column, source in self.groups.items():
            for group in self._alike(source, column):
                self.rows[self._first(column) + group] = "alike"
        hide_small(cells, present, self.rows)
        for base in dict.fromkeys(it for one in self.figures for it in one.bases):
            expression = numbers(self.population, base)
            if expression is None:
                raise Undecided
            signed = cells.read_values(expression)
            self.columns[base] = hide_large(cells, f"sum({base})", self.rows, signed=signed)
        self._empty()
        hidden = {**self.columns, **self.whole}
        yield from outcomes(self.population, len(present), self.rows, hidden)

    def __post_init__(self) -> None:
        self._make_parts()

    def forget(self) -> None:
        """Take all cells for shown, as a reviewer may let them leave."""
        self.rows, self.columns = {}, {}

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
        self.database.execute(f"CREATE OR REPLACE TABLE {quoted(PARTS)} AS {parts}")

    def _present(self) -> list[int]:
        return [
            self._first(column) + group
            for column in self.groups
            for (group,) in self.database.execute(
                f"SELECT DISTINCT {quoted(column)} FROM {quoted(self.table)}"
                f" WHERE {quoted(column)} IS NOT NULL"
            ).fetchall()
        ]

    def _alike(self, source: str, column: str) -> set[int]:
        """Groups that are all there is of a larger one: all of these have the same value.

        Where they are, and when, is no secret, nor is what all units of the input have in common.
        """
        followed, found = self.following.tables[source], set[int]()
        for name in followed.by:
            parts = followed.columns[name]
            if not any(one.population == self.population.name for one in parts):
                continue
            if any(self._is_known(one.column) for one in parts):
                continue
            others = ", ".join(quoted(one) for one in followed.by if one != name) or "1"
            found |= {
                group
                for (group,) in self.database.execute(
                    f"SELECT {quoted(column)} FROM {quoted(source)}"
                    f" QUALIFY count(*) OVER (PARTITION BY {others}) = 1"
                ).fetchall()
            }
        return found

    def _is_known(self, column: str) -> bool:
        if self.population.type_of(column) in _KNOWN:
            return True
        ((values,),) = self.database.execute(
            f"SELECT count(DISTINCT {quoted(column)}) FROM {quoted(self.population.base)}"
        ).fetchall()
        return bool(values <= 1)

    def _empty(self) -> None:
        """Leave cells empty; a row that is there for the input's units alone goes as a whole."""
        for one in self.figures:
            if one.kind == "single":
                self._blank(one.column, "true")
                self.whole[one.column] = {0: "dominance"}
            elif one.kind == "share" and (self.rows or any(map(self.columns.get, one.bases))):
                # All shares but one tell the total, and so what is empty.
                self._blank(one.column, "true")
                self.whole[one.column] = {0: "margins"}
            elif one.carrier in self.groups:
                gone = set(self.rows).union(*(self.columns.get(it, {}) for it in one.bases))
                self._blank(one.column, self._among(one.carrier, gone))
        exists_by = [self.following.tables[it].exists_by for it in self.groups.values()]
        for column, inputs in zip(self.groups, exists_by, strict=True):
            if self.population.name in inputs:
                rows = self._among(column, set(self.rows))
                self.database.execute(f"DELETE FROM {quoted(self.shown)} WHERE {rows}")

    def _blank(self, column: str, rows: str) -> None:
        self.database.execute(
            f"UPDATE {quoted(self.shown)} SET {quoted(column)} = NULL WHERE {rows}"
        )

    def _among(self, column: str, cells: set[int]) -> str:
        first = self._first(column)
        groups = [one - first for one in cells if one >> _BITS == first >> _BITS]
        return f"{quoted(column)} IN ({self._listed(groups)})" if groups else "false"

    def _listed(self, numbers: Collection[int]) -> str:
        """A query of these numbers, of which there may be many."""
        name = f"‹liste {next(_LISTS)}›"
        self.database.register("listed", pa.table({"n": pa.array(sorted(numbers), pa.int64())}))
        self.database.execute(f"CREATE TEMP TABLE {quoted(name)} AS FROM listed")
        self.database.unregister("listed")
        return f"FROM {quoted(name)}"

    def entry(
        self, out: Path, number: int, followed: Followed, is_trial: bool
    ) -> LedgerEntry | None:
        """Write the ledger's file of what is shown; returns its entry, None if nothing is."""
        shown: dict[str, str | None] = {}
        for one in self.figures:
            if one.carrier in self.groups and one.kind in {"count", "weighed"}:
                shown[COUNT] = None
            elif one.carrier in self.groups and one.kind in {"value", "share"}:
                shown |= {f"sum({base})": base for base in one.bases}
        if not shown:
            return None
        file, population = f"release_{number}.parquet", self.population
        cells, units = self._write(literal(str(out / file)), shown)
        if not cells:
            (out / file).unlink()
            return None
        by = [it for it, parts in followed.columns.items() if not any(one.hows for one in parts)]
        return LedgerEntry(
            dataset_id=population.terms.dataset_id,
            version=population.terms.version,
            sha256=population.terms.sha256,
            by=tuple(by),
            figures=tuple(shown),
            cells=cells,
            units=units,
            unit=population.terms.unit,
            minimum_units=population.minimum,
            is_trial=is_trial,
            file=file,
        )

    def _write(self, target: str, shown: Mapping[str, str | None]) -> tuple[int, int]:
        """Write the cells that show a figure; returns how many these are, and of how many units."""
        bits = " + ".join(
            f"CASE WHEN cell IN ({self._listed(self.columns.get(base, {}) if base else {})})"
            f" THEN 0 ELSE {1 << at} END"
            for at, base in enumerate(shown.values())
        )
        self.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(_SHOWN)} AS
            SELECT cell, row_number() OVER (ORDER BY cell) AS place, figures FROM (
                SELECT cell, {bits} AS figures FROM (SELECT DISTINCT cell FROM {quoted(PARTS)})
                WHERE cell NOT IN ({self._listed(self.rows)})
            ) WHERE figures <> 0
        """)
        rows = f"FROM {quoted(PARTS)} JOIN {quoted(_SHOWN)} USING (cell)"
        self.database.execute(
            f"COPY (SELECT row, place AS cell, weight, figures {rows} ORDER BY row, place)"
            f" TO {target} (FORMAT parquet, COMPRESSION zstd)"
        )
        ((cells, units),) = self.database.execute(
            f"SELECT count(DISTINCT cell), count(DISTINCT unit) {rows}"
        ).fetchall()
        return int(cells), int(units)
