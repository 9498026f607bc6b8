"""Makes the protected tables of restricted data: all cells, each slightly wrong.

Which tables and cells there are, and how wrong they are, follows from the policy alone.
"""

from collections.abc import Iterator, Sequence
from math import log10

import numpy as np
import pyarrow as pa

from shared.engine.contract.policy import (
    COUNT,
    MOST_TABLES,
    NORMAL_95,
    TABLE,
    MadeTables,
    ReleasePolicy,
    error_name,
    table_name,
)
from shared.engine.database import Database, Say, quoted
from shared.engine.protection.adding_up import Grid, NoisyFigures
from shared.engine.protection.domains import Domain, area_key, domain_of
from shared.engine.protection.lattice import Amounts, Dimension, Ids, Table, keys_of, tables_of
from shared.engine.protection.levels import RowClasses
from shared.engine.protection.noise import STEPS, table_scales, with_noise
from shared.engine.protection.protected_tables import ProtectedTables
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.language.french import grouped

MOST_FIGURES = 400_000
"""Of all tables together: each takes some 30 microseconds to draw, and 300 to add up."""

CLOSE = 0.1
"""A share of a count: who reads it is told how many are as close to what they should be."""

_NAME, _DIGITS = "‹tableaux bruités›", 4


def make_noisy_tables(
    database: Database, source: str, described: Sequence[Column], policy: ReleasePolicy, say: Say
) -> ProtectedTables:
    """Make the policy's tables of `source`, a table or file in SQL; Invalid names its field."""
    policy.check_noise()
    rows = RowClasses(database, source, {column.name: column for column in described})
    domains = [
        domain_of(dimension, rows.column(dimension.column, f"{at}.column"), at)
        for number, dimension in enumerate(policy.dimensions)
        for at in [f"dimensions.{number}"]
    ]
    grid = _grid(domains, policy)
    say(0.1, "Classement des lignes")
    finest, figures = _classified(rows, policy, domains)
    rho = policy.edition_budget / len(figures)
    noisy = NoisyFigures(grid, table_scales(grid.sizes, rho, policy.most_rows))
    columns, exact = dict[str, Amounts](), dict[str, Amounts]()
    for number, (name, (steps, cap)) in enumerate(figures.items()):
        say(0.2 + 0.7 * number / len(figures), f"Bruit sur {grouped(grid.starts[-1])} cases")
        counted = [_added_up(grid, table, finest, steps) for table in grid.tables]
        drawn = np.concatenate(with_noise(counted, rho, policy.most_rows))
        columns[name] = _rounded(cap * noisy.consistent(drawn), cap)
        exact[name] = np.concatenate(counted) / STEPS
    caps = [cap for _, cap in figures.values()]
    facts = _facts(policy, grid, noisy.standard_errors, caps)
    _write(database, grid, columns, facts)
    return ProtectedTables(_NAME, facts, _close_percent(exact[COUNT], columns[COUNT], policy))


def _facts(policy: ReleasePolicy, grid: Grid, errors: Amounts, caps: Sequence[float]) -> MadeTables:
    """Return what everybody may know: it follows from the policy alone."""
    cells = int(grid.starts[-1])
    return MadeTables(
        policy=policy,
        tables=tuple(table_name(_keys(grid.domains, table)) for table in grid.tables),
        most_at_once=max(sum(map(bool, table)) for table in grid.tables),
        cells=cells,
        shown=cells,
        has_repeated_units=False,
        # A missing amount counts as 0, whoever has none.
        full_measures=tuple(measure.column for measure in policy.measures),
        standard_errors=tuple(tuple(cap * error for cap in caps) for error in errors.tolist()),
    )


def _grid(domains: Sequence[Domain], policy: ReleasePolicy) -> Grid:
    """Return the tables of as many dimensions at once as are asked for, or fewer."""
    for most_at_once in range(min(policy.most_at_once, len(domains)), 0, -1):
        tables = tables_of([Dimension("", domain.levels) for domain in domains], most_at_once)
        if len(tables) > MOST_TABLES:
            raise Invalid(f"{len(tables)} tableaux, plus que {MOST_TABLES}", "dimensions")
        grid = Grid(domains, tables)
        if grid.starts[-1] * (1 + len(policy.measures)) <= MOST_FIGURES:
            return grid
    raise Invalid(f"plus de {grouped(MOST_FIGURES)} chiffres : moins de classes", "dimensions")


def _classified(
    rows: RowClasses, policy: ReleasePolicy, domains: Sequence[Domain]
) -> tuple[list[Ids], dict[str, tuple[Ids, float]]]:
    """Return each row's finest class by dimension, and what it adds to figures, with their caps.

    That is in steps of the cap, from 0: a missing amount and one below 0 are 0. Of a unit's rows
    the first `most_rows` by a hash of their content count, so that others' rows change nothing.
    """
    chosen = [f"{rows.unit(policy.unit)} AS unit", "hash(r) AS place"]
    for number, dimension in enumerate(policy.dimensions):
        at = f"dimensions.{number}"
        column = rows.column(dimension.column, at)
        is_area, finest_level = dimension.is_area, dimension.levels[-1]
        value = area_key(column) if is_area else rows.level(dimension, finest_level, at)
        chosen.append(f"{value} AS d{number}")
    for number, measure in enumerate(policy.measures):
        amount, cap = rows.amount(measure, f"measures.{number}.column"), measure.cap
        share = f"greatest(0, least(coalesce({amount}, 0), {cap})) / {cap}"
        chosen.append(f"CAST(round({share} * {STEPS}) AS BIGINT) AS m{number}")
    counting = f"QUALIFY row_number() OVER (PARTITION BY unit ORDER BY place) <= {policy.most_rows}"
    table = rows.database.sql(
        f"FROM (SELECT {', '.join(chosen)} FROM {rows.source} AS r)"
        f"{f' {counting}' if policy.unit else ''}"
    ).to_arrow_table()
    finest = [_places(table[f"d{number}"], domain) for number, domain in enumerate(domains)]
    figures = {COUNT: (np.full(len(table), STEPS), 1.0)}
    for number, measure in enumerate(policy.measures):
        figures[measure.column] = (table[f"m{number}"].to_numpy(), measure.cap or 0.0)
    return finest, figures


def _places(values: pa.ChunkedArray, domain: Domain) -> Ids:
    encoded = values.combine_chunks().dictionary_encode(null_encoding="encode")
    places = np.array([domain.place(value) for value in encoded.dictionary.to_pylist()], np.int64)
    row_places: Ids = places[encoded.indices.to_numpy()]
    return row_places


def _added_up(grid: Grid, table: Table, finest: Sequence[Ids], steps: Ids) -> Ids:
    """Return the sums of a table's cells, in steps: whole numbers far below 2^53."""
    places = np.ravel_multi_index(tuple(grid.classes_at(table, finest)), grid.shapes[table])
    size = int(np.prod(grid.shapes[table]))
    return np.bincount(places, weights=steps, minlength=size).astype(np.int64)


def _rounded(values: Amounts, cap: float) -> Amounts:
    """Return figures with no digits that say nothing: counts whole, amounts by their cap."""
    return np.round(values, 0 if cap == 1 else max(0, _DIGITS - int(log10(cap)) - 1))


def _close_percent(exact: Amounts, noisy: Amounts, policy: ReleasePolicy) -> int | None:
    """Return how many of a hundred large counts are close; it tells of the data, if little."""
    is_large = exact >= policy.minimum_units
    if not is_large.any():
        return None
    is_close = np.abs(noisy - exact) <= CLOSE * exact
    return round(100 * float(is_close[is_large].mean()))


def _keys(domains: Sequence[Domain], table: Table) -> list[str]:
    return keys_of([Dimension("", domain.levels) for domain in domains], table)


def _write(database: Database, grid: Grid, columns: dict[str, Amounts], facts: MadeTables) -> None:
    """Make the one table of all tables, in their order, with how far each figure may be off."""
    parts = {name: grid.parts(values) for name, values in columns.items()}
    tables = [
        pa.table(
            {TABLE: np.full(size, name)}
            | dict(_level_columns(grid, table))
            | {
                column: values
                for at, figure in enumerate(columns)
                for column, values in (
                    (figure, parts[figure][number]),
                    (error_name(figure), np.full(size, NORMAL_95 * errors[at])),
                )
            }
        )
        for number, (table, name, size, errors) in enumerate(
            zip(grid.tables, facts.tables, grid.sizes, facts.standard_errors, strict=True)
        )
    ]
    database.register("figures", pa.concat_tables(tables))
    whole = f"CAST({quoted(COUNT)} AS BIGINT) AS {quoted(COUNT)}"
    widths = ", ".join(
        f"round({quoted(error_name(name))}, 1) AS {quoted(error_name(name))}" for name in columns
    )
    database.execute(
        f"CREATE OR REPLACE TABLE {quoted(_NAME)} AS SELECT * REPLACE ({whole}, {widths})"
        " FROM figures"
    )
    database.unregister("figures")


def _level_columns(grid: Grid, table: Table) -> Iterator[tuple[str, pa.Array]]:
    """Yield the classes of a table's cells at each level; none below its own."""
    shape = grid.shapes[table]
    at_own = np.indices(shape).reshape(len(table), -1)
    for at, (domain, deepest) in enumerate(zip(grid.domains, table, strict=True)):
        places, columns = at_own[at], {}
        for depth in range(len(domain.levels), 0, -1):
            classes = np.array(domain.classes[depth - 1], object)
            is_there = depth <= deepest
            values = classes[places] if is_there else np.full(len(at_own[at]), None)
            columns[domain.levels[depth - 1]] = pa.array(values, pa.string())
            places = domain.outer[depth - 1][places] if is_there else places
        yield from reversed(columns.items())
