"""How a result differs from those that left before in the units that they tell of.

Of few units, the difference of two figures tells what these have: a reviewer reads both counts.
"""

from collections.abc import Iterable
from pathlib import Path

from shared.engine.database import literal, quoted
from shared.engine.release.populations import Population
from shared.engine.tables.release import EarlierCells, LedgerEntry, ReleaseDifference

_MOST_DIFFERENCES = 20
"""How many are told: the smallest, which tell most about few units."""


def differences(
    folder: Path, populations: Iterable[Population], entries: Iterable[LedgerEntry]
) -> tuple[ReleaseDifference, ...]:
    """Compare what is to leave with earlier results of its figures, smallest difference first."""
    leaving_entries = list(entries)
    compared = (
        _difference(folder, population, entry, earlier)
        for population in populations
        for entry in leaving_entries
        if entry.dataset_id == population.terms.dataset_id
        for earlier in population.terms.earlier
        if entry.dataset_id == earlier.entry.dataset_id
        and set(entry.figures) & set(earlier.entry.figures)
    )
    by_size = sorted(compared, key=lambda difference: (not difference.units, difference.units))
    return tuple(by_size[:_MOST_DIFFERENCES])


def _are_comparable(entry: LedgerEntry, earlier: LedgerEntry) -> bool:
    """Whether both number the same units alike: of two versions only where a column says whose."""
    return entry.version == earlier.version or bool(entry.unit and entry.unit == earlier.unit)


def _difference(
    folder: Path, population: Population, entry: LedgerEntry, earlier: EarlierCells
) -> ReleaseDifference:
    is_comparable = _are_comparable(entry, earlier.entry)
    in_both, only_here, only_there = (
        _counts(folder, population, entry, earlier) if is_comparable else (0, 0, 0)
    )
    return ReleaseDifference(
        dataset_id=entry.dataset_id,
        version=entry.version,
        earlier_version=earlier.entry.version,
        job_id=earlier.job_id,
        project_id=earlier.project_id,
        by=earlier.entry.by,
        filters=earlier.entry.filters,
        figures=tuple(figure for figure in entry.figures if figure in earlier.entry.figures),
        is_comparable=is_comparable,
        in_both=in_both,
        only_here=only_here,
        only_there=only_there,
    )


def _counts(
    folder: Path, population: Population, entry: LedgerEntry, earlier: EarlierCells
) -> tuple[int, int, int]:
    """Count the units in both results, in this one alone, and in the earlier one alone."""
    here, there = (
        f"read_parquet({literal(str(folder / path))})"
        for path in (f"out/{entry.file}", earlier.path)
    )
    whose = "unit"
    if entry.version == earlier.entry.version:
        # What is a unit may have been said since.
        whose = f"(SELECT u.unit FROM {quoted(population.units)} u WHERE u.row = cells.row)"
    ((in_both, only_here, only_there),) = population.rows(f"""
        SELECT count(*) FILTER (here AND there), count(*) FILTER (NOT there),
            count(*) FILTER (NOT here)
        FROM (
            SELECT unit, bool_or(is_here) AS here, bool_or(NOT is_here) AS there
            FROM (
                SELECT unit, true AS is_here FROM {here}
                UNION ALL SELECT {whose}, false FROM {there} AS cells
            ) GROUP BY unit
        )
    """)
    return in_both, only_here, only_there
