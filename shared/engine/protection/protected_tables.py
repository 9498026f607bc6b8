"""Makes the protected tables of restricted data: exact, with small cells hidden.

All tables of the policy are protected together, so that whoever has all of them reads no more off
them than is shown. What cannot be proved to stay hidden is hidden further; where that finds no end,
tables of fewer dimensions at once are made.
"""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from shared.engine.contract.policy import (
    COUNT,
    MOST_TABLES,
    TABLE,
    MadeTables,
    ReleasePolicy,
    table_name,
)
from shared.engine.database import Database, Say, literal, quoted
from shared.engine.protection.detours import Detours
from shared.engine.protection.hiding import Hiding, P
from shared.engine.protection.lattice import (
    Amounts,
    Dimension,
    Flags,
    Lattice,
    LatticeMaker,
    Measure,
    NotNestedError,
    Table,
    TooManyCellsError,
    domain_name,
    keys_of,
    tables_of,
)
from shared.engine.protection.levels import ROWS, UNIT, classify
from shared.engine.protection.listed_communes import list_communes
from shared.engine.protection.witnesses import Needed, UnsolvedError, unproved
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.language.french import quoted as in_quotes

_MOST_SECONDS = 200.0
"""For the proofs: two attempts fit into a job's time."""


class ProtectedTables(NamedTuple):
    """All tables one below the other in the table `name`, with the dimensions each is made by.

    A figure that is hidden is null, and has no row where no larger cell is shown. `close_percent`,
    for the owner alone, is how many large counts with noise are within a tenth.
    """

    name: str
    facts: MadeTables
    close_percent: int | None = None


class HiddenFigures(NamedTuple):
    """The cells that do not show their count, and those that show no sum, by number."""

    counts: Flags
    sums: Flags


def make_protected_tables(
    database: Database, source: str, described: Sequence[Column], policy: ReleasePolicy, say: Say
) -> ProtectedTables:
    """Make the policy's tables of `source`, a table or file in SQL; Invalid names its field."""
    say(0.1, "Classement des lignes")
    dimensions, measures = classify(database, source, described, policy)
    for most_at_once in range(min(policy.most_at_once, len(dimensions)), 0, -1):
        tables = tables_of(dimensions, most_at_once)
        if len(tables) > MOST_TABLES:
            raise Invalid(f"{len(tables)} tableaux, plus que {MOST_TABLES}", "dimensions")
        say(0.2, f"Calcul de {len(tables)} tableaux")
        maker = LatticeMaker(database, ROWS, UNIT, dimensions, measures)
        try:
            lattice = maker.make(tables, policy.minimum_units, policy.has_repeated_units)
            say(0.4, f"Protection de {len(lattice.units)} cases")
            hidden = protect(lattice, policy.minimum_units)
        except NotNestedError as error:
            raise Invalid(
                f"{in_quotes(error.value)} de « {error.column} » est dans deux zones plus grandes",
                "dimensions",
            ) from error
        except (TooManyCellsError, UnsolvedError):
            continue
        return _made(database, policy, lattice, dimensions, hidden)
    raise Invalid(
        f"ces tableaux ne se laissent pas protéger : trop peu d'unités (il en faut au moins"
        f" {policy.minimum_units} derrière chaque chiffre), ou trop de cases",
        "dimensions",
    )


def _made(
    database: Database,
    policy: ReleasePolicy,
    lattice: Lattice,
    dimensions: Sequence[Dimension],
    hidden: HiddenFigures,
) -> ProtectedTables:
    name, tables = _write(database, lattice, dimensions, hidden)
    # Of what has a row: how many cells have a unit tells of one who is alone in a hidden one.
    ((cells, shown),) = database.execute(
        f"SELECT count(*), count({quoted(COUNT)}) FROM {quoted(name)}"
    ).fetchall()
    return ProtectedTables(
        name,
        MadeTables(
            policy=policy,
            tables=tables,
            most_at_once=max(sum(map(bool, table)) for table in lattice.tables),
            cells=cells,
            shown=shown,
            has_repeated_units=policy.has_repeated_units,
            full_measures=tuple(part.column for part in policy.measures if part.is_full),
            listed_levels=list_communes(database, name, policy.dimensions, tables),
        ),
    )


def protect(lattice: Lattice, minimum: int) -> HiddenFigures:
    """Return what to hide of each cell. Raises UnsolvedError."""
    until = time.monotonic() + _MOST_SECONDS
    counts = Hiding(lattice, minimum)
    units = lattice.units.astype(np.float64)
    needed = np.flatnonzero(counts.primary)
    few = units[needed] < minimum
    # Of few, none or enough must be possible as well; of all alike, that not all are.
    least = np.where(few, 0.0, units[needed] - minimum)
    most = np.where(few, float(minimum), units[needed])
    _hide_until_proved(counts, units, Needed(needed, least, most), until)
    # All sums of a cell are hidden together: one may be the difference of two others.
    hidden = counts.hidden
    for measure in lattice.measures.values():
        sums = Hiding(lattice, minimum, measure, hidden)
        _hide_until_proved(sums, measure.total, _around(sums, measure), until)
        hidden = sums.hidden
    return HiddenFigures(counts.hidden, _settled(lattice, minimum, hidden))


def _settled(lattice: Lattice, minimum: int, hidden: Flags) -> Flags:
    """Hide what the sums that are hidden last give away of other measures.

    A table that proves a cell hidden proves it too when more is hidden.
    """
    before = -1
    while before < hidden.sum():
        before = hidden.sum()
        for measure in lattice.measures.values():
            sums = Hiding(lattice, minimum, measure, hidden)
            sums.settle()
            hidden = sums.hidden
    return hidden


def _around(sums: Hiding, measure: Measure) -> Needed:
    """Return by how much of its largest part a sum has to be possible below and above.

    A sum of 0 has none: it is the largest part of all rows then.
    """
    needed = np.flatnonzero(sums.primary)
    total, largest = measure.total[needed], measure.largest[needed]
    part = P * np.where(largest > 0, largest, measure.largest.max(initial=0.0))
    return Needed(needed, np.maximum(0.0, total - part), total + part)


def _hide_until_proved(hiding: Hiding, values: Amounts, needed: Needed, until: float) -> None:
    hiding.settle()
    left = unproved(hiding.lattice, values, hiding.hidden, needed, until)
    if len(left.cells):
        Detours(hiding, values, left, until).hide()


def _write(
    database: Database, lattice: Lattice, dimensions: Sequence[Dimension], hidden: HiddenFigures
) -> tuple[str, tuple[str, ...]]:
    """Make the one table of all tables, in their order; return its name, and what each is by."""
    figures = _figures(lattice, hidden)
    database.register("figures", figures)
    levels = [level for dimension in dimensions for level in dimension.levels]
    selects, names = [], []
    for number, (table, cells) in enumerate(lattice.tables.items()):
        names.append(table_name(keys_of(dimensions, table)))
        listed = ", ".join(
            f"{_class_sql(at, depth, table[at])} AS {quoted(level)}"
            for at, dimension in enumerate(dimensions)
            for depth, level in enumerate(dimension.levels, 1)
        )
        selects.append(
            f"SELECT {number} AS number, id, {literal(names[-1])} AS {quoted(TABLE)}, {listed}"
            f" FROM {quoted(cells.name)} c{''.join(_joins(dimensions, table))}"
        )
    name, columns = "‹tableaux protégés›", (TABLE, *levels, *figures.column_names[1:])
    database.execute(
        f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT {', '.join(map(quoted, columns))}"
        f" FROM ({' UNION ALL '.join(selects)}) JOIN figures USING (id) ORDER BY number, id"
    )
    database.unregister("figures")
    return name, tuple(names)


def _class_sql(at: int, depth: int, deepest: int) -> str:
    """Return the class of a cell at a level of a dimension; none below its own."""
    return f"d{at}_{depth}.value" if depth <= deepest else "NULL::VARCHAR"


def _joins(dimensions: Sequence[Dimension], table: Table) -> Iterator[str]:
    """Yield the joins by which a cell has its classes, and the coarser ones that these lie in."""
    for at, dimension in enumerate(dimensions):
        key = f"c.{quoted(dimension.levels[table[at] - 1])}"
        for depth in range(table[at], 0, -1):
            name = f"d{at}_{depth}"
            yield f" JOIN {quoted(domain_name(at, depth))} {name} ON {name}.value = {key}"
            key = f'{name}."outer"'


def _figures(lattice: Lattice, hidden: HiddenFigures) -> pa.Table:
    """Return the figures of the cells that have a row, by `id`; hidden ones are null.

    That a combination of few has a row would tell that there is any: below a shown cell, all
    combinations of the data's classes have one, and below a hidden cell none.
    """
    is_there = ~hidden.counts
    is_there[lattice.part[~hidden.counts[lattice.parent[lattice.split]]]] = True
    columns: dict[str, object] = {"id": np.flatnonzero(is_there)}
    columns[COUNT] = pa.array(lattice.units[is_there], mask=hidden.counts[is_there])
    for name, measure in lattice.measures.items():
        columns[name] = pa.array(measure.total[is_there], mask=hidden.sums[is_there])
    return pa.table(columns)
