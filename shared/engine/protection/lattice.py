"""All tables of a policy together: their cells, and which cells are parts of which.

A table is how deep it goes into each dimension: depth 0 leaves it out, each further one is a finer
level. Every coarser table is there as well, so that a cell is the sum of its parts along each of
its dimensions: a *split*. A cell that several tables share is one cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.engine.database import Database, quoted
from shared.engine.tables.privacy import at_most

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]
Amounts = NDArray[np.float64]
Table = tuple[int, ...]
"""The depth of a table in each dimension."""


MOST_CELLS = 2_000_000
"""Of all tables together."""

_MEAN_UNITS, _MEAN_UNITS_OF_PAIRS = 1.5, 1 / 3
"""Units behind a cell in the mean, in minimums: a table of fewer is not made, nor is any finer one.
It would show next to nothing, and all its hidden cells would have to be proved. What is by one or
two dimensions is asked for most, and has few cells."""

_PAIR = 2


class Dimension(NamedTuple):
    """Columns of a dimension's levels, the coarsest first: a value of one lies in one of the last.

    `is_known` where everybody knows who is in which class, as with areas and dates: that all of a
    group are in one tells nothing.
    """

    name: str
    levels: tuple[str, ...]
    is_known: bool = False


class Measure(NamedTuple):
    """Sums of a column of numbers by cell, whose units have a part that is not 0, and of how much.

    `largest` and `second` are the largest parts that units have, without their sign.
    """

    units: Ids
    total: Amounts
    largest: Amounts
    second: Amounts


class Cells(NamedTuple):
    """The cells of a table: the first one's number, their keys, and the name of their table."""

    first: int
    number: int
    name: str


@dataclass(frozen=True)
class Lattice:
    """The cells of all tables, numbered from 0; `part` i is a part of the parent of `split` i.

    `units` are distinct; where `units_repeat`, one may be in several parts of a split.
    """

    tables: dict[Table, Cells]
    units: Ids
    measures: dict[str, Measure]
    part: Ids
    split: Ids
    parent: Ids
    tells: Flags
    units_repeat: bool

    @cached_property
    def cells_of_table(self) -> Ids:
        """Count, of each cell, the cells of its table."""
        numbers = [cells.number for cells in self.tables.values()]
        return np.repeat(numbers, numbers).astype(np.int64)

    @cached_property
    def parts_of_split(self) -> Ids:
        """Count the parts of each split."""
        return np.bincount(self.split, minlength=len(self.parent))


def tables_of(dimensions: Sequence[Dimension], most_at_once: int) -> list[Table]:
    """Return all tables of at most so many dimensions at once, the coarsest first."""
    depths = product(*(range(len(dimension.levels) + 1) for dimension in dimensions))
    return sorted((table for table in depths if np.count_nonzero(table) <= most_at_once), key=sum)


def keys_of(dimensions: Sequence[Dimension], table: Table) -> list[str]:
    """Return the columns that tell the cells of a table apart."""
    return [
        dimension.levels[depth - 1]
        for dimension, depth in zip(dimensions, table, strict=True)
        if depth
    ]


class _Splits(NamedTuple):
    """The splits of a table along one dimension; `place` is that of each part's parent."""

    part: Ids
    place: Ids
    parent: Ids
    tells: Flags


class LatticeMaker:
    """Makes the lattice of the rows in a table of the database.

    That has a text column for each level, one of numbers for each measure, and one that says whose
    a row is.
    """

    def __init__(
        self,
        database: Database,
        rows: str,
        unit: str,
        dimensions: Sequence[Dimension],
        measures: Sequence[str],
    ) -> None:
        self._database, self._rows, self._unit = database, rows, unit
        self._dimensions, self._measures = dimensions, measures
        self._cells: dict[Table, Cells] = {}
        self._classes: dict[tuple[int, int], int] = {}

    def make(self, tables: Sequence[Table], minimum: int, units_repeat: bool) -> Lattice:
        """Return the lattice of those of these tables that show enough; coarser ones come first.

        A part of none is there where its parent has at least `minimum` units. Raises
        NotNestedError and TooManyCellsError.
        """
        self._make_domains()
        units = self._units()
        for table in tables:
            has_units = units >= self._least_units(table, minimum)
            if has_units and all(outer in self._cells for outer in _coarser(table)):
                self._make_cells(table, minimum)
        splits = [
            self._splits(table, at) for table in self._cells for at, d in enumerate(table) if d
        ]
        starts = np.cumsum([0, *(len(split.parent) for split in splits)])[:-1]
        return Lattice(
            tables=self._cells,
            units=self._column("units").astype(np.int64),
            measures={name: self._measure(at) for at, name in enumerate(self._measures)},
            part=_joined([split.part for split in splits]),
            split=_joined(
                [start + split.place for start, split in zip(starts, splits, strict=True)]
            ),
            parent=_joined([split.parent for split in splits]),
            tells=np.concatenate([*(split.tells for split in splits), np.zeros(0, np.bool_)]),
            units_repeat=units_repeat,
        )

    def _make_domains(self) -> None:
        """Make a table of the values of each level, with the coarser value that each is in."""
        for at, dimension in enumerate(self._dimensions):
            for depth, column in enumerate(dimension.levels, 1):
                outer = quoted(dimension.levels[depth - 2]) if depth > 1 else "''"
                self._database.execute(
                    f"CREATE OR REPLACE TEMP TABLE {quoted(domain_name(at, depth))} AS SELECT"
                    f' {quoted(column)} AS value, any_value({outer}) AS "outer",'
                    f" count(DISTINCT {outer}) AS outers FROM {quoted(self._rows)} GROUP BY value"
                )
                ((self._classes[at, depth], torn),) = self._database.execute(
                    "SELECT count(*), any_value(value) FILTER (outers > 1)"
                    f" FROM {quoted(domain_name(at, depth))}"
                ).fetchall()
                if torn is not None:
                    raise NotNestedError(dimension.name, column, torn)

    def _make_cells(self, table: Table, minimum: int) -> None:
        """Make the table of the cells, with those of nobody that large cells are split into."""
        keys = [quoted(key) for key in keys_of(self._dimensions, table)]
        listed = ", ".join((*keys, ""))
        name = _named(table)
        by_unit = "".join(
            f", sum({quoted(measure)}) AS m{at}" for at, measure in enumerate(self._measures)
        )
        figures = "".join(
            f", count(*) FILTER (m{at} <> 0) AS units{at}, coalesce(sum(m{at}), 0) AS total{at},"
            f" coalesce(max(abs(m{at})), 0) AS largest{at},"
            f" coalesce(max(abs(m{at}), 2)[2], 0) AS second{at}"
            for at in range(len(self._measures))
        )
        self._database.execute(
            f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT {listed}count(*) AS units"
            f"{figures} FROM (SELECT {listed}{quoted(self._unit)}{by_unit}"
            f" FROM {quoted(self._rows)} GROUP BY ALL) {_by('GROUP', keys)}"
        )
        for at, depth in enumerate(table):
            if depth:
                self._add_empty(table, at, minimum)
        self._database.execute(
            f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS"
            f" SELECT row_number() OVER ({_by('ORDER', keys)}) - 1 + {self._size} AS id, *"
            f" FROM {quoted(name)}"
        )
        ((number,),) = self._database.execute(f"SELECT count(*) FROM {quoted(name)}").fetchall()
        self._cells[table] = Cells(self._size, number, name)
        if self._size > MOST_CELLS:
            raise TooManyCellsError

    def _units(self) -> int:
        """Return the units that there are, as coarsely as everybody reads of the rows."""
        ((units,),) = self._database.execute(
            f"SELECT count(DISTINCT {quoted(self._unit)}) FROM {quoted(self._rows)}"
        ).fetchall()
        return at_most(units)

    def _least_units(self, table: Table, minimum: int) -> float:
        """Return how many units a table needs, by the classes that it crosses.

        It is decided by what everybody may know: that a table is made tells of nobody.
        """
        depths = [(at, depth) for at, depth in enumerate(table) if depth]
        if not depths:
            return 0
        mean = _MEAN_UNITS if len(depths) > _PAIR else _MEAN_UNITS_OF_PAIRS
        return mean * prod(self._classes[place] for place in depths) * minimum

    def _add_empty(self, table: Table, at: int, minimum: int) -> None:
        """Add the parts of nobody that cells of enough units have along a dimension."""
        outer, others, key = self._parents(table, at)
        listed = ", ".join((*(f"p.{quoted(other)}" for other in others), "d.value"))
        names = ", ".join(quoted(name) for name in (*others, key))
        same = "".join(f" AND c.{quoted(other)} = p.{quoted(other)}" for other in others)
        zeros = ", 0" * (1 + len(_PARTS) * len(self._measures))
        figures = ", ".join(
            ("units", *(f"{part}{m}" for m in range(len(self._measures)) for part in _PARTS))
        )
        self._database.execute(
            f"INSERT INTO {quoted(_named(table))} ({names}, {figures})"
            f" SELECT {listed}{zeros} FROM {quoted(self._cells[outer].name)} p"
            f" JOIN {quoted(domain_name(at, table[at]))} d ON {self._lies_in(table, at)}"
            f" WHERE p.units >= {minimum} AND NOT EXISTS"
            f" (FROM {quoted(_named(table))} c WHERE c.{quoted(key)} = d.value{same})"
        )

    def _splits(self, table: Table, at: int) -> _Splits:
        outer, others, key = self._parents(table, at)
        same = "".join(f" AND c.{quoted(other)} = p.{quoted(other)}" for other in others)
        pairs = self._database.execute(
            f"SELECT c.id AS part, p.id AS parent FROM {quoted(_named(table))} c"
            f" JOIN {quoted(domain_name(at, table[at]))} d ON c.{quoted(key)} = d.value"
            f" JOIN {quoted(self._cells[outer].name)} p ON {self._lies_in(table, at)}{same}"
        ).fetchnumpy()
        parents, places = np.unique(pairs["parent"].astype(np.int64), return_inverse=True)
        # Where there is one class in all, that everybody is in it is no secret.
        is_secret = not self._dimensions[at].is_known and self._classes[at, table[at]] > 1
        return _Splits(
            part=pairs["part"].astype(np.int64),
            place=places.astype(np.int64),
            parent=parents,
            tells=np.full(len(parents), is_secret),
        )

    def _parents(self, table: Table, at: int) -> tuple[Table, list[str], str]:
        """Return the table that is coarser in a dimension, the keys that both have, and its key."""
        outer = (*table[:at], table[at] - 1, *table[at + 1 :])
        key = self._dimensions[at].levels[table[at] - 1]
        return outer, [name for name in keys_of(self._dimensions, table) if name != key], key

    def _lies_in(self, table: Table, at: int) -> str:
        if table[at] == 1:
            return "true"
        outer = self._dimensions[at].levels[table[at] - 2]
        return f'd."outer" = p.{quoted(outer)}'

    @property
    def _size(self) -> int:
        return sum(cells.number for cells in self._cells.values())

    def _column(self, name: str) -> Ids:
        columns = [
            self._database.execute(
                f"SELECT {name} FROM {quoted(cells.name)} ORDER BY id"
            ).fetchnumpy()[name]
            for cells in self._cells.values()
        ]
        return _joined(columns)

    def _measure(self, at: int) -> Measure:
        units, *amounts = _PARTS
        return Measure(
            self._column(f"{units}{at}").astype(np.int64),
            *(self._column(f"{amount}{at}").astype(np.float64) for amount in amounts),
        )


_PARTS = ("units", "total", "largest", "second")


class TooManyCellsError(ValueError):
    """The tables have more cells than can be protected together."""


class NotNestedError(ValueError):
    """A value of a finer level lies in two of the coarser one."""

    def __init__(self, dimension: str, column: str, value: str) -> None:
        super().__init__(f"{dimension}: {column} {value}")
        self.dimension, self.column, self.value = dimension, column, value


def _coarser(table: Table) -> list[Table]:
    """Return the tables that are one level coarser in a dimension."""
    return [(*table[:at], depth - 1, *table[at + 1 :]) for at, depth in enumerate(table) if depth]


def _named(table: Table) -> str:
    return f"‹tableau {' '.join(map(str, table))}›"


def domain_name(at: int, depth: int) -> str:
    """Return the table of a level's values, each with the coarser one, `outer`, that it is in."""
    return f"‹valeurs {at} {depth}›"


def _by(clause: str, keys: Sequence[str]) -> str:
    return f"{clause} BY {', '.join(keys)}" if keys else ""


def _joined(columns: Sequence[Ids]) -> Ids:
    return np.concatenate([*columns, np.zeros(0, np.int64)])
