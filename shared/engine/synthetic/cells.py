"""Draws rows from the cells of protected tables: their classes together, and means of measures.

The tables are joined from the coarsest to the finest. A hidden cell gets its share of what its
larger cell has beyond the shown ones; below a hidden cell nothing is shown, and nothing drawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shared.engine.contract.policy import COUNT, TABLE, MadeTables, PolicyDimension, table_name
from shared.engine.database import Database, literal, quoted

_PARENTS, _CELLS = quoted("‹cases plus grandes›"), quoted("‹cases›")


class DrawnRows(NamedTuple):
    """The finest class of each row by dimension, with its level's place; None where none is shown.

    `means` are those of measures in the cell of each row, None where nothing shows one.
    """

    classes: Mapping[str, Sequence[tuple[int, str] | None]]
    means: Mapping[str, Sequence[float | None]]


class _Leaves(NamedTuple):
    """The finest cells that are shown: classes by dimension, weights, and means by measure."""

    classes: dict[str, list[tuple[int, str] | None]]
    weights: list[float]
    means: dict[str, list[float | None]]


def draw_rows(
    database: Database, source: str, facts: MadeTables, rows: int, chance: np.random.Generator
) -> DrawnRows:
    """Draw rows from the tables in `source`, a file in SQL.

    Dimensions that stand in one table are drawn together, others by themselves.
    """
    dimensions, at_once = facts.policy.dimensions, max(1, facts.most_at_once)
    classes: dict[str, list[tuple[int, str] | None]] = {}
    means: dict[str, list[float | None]] = {}
    for first in range(0, len(dimensions), at_once):
        leaves = _leaves(database, source, facts, dimensions[first : first + at_once])
        places = _places(leaves.weights, rows, chance)
        for column, of_leaves in leaves.classes.items():
            classes[column] = [of_leaves[place] for place in places]
        if not means:
            means = {name: [values[at] for at in places] for name, values in leaves.means.items()}
    for dimension in dimensions:
        drawn = classes[dimension.column]
        if None in drawn:
            leaves = _leaves(database, source, facts, (dimension,))
            alone = (
                leaves.classes[dimension.column][at] for at in _places(leaves.weights, rows, chance)
            )
            classes[dimension.column] = [
                own or other for own, other in zip(drawn, alone, strict=True)
            ]
    return DrawnRows(classes, means)


def _places(weights: Sequence[float], rows: int, chance: np.random.Generator) -> list[int]:
    """Draw so many cells by their weights, as evenly as whole rows allow, in any order."""
    shares = np.cumsum(np.asarray(weights, float) if any(weights) else np.ones(len(weights)))
    steps = (np.arange(rows) + chance.random()) / max(1, rows) * shares[-1]
    places = np.minimum(np.searchsorted(shares, steps, side="right"), len(weights) - 1)
    drawn: list[int] = chance.permutation(places).tolist()
    return drawn


def _leaves(
    database: Database, source: str, facts: MadeTables, dimensions: Sequence[PolicyDimension]
) -> _Leaves:
    measures = [measure.column for measure in facts.policy.measures]
    means = "".join(
        f", {quoted(name)} / nullif({quoted(COUNT)}, 0) AS {_mean(at)}"
        for at, name in enumerate(measures)
    )
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PARENTS} AS SELECT coalesce({quoted(COUNT)}, 1) AS weight"
        f"{means} FROM {source} WHERE {quoted(TABLE)} = {literal(table_name(()))}"
    )
    keys: list[str] = []
    for level, table in _refinements(dimensions):
        _refine(database, source, (*keys, level), table, measures)
        keys.append(level)
    levels = (level for dimension in dimensions for level in dimension.level_names)
    chosen = ", ".join(["weight", *map(quoted, levels), *map(_mean, range(len(measures)))])
    cells = database.execute(f"SELECT {chosen} FROM {_PARENTS} ORDER BY ALL").fetchall()
    return _read(cells, dimensions, measures)


def _refinements(dimensions: Sequence[PolicyDimension]) -> Iterator[tuple[str, str]]:
    """Yield the column of one more level, and the table that has it beside those before.

    All dimensions come at their coarsest level first: where a finer one is hidden, they still
    stand together.
    """
    deepest: dict[str, str] = {}
    for depth in range(max(len(dimension.levels) for dimension in dimensions)):
        for dimension in dimensions:
            if depth < len(dimension.levels):
                deepest[dimension.column] = dimension.level_names[depth]
                ordered = (part.column for part in dimensions if part.column in deepest)
                yield dimension.level_names[depth], table_name(map(deepest.__getitem__, ordered))


def _refine(
    database: Database, source: str, keys: Sequence[str], table: str, measures: Sequence[str]
) -> None:
    """Put the cells of a finer table in the place of those that they are parts of."""
    *outer, level = keys
    count = f"c.{quoted(COUNT)}"
    same = " AND ".join(f"c.{quoted(key)} = p.{quoted(key)}" for key in outer) or "true"
    means = "".join(
        f", coalesce(c.{quoted(name)} / nullif({count}, 0), p.{_mean(at)}) AS {_mean(at)}"
        for at, name in enumerate(measures)
    )
    kept = "".join(f"p.{quoted(key)}, " for key in outer)
    rest = f"greatest(0, p.weight - coalesce(sum({count}) OVER parts, 0))"
    hidden = f"greatest(1, count(*) FILTER ({count} IS NULL) OVER parts)"
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CELLS} AS SELECT {kept}c.{quoted(level)},"
        f" coalesce({count}, {rest} / {hidden}) AS weight{means}"
        f" FROM (SELECT *, row_number() OVER () AS id FROM {_PARENTS}) p"
        f" LEFT JOIN (FROM {source} WHERE {quoted(TABLE)} = {literal(table)}) c ON {same}"
        " WINDOW parts AS (PARTITION BY p.id)"
    )
    database.execute(f"CREATE OR REPLACE TEMP TABLE {_PARENTS} AS FROM {_CELLS}")


def _mean(at: int) -> str:
    return f"mean_{at}"


def _read(
    cells: Sequence[tuple[Any, ...]], dimensions: Sequence[PolicyDimension], measures: Sequence[str]
) -> _Leaves:
    weights, *values = map(list, zip(*cells, strict=True))
    classes: dict[str, list[tuple[int, str] | None]] = {}
    for dimension in dimensions:
        of_levels = [values.pop(0) for _ in dimension.levels]
        classes[dimension.column] = [
            max(
                ((at, str(text)) for at, text in enumerate(texts) if text is not None), default=None
            )
            for texts in zip(*of_levels, strict=True)
        ]
    return _Leaves(classes, weights, dict(zip(measures, values, strict=True)))
