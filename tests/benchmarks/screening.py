"""Screening 100,000 rows of ten columns about persons, on a sample beside every value."""

import json
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from shared.engine.database import open_database
from shared.engine.reading.columns.profile import describe
from shared.engine.reading.privacy import column_sample
from shared.engine.reading.privacy.screening import screen
from shared.engine.tables.manifest import Column
from tests.integration.compute.privacy.test_screening import persons

ROWS, KINDS, ROUNDS = 100_000, 5_000, 5
FIELDS = [
    "prenom",
    "nom",
    "naissance",
    "sexe",
    "age",
    "commune",
    "adresse",
    "courriel",
    "mobile",
    "profession",
    "diagnostic",
]


def main() -> None:
    """Measure one contender and print its figures as JSON."""
    if sys.argv[1] == "every-value":
        column_sample.SAMPLE = ROWS
    with TemporaryDirectory(prefix="datalab-bench-") as folder:
        database = open_database(Path(folder), memory_bytes=1_000_000_000)
        database.register("people", people())
        began = time.perf_counter()
        rows, columns = describe(database, "people", lambda _share, _what: None)
        described = time.perf_counter() - began
        seconds = min(_timed(database, rows, columns) for _ in range(ROUNDS))
    print(json.dumps({"tables/s": 1 / seconds, "described/s": 1 / described}))


def _timed(database: duckdb.DuckDBPyConnection, rows: int, columns: list[Column]) -> float:
    began = time.perf_counter()
    privacy = screen(database, "people", columns, rows)
    assert privacy.verdict == "direct"
    return time.perf_counter() - began


def people() -> pa.Table:
    """Rows put together from a few thousand values of each column."""
    some, chance = list(persons(KINDS)), random.Random(1)
    return pa.table({field: [chance.choice(some)[field] for _ in range(ROWS)] for field in FIELDS})


if __name__ == "__main__":
    main()
