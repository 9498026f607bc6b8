"""Protected tables beside the same tables as they are: seconds, cells, and how many are shown.

Rows are made up: persons, a third of them in a few of many places, ages, and amounts that some have
much more of. The limit is DuckDB counting and adding up the same tables and nothing else.
"""

import time
from itertools import pairwise
from typing import NamedTuple

import duckdb

from shared.engine.database import Database, quoted
from shared.engine.protection.lattice import Dimension, LatticeMaker, keys_of, tables_of
from shared.engine.protection.protected_tables import protect

MINIMUM = 11


class Size(NamedTuple):
    """So many rows in so many places, in tables of at most so many dimensions at once."""

    rows: int
    places: int
    dimensions: int
    most_at_once: int


SIZES = (
    Size(7_576, 15, 4, 3),
    Size(20_000, 60, 4, 3),
    Size(100_000, 300, 4, 3),
    Size(1_000_000, 2_600, 4, 3),
    Size(1_000_000, 2_600, 6, 3),
)
DIMENSIONS = (
    Dimension("place", ("epci", "commune"), is_known=True),
    Dimension("age", ("age_class",)),
    Dimension("sex", ("sex",)),
    Dimension("status", ("status",)),
    Dimension("year", ("year",), is_known=True),
    Dimension("aid", ("aid",)),
)


def main() -> None:
    """Print a line for each size."""
    print("\nprotecting: tables of persons, exact, small cells hidden")
    for size in SIZES:
        database = _rows(size)
        dimensions = DIMENSIONS[: size.dimensions]
        tables = tables_of(dimensions, size.most_at_once)
        began = time.perf_counter()
        _count(database, dimensions, size)
        counted = time.perf_counter()
        maker = LatticeMaker(database, "persons", "person", dimensions, ["amount"])
        lattice = maker.make(tables, MINIMUM)
        made = time.perf_counter()
        hidden = protect(lattice, MINIMUM)
        ended = time.perf_counter()
        bare, making, proving = (b - a for a, b in pairwise((began, counted, made, ended)))
        is_cell = lattice.units > 0
        shown, enough = is_cell & ~hidden.counts, lattice.units >= MINIMUM
        print(
            f"  {size.rows:>9,} rows, {len(tables):>3} tables, {int(is_cell.sum()):>7,} cells:"
            f" {making + proving:6.1f} s ({making:.1f} counting, {proving:.1f} hiding and proving),"
            f" DuckDB alone {bare:.1f} s; shown {shown.sum() / is_cell.sum():.0%} of all cells,"
            f" {shown.sum() / enough.sum():.0%} of those of {MINIMUM} and more"
        )


def _rows(size: Size) -> Database:
    database: Database = duckdb.connect(config={"threads": "2"})
    database.execute("SELECT setseed(0.5)")
    database.execute(
        """
        CREATE TABLE persons AS SELECT
            number AS person, 'C' || place AS commune, 'E' || (place // 30) AS epci,
            CASE WHEN age < 25 THEN 'a' WHEN age < 40 THEN 'b' WHEN age < 60 THEN 'c'
                WHEN age < 75 THEN 'd' ELSE 'e' END AS age_class,
            's' || (random() * 2)::INT % 2 AS sex,
            't' || floor(pow(random(), 2) * 4)::INT AS status,
            'y' || floor(random() * 3)::INT AS year, 'g' || floor(pow(random(), 2) * 6)::INT AS aid,
            round(exp(random() * 3) * 100, 2) AS amount
        FROM (
            SELECT number, floor(pow(random(), 2) * $places)::INT AS place,
                floor(random() * 90)::INT AS age
            FROM range($rows) numbers(number)
        )
        """,
        {"places": size.places, "rows": size.rows},
    )
    return database


def _count(database: Database, dimensions: tuple[Dimension, ...], size: Size) -> None:
    for table in tables_of(dimensions, size.most_at_once):
        keys = list(map(quoted, keys_of(dimensions, table)))
        listed, group = ", ".join((*keys, "")), f"GROUP BY {', '.join(keys)}" if keys else ""
        figures = f"SELECT {listed}count(*), sum(amount) FROM persons {group}"  # noqa: S608
        database.execute(figures).fetchall()


if __name__ == "__main__":
    main()
