"""One contender of the crossing benchmark: `crossers.py NAME LEFT RIGHT`, a query and its result.

Prints as JSON the seconds of the work, from the import to the written result, and peak megabytes.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

BY, SUMS = ["epci", "nom"], ["logements", "vacants"]
_QUERY = """
    COPY (
        SELECT epci, nom, sum(logements), sum(vacants), count(com)
        FROM {left} l JOIN {right} r ON l.com = r.code GROUP BY ALL ORDER BY ALL
    ) TO '{out}' (FORMAT parquet)
"""


def duckdb(left: Path, right: Path, out: Path) -> None:
    """The query as it is, within the memory and threads that a job has."""
    import duckdb as engine  # noqa: PLC0415 - the import is a part of what is measured

    with engine.connect(config={"threads": "2", "memory_limit": "600MB"}) as database:
        names = {"left": f"'{left}'", "right": f"'{right}'"}
        if left.suffix == ".csv":
            names = {
                key: f"read_csv({name}, types={{'com': 'VARCHAR'}})"
                if key == "left"
                else f"read_csv({name}, types={{'code': 'VARCHAR'}})"
                for key, name in names.items()
            }
        database.execute(_QUERY.format(**names, out=out))


def polars(left: Path, right: Path, out: Path) -> None:
    """The same, streamed."""
    import polars as pl  # type: ignore[import-not-found]  # noqa: PLC0415

    if left.suffix == ".csv":
        tables = (
            pl.scan_csv(left, schema_overrides={"com": pl.String}),
            pl.scan_csv(right, schema_overrides={"code": pl.String}),
        )
    else:
        tables = (pl.scan_parquet(left), pl.scan_parquet(right))
    figures = [*(pl.col(name).sum() for name in SUMS), pl.len().alias("n")]
    crossed = tables[0].join(tables[1], left_on="com", right_on="code")
    crossed.group_by(BY).agg(figures).sort(BY).sink_parquet(out)


def pandas(left: Path, right: Path, out: Path) -> None:
    """The same, as most notebooks do it."""
    import pandas as pd  # noqa: PLC0415

    if left.suffix == ".csv":
        tables = [pd.read_csv(path, dtype={"com": str, "code": str}) for path in (left, right)]
    else:
        tables = [pd.read_parquet(path) for path in (left, right)]
    crossed = tables[0].merge(tables[1], left_on="com", right_on="code")
    figures = {name: (name, "sum") for name in SUMS} | {"n": ("com", "count")}
    crossed.groupby(BY, sort=True).agg(**figures).reset_index().to_parquet(out)


PEERS: dict[str, Callable[[Path, Path, Path], None]] = {
    "duckdb": duckdb,
    "polars": polars,
    "pandas": pandas,
}


def main(name: str, left: str, right: str) -> None:
    """Do it once, and print what it took."""
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        PEERS[name](Path(left), Path(right), Path(folder) / "out.parquet")
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "MB": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
