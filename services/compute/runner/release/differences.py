"""Tells a reviewer of which units a result tells, and earlier results of the same data do not."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from services.compute.runner.database import literal, quoted
from services.compute.runner.release.populations import Population
from shared.tables.release import EarlierCells, LedgerEntry, ReleaseDifference

_MOST = 20
"""How many are told: the smallest, which tell most about few units."""


def differences(
    database: duckdb.DuckDBPyConnection,
    folder: Path,
    populations: Iterable[Population],
    entries: Iterable[LedgerEntry],
) -> tuple[ReleaseDifference, ...]:
    """Between what is to leave and what left before with one of its figures, smallest first."""
    made = list(entries)
    found = (
        _difference(database, folder, population, entry, earlier)
        for population in populations
        for entry in made
        if entry.dataset_id == population.terms.dataset_id
        for earlier in population.terms.earlier
        if set(entry.figures) & set(earlier.entry.figures)
    )
    return tuple(sorted(found, key=lambda one: (not one.units, one.units))[:_MOST])


def _difference(
    database: duckdb.DuckDBPyConnection,
    folder: Path,
    population: Population,
    entry: LedgerEntry,
    earlier: EarlierCells,
) -> ReleaseDifference:
    here, there = (
        f"read_parquet({literal(str(folder / path))})"
        for path in (f"out/{entry.file}", earlier.path)
    )
    ((in_both, only_here, only_there),) = database.execute(f"""
        SELECT count(*) FILTER (here AND there), count(*) FILTER (NOT there),
            count(*) FILTER (NOT here)
        FROM (
            SELECT unit, bool_or(is_here) AS here, bool_or(NOT is_here) AS there
            FROM (
                SELECT row, true AS is_here FROM {here} UNION ALL SELECT row, false FROM {there}
            ) JOIN {quoted(population.units)} USING (row) GROUP BY unit
        )
    """).fetchall()
    return ReleaseDifference(
        dataset_id=entry.dataset_id,
        version=entry.version,
        job_id=earlier.job_id,
        project_id=earlier.project_id,
        by=earlier.entry.by,
        figures=tuple(one for one in entry.figures if one in earlier.entry.figures),
        in_both=in_both,
        only_here=only_here,
        only_there=only_there,
    )
