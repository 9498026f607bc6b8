"""Protected tables beside the same tables as they are: seconds, cells, and how many are shown.

Rows are made up: persons, a third of them in a few of many places, ages, and amounts that some have
much more of. The limit is DuckDB counting and adding up the same tables and nothing else. With
noise: how many large counts by two dimensions are within a tenth of what they should be.
"""

import time
from itertools import combinations, pairwise
from typing import NamedTuple

import duckdb
import numpy as np

from shared.engine.contract.policy import COUNT, TABLE, ReleasePolicy
from shared.engine.database import Database, quoted
from shared.engine.protection.lattice import Dimension, LatticeMaker, keys_of, tables_of
from shared.engine.protection.noisy_tables import make_noisy_tables
from shared.engine.protection.protected_tables import protect
from shared.engine.tables.manifest import Column, Meaning

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


NOISY_SIZES = (Size(7_576, 15, 4, 3), Size(5_000, 71, 4, 3))
DRAWS, PERCENT, CAP = 5, 70, 2_000


def main() -> None:
    """Print a line for each size."""
    _exact()
    _noisy()


def _noisy() -> None:
    print(f"\nprotecting: the same with noise, at {PERCENT} % of right guesses, {DRAWS} draws")
    for size in NOISY_SIZES:
        for cap in (None, CAP):
            close, whole, began = list[float](), list[float](), time.perf_counter()
            for _ in range(DRAWS):
                for shares, least in ((close, MINIMUM), (whole, 100)):
                    shares.append(_close_share(size, cap, least))
            seconds = (time.perf_counter() - began) / DRAWS / 2
            print(
                f"  {size.rows:>9,} rows, {size.places} places, "
                f"{'with amounts' if cap else 'counts alone'}: {seconds:.1f} s; within 10 %:"
                f" {np.mean(close):.0%} of two-way cells of {MINIMUM} and more,"
                f" {np.mean(whole):.0%} of those of 100 and more"
            )


def _close_share(size: Size, cap: float | None, least: int) -> float:
    """The share of counts by two dimensions, of `least` and more, within a tenth."""
    database = _rows(size)
    values = {
        "commune": [f"C{place}" for place in range(size.places)],
        "age_class": list("abcde"),
        "sex": ["s0", "s1"],
        "status": [f"t{status}" for status in range(4)],
    }
    policy = ReleasePolicy.model_validate(
        {
            "method": "noise",
            "guess_percent": PERCENT,
            "dimensions": [
                {"column": column, "levels": ["value"], "values": named}
                for column, named in values.items()
            ],
            "measures": [{"column": "amount", "cap": cap}] if cap else [],
        }
    )
    number = Meaning(type="decimal", confidence=1, valid=1, format="0.0")
    described = [Column(name=name, kind="text", filled=1, distinct=1) for name in values]
    described.append(Column(name="amount", kind="decimal", filled=1, distinct=1, meaning=number))
    listed = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in (*values, "amount"))
    database.execute(f"CREATE TABLE texts AS SELECT {listed} FROM persons")  # noqa: S608
    made = make_noisy_tables(database, "texts", described, policy, lambda *_: None)
    is_close = [
        abs(noisy - exact) <= exact / 10
        for pair in combinations(values, 2)
        for exact, noisy in _beside(database, made.name, pair)
        if exact >= least
    ]
    return float(np.mean(is_close))


def _beside(database: Database, tables: str, pair: tuple[str, str]) -> list[tuple[int, int]]:
    """Each count by these two columns, exact and with noise."""
    columns = ", ".join(pair)
    exact = f"SELECT {columns}, count(*) AS n FROM persons GROUP BY ALL"  # noqa: S608
    noisy = f"SELECT * FROM {quoted(tables)} WHERE {TABLE} = '{' et '.join(pair)}'"  # noqa: S608
    return database.execute(
        f"SELECT n, {COUNT} FROM ({exact}) JOIN ({noisy}) USING ({columns})"  # noqa: S608
    ).fetchall()


def _exact() -> None:
    print("\nprotecting: tables of persons, exact, small cells hidden")
    for size in SIZES:
        database = _rows(size)
        dimensions = DIMENSIONS[: size.dimensions]
        tables = tables_of(dimensions, size.most_at_once)
        began = time.perf_counter()
        _count(database, dimensions, size)
        counted = time.perf_counter()
        maker = LatticeMaker(database, "persons", "person", dimensions, ["amount"])
        lattice = maker.make(tables, MINIMUM, units_repeat=False)
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
