"""Where a result and those that left of other versions of a dataset differ by too few units.

The rows of two versions are the same where they are of the same unit, and have the same value where
a sum is told: `marks` say so, and no more than that. A reviewer decides on results that differ by a
few; which cells do is not told to holders, as an empty one would.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.engine.database import literal, quoted
from shared.engine.release.arithmetic.atoms import MOST_ATOMS, Atom, Undecided, found_in, without
from shared.engine.release.cells import EARLIER, PARTS, Earlier
from shared.engine.release.populations import Population
from shared.engine.tables.release import EarlierCells, LedgerEntry, ReleaseDifference

_PLAY = "‹lignes de plusieurs versions›"
_MOST_ROUNDS = 20
_MOST_TOLD = 20
"""How many are told: the smallest, which tell most about few units."""


class OtherVersion(NamedTuple):
    """What left of another version: its entry, and its cells with the `unit` and `marks` of rows.

    The first mark is that of the row, then there is one for each figure.
    """

    entry: LedgerEntry
    earlier: Earlier

    def cells(self, figure: str, number: int) -> str:
        """Return the query of the cells that show a figure, or any: `cell`, `mark` and `unit`."""
        at = 2 + self.entry.figures.index(figure) if figure in self.entry.figures else 1
        return self.earlier.cells(figure, number, f"marks[{at}] AS mark, unit")

    def is_comparable(self, population: Population) -> bool:
        """Whether its rows are of the same units, by the same column."""
        described, unit = population.rows(f"DESCRIBE {self.earlier.sql}"), population.terms.unit
        return (
            bool(unit)
            and unit == self.entry.unit
            and any(column[0] == "marks" for column in described)
        )


def marks_of(population: Population, figure: str, value: str = "") -> str:
    """Create the table of `row`, `unit` and `mark` for a figure; returns its name.

    Rows of one unit that are alike are told apart by their order.
    """
    name = f"‹marques de {population.name} : {figure}›"
    salt = literal(f"{population.terms.dataset_id} {figure}")
    text = f"coalesce(CAST({value} AS VARCHAR), '')" if value else "''"
    mark = f"md5_number_lower(concat_ws('|', {salt}, unit, told, times))"
    condition = f"WHERE ({value}) IS NOT NULL" if value else ""
    ((is_once,),) = population.rows(
        f"SELECT count(*) = count(DISTINCT unit) FROM {quoted(population.units)}"
    )
    times = "1" if is_once else "row_number() OVER (PARTITION BY unit, told ORDER BY row)"
    population.database.execute(f"""
        CREATE TABLE IF NOT EXISTS {quoted(name)} AS
        SELECT row, unit, CAST({mark} >> 1 AS BIGINT) AS mark FROM (
            SELECT row, unit, told, {times} AS times
            FROM {quoted(population.units)} JOIN (
                SELECT {quoted(population.row)} AS row, {text} AS told
                FROM {quoted(population.base)} {condition}
            ) USING (row)
        )
    """)
    return name


@dataclass(frozen=True)
class VersionCheck:
    """The cells in `PARTS`, beside those that left of this version and of others."""

    population: Population
    earlier: Sequence[Earlier]
    others: Sequence[OtherVersion]

    def differing(self, figure: str, marks: str, hidden: Collection[int]) -> dict[int, set[int]]:
        """Return the numbers of the other versions' results, by cell that differs by too few units.

        `figure` is empty for any; `marks` is its table, `hidden` are the cells that do not show it.
        Raises Undecided, also where the versions cannot be compared.
        """
        if not self.others:
            return {}
        if not all(version.is_comparable(self.population) for version in self.others):
            raise Undecided
        atoms = self._atoms(figure, marks)
        gone, first = self._known(atoms) | set(hidden), len(self.earlier)
        return {
            cell: {
                cell // EARLIER - 1 - first
                for cell in disclosure.cells
                if cell >= EARLIER * (1 + first)
            }
            for disclosure in found_in(without(atoms, gone, self._enough), self._enough)
            for cell in disclosure.cells
            if cell < EARLIER
        }

    @property
    def _enough(self) -> int:
        return self.population.minimum

    def _known(self, atoms: Sequence[Atom]) -> set[int]:
        """Return the cells that earlier releases disclose already: a reviewer allowed that.

        What follows from a new cell and that is looked for beside the others.
        """
        ours = {cell for atom in atoms for cell in atom.cells if cell < EARLIER}
        known_cells = set[int]()
        for _ in range(_MOST_ROUNDS):
            disclosures = found_in(without(atoms, ours | known_cells, self._enough), self._enough)
            if not disclosures:
                return known_cells
            known_cells |= {max(disclosure.cells) for disclosure in disclosures}
        raise Undecided

    def _atoms(self, figure: str, marks: str) -> list[Atom]:
        ours = [f"SELECT cell, row FROM {quoted(PARTS)}"]
        ours += [release.cells(figure, at) for at, release in enumerate(self.earlier)]
        queries = [
            f"SELECT cell, mark, unit FROM ({query}) JOIN {quoted(marks)} USING (row)"
            for query in ours
        ]
        queries += [
            version.cells(figure, at) for at, version in enumerate(self.others, len(self.earlier))
        ]
        self.population.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(_PLAY)} AS
            SELECT any_value(unit) AS unit, list(DISTINCT cell ORDER BY cell) AS cells
            FROM ({" UNION ALL ".join(queries)}) WHERE mark IS NOT NULL GROUP BY mark
        """)
        atoms_seen = self.population.rows(f"""
            SELECT cells, count(*), CASE WHEN count(DISTINCT unit) < {self._enough}
                THEN list(DISTINCT unit) END
            FROM {quoted(_PLAY)} GROUP BY cells
        """)
        if len(atoms_seen) > MOST_ATOMS:
            raise Undecided
        return [
            Atom(frozenset(cells), None if units is None else frozenset(units), rows)
            for cells, rows, units in atoms_seen
        ]


def differences(
    folder: Path, populations: Iterable[Population], entries: Iterable[LedgerEntry]
) -> tuple[ReleaseDifference, ...]:
    """Compare what is to leave with earlier releases of its figures, smallest first."""
    leaving_entries = list(entries)
    differences_found = (
        _difference(folder, population, entry, earlier)
        for population in populations
        for entry in leaving_entries
        if entry.dataset_id == population.terms.dataset_id
        for earlier in population.terms.earlier
        if earlier.entry.version == entry.version == population.terms.version
        and set(entry.figures) & set(earlier.entry.figures)
    )
    return tuple(
        sorted(differences_found, key=lambda difference: (not difference.units, difference.units))[
            :_MOST_TOLD
        ]
    )


def _difference(
    folder: Path, population: Population, entry: LedgerEntry, earlier: EarlierCells
) -> ReleaseDifference:
    here, there = (
        f"read_parquet({literal(str(folder / path))})"
        for path in (f"out/{entry.file}", earlier.path)
    )
    ((in_both, only_here, only_there),) = population.rows(f"""
        SELECT count(*) FILTER (here AND there), count(*) FILTER (NOT there),
            count(*) FILTER (NOT here)
        FROM (
            SELECT unit, bool_or(is_here) AS here, bool_or(NOT is_here) AS there
            FROM (
                SELECT row, true AS is_here FROM {here} UNION ALL SELECT row, false FROM {there}
            ) JOIN {quoted(population.units)} USING (row) GROUP BY unit
        )
    """)
    return ReleaseDifference(
        dataset_id=entry.dataset_id,
        version=entry.version,
        job_id=earlier.job_id,
        project_id=earlier.project_id,
        by=earlier.entry.by,
        figures=tuple(figure for figure in entry.figures if figure in earlier.entry.figures),
        in_both=in_both,
        only_here=only_here,
        only_there=only_there,
    )
