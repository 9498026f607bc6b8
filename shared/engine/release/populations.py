"""Protected inputs in a job's database: their rows by number, and whose each row is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shared.engine.database import Database, columns, filled, literal, quoted
from shared.engine.tables.manifest import Column
from shared.engine.tables.release import ProtectedInput, unit_of

_MARK = "‹"
AREAS = frozenset(
    ("commune", "iris", "epci", "departement", "region", "postcode", "arrondissement")
)
"""Types of columns that say where a unit is, which is no secret of its own."""

KNOWN = (*AREAS, "year", "date", "month")
"""Types of columns that all units of a group may well have in common."""

_SIREN = 9


class Population(NamedTuple):
    """A protected input: the table `base` holds all its columns, with the numbers of its rows.

    `units` has for each row whose it is.
    """

    database: Database
    name: str
    terms: ProtectedInput
    described: tuple[Column, ...]

    @property
    def minimum(self) -> int:
        """Return how many units a figure needs."""
        return self.terms.minimum

    @property
    def row(self) -> str:
        """Name the column that numbers its rows, from 1."""
        return row_of(self.name)

    @property
    def base(self) -> str:
        """Name the table of all its rows."""
        return f"{_MARK}{self.name}›"

    @property
    def units(self) -> str:
        """Name the table of `row` and `unit`, a number."""
        return f"{_MARK}unités de {self.name}›"

    def type_of(self, column: str) -> str:
        """Return what the column was recognised to hold, or nothing."""
        return next(
            (described.type for described in self.described if described.name == column), ""
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.database.execute(sql).fetchall()

    def tells_apart(self, column: str) -> bool:
        """Whether a column's values have, on average, fewer units than a figure needs."""
        if self.type_of(column) in AREAS:
            return False
        if column not in columns(self.database, self.base):
            return True
        ((units, values),) = self.rows(f"""
            SELECT count(DISTINCT unit), count(DISTINCT {quoted(column)})
            FROM {quoted(self.base)} JOIN {quoted(self.units)}
            ON row = {quoted(self.row)} WHERE {quoted(column)} IS NOT NULL
        """)
        return bool(units < self.minimum * values)


Numbers = Callable[[Population, str], str | None]
"""A column of an input as SQL of numbers, None where it has none."""


def row_of(name: str) -> str:
    """Name the column that numbers the rows of that input."""
    return f"{_MARK}ligne de {name}›"


def cells_of(output: str) -> str:
    """Name the column that numbers the groups of that table, from 1."""
    return f"{_MARK}groupe de {output}›"


def visible(names: Sequence[str]) -> list[str]:
    """Return the columns without those that the rules added."""
    return [name for name in names if not name.startswith(_MARK)]


def numbered(path: Path) -> str:
    """Return the SQL of a file's rows, numbered from 1 as `file_row_number + 1`."""
    return f"read_parquet({literal(str(path))}, file_row_number=true)"


def make_population(
    database: Database, name: str, path: Path, terms: ProtectedInput, described: tuple[Column, ...]
) -> Population:
    """Create the tables of the protected input in that file."""
    if not terms.unit:
        unit, kind = unit_of({column.name: column.type for column in described}, terms.personal)
        terms = terms.model_copy(update={"unit": unit, "unit_type": kind})
    population = Population(database, name, terms, described)
    database.execute(f"""
        CREATE VIEW {quoted(population.base)} AS
        SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {quoted(population.row)}
        FROM {numbered(path)}
    """)
    whose = quoted(population.row)
    if terms.unit in columns(database, population.base):
        text = f"regexp_replace({filled(terms.unit)}, '[^0-9A-Za-z]', '', 'g')"
        key = f"left({text}, {_SIREN})" if terms.unit_type == "siret" else text
        # Rows that do not say whose they are may all be of one. A unit has its number in all
        # versions of the dataset, and another in other datasets.
        text = f"concat_ws(' ', {literal(terms.dataset_id)}, coalesce({key}, ''))"
        whose = f"CAST(md5_number_lower({text}) >> 1 AS BIGINT)"
    database.execute(f"""
        CREATE TABLE {quoted(population.units)} AS
        SELECT {quoted(population.row)} AS row, {whose} AS unit FROM {quoted(population.base)}
    """)
    return population
