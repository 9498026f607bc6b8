"""A crossing of 5 million rows with 35,000 that is added up, as a job, beside engines alone.

Each contender works in a fresh process, in turns. The job is one of the lab's: it runs in the
sandbox, accounts for every key that met nothing, screens its result for persons and writes it
twice. `ours-csv` reads files first, each as a job of its own, which types and screens every column.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from services.compute.execution.spares.spares import Spares
from shared.engine.contract.work import Work
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
from shared.events.event import Step
from tests.benchmarks.jobs.crossers import BY, SUMS
from tests.benchmarks.judged.recognition import PEERS
from tests.servers import eventually

ROUNDS, LARGE = 3, 5_000_000
SIZES = (LARGE // 100, LARGE // 10, LARGE)
MANY, GIB = 50_000_000, 2**30
_REST = 0.5
"""Seconds that a service has between two jobs, at rest."""

LIMITS = Limits(seconds=600, memory_bytes=GIB)

LEFT = """
    SELECT lpad(CAST(hash(i) % 35000 AS VARCHAR), 5, '0') AS com,
        CAST(hash(i + 7) % 1000 AS BIGINT) AS logements,
        CAST(hash(i + 13) % 100 AS BIGINT) AS vacants, 'rue ' || (i % 97) AS voie
    FROM range({rows}) t(i)
"""
RIGHT = """
    SELECT lpad(CAST(i AS VARCHAR), 5, '0') AS code, 'epci ' || (i % 1200) AS epci,
        'Nom ' || (i % 1200) AS nom FROM range(35000) t(i)
"""
STEPS = (
    Step(
        application="cross",
        inputs={"left": "gauche", "right": "droite"},
        parameters={"left_key": "com", "right_key": "code", "how": "inner"},
        output="croisement",
    ),
    Step(
        application="aggregate",
        inputs={"table": "croisement"},
        parameters={"by": BY, "sums": SUMS, "counts": ["com"]},
        output="sommes",
    ),
)


def main(_arguments: Sequence[str] = ()) -> None:
    """Print seconds, megabytes and ratios at each size, from Parquet and from CSV."""
    print(f"\ncrossing: {__doc__ and __doc__.splitlines()[0]}")
    with TemporaryDirectory(prefix="datalab-bench-") as home:
        for rows in SIZES:
            for suffix in ("parquet", "csv"):
                _compare(rows, suffix, *tables(Path(home), rows, suffix))
        many = tables(Path(home), MANY, "parquet")
        for name in ("ours", "duckdb"):
            figures = _run(name, *many)
            print(f"  {MANY:,} rows, {name}: {figures['seconds']:.1f} s, {figures['MB']:.0f} MB")
        for rows in SIZES[1:]:
            figures = _as_jobs(*tables(Path(home), rows, "parquet"), STEPS[:1])
            print(f"  {rows:,} rows, kept: {figures['seconds']:.1f} s, {figures['MB']:.0f} MB")


def _compare(rows: int, suffix: str, left: Path, right: Path) -> None:
    names = ("ours" if suffix == "parquet" else "ours-csv", "duckdb", "polars", "pandas")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, rounds in runs.items():
            rounds.append(_run(name, left, right))
    medians = {
        name: {key: statistics.median(shelf[key] for shelf in rounds) for key in rounds[0]}
        for name, rounds in runs.items()
    }
    print(f"  {rows:,} rows of {suffix}")
    ours = medians[names[0]]
    for name, figures in medians.items():
        ratio = ours["seconds"] / figures["seconds"]
        print(
            f"    {name:<9} {figures['seconds']:6.2f} s {figures['MB']:6.0f} MB"
            f"   ours/this: x{ratio:.2f}"
        )


def tables(home: Path, rows: int, suffix: str) -> tuple[Path, Path]:
    """The two tables of a crossing, the left one of so many rows, written in that format."""
    paths = home / f"left-{rows}.{suffix}", home / f"right-{rows}.{suffix}"
    with duckdb.connect() as database:
        for path, query in zip(paths, (LEFT.format(rows=rows), RIGHT), strict=True):
            database.execute(f"COPY ({query}) TO '{path}'")
    return paths


def _run(name: str, left: Path, right: Path) -> dict[str, float]:
    if name.startswith("ours"):
        return _as_jobs(left, right)
    python = PEERS if name == "polars" else sys.executable
    script = Path(__file__).with_name("crossers.py")
    done = subprocess.run(
        [python, "-P", script, name, left, right], stdout=subprocess.PIPE, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _as_jobs(left: Path, right: Path, steps: Sequence[Step] = STEPS) -> dict[str, float]:
    """The seconds of all jobs from their submission, and the largest peak of one."""
    with contextlib.closing(ready_spares()) as spares:
        done = run_jobs(spares, left, right, steps)
    return {"seconds": done["reading"] + done["crossing"], "MB": done["MB"]}


def ready_spares() -> Spares:
    """What runs jobs, with a sandbox that waits, and has done what it does before its job."""
    spares = Spares(1, GIB)
    eventually(lambda: _is_filled(spares), "a sandbox waits")
    time.sleep(_REST)
    return spares


def run_jobs(
    spares: Spares, left: Path, right: Path, steps: Sequence[Step] = STEPS
) -> dict[str, float]:
    """Read the tables, if they are files of CSV, and cross them: the seconds of both, and a peak.

    The peak is the largest of a job, in megabytes.
    """
    with TemporaryDirectory() as home:
        taken, peaks, began = [left, right], [], time.perf_counter()
        if left.suffix == ".csv":
            for number, path in enumerate(taken):
                taken[number] = Path(home) / f"{number}"
                work = Work(kind="ingest", inputs={"source": "in/0"}, filename=path.name)
                peaks.append(_job(spares, work, [path], {"table.parquet": taken[number]}))
        read = time.perf_counter()
        work = Work(kind="full", inputs={"gauche": "in/0", "droite": "in/1"}, steps=tuple(steps))
        peaks.append(_job(spares, work, taken, {}))
        crossed = time.perf_counter()
    return {"reading": read - began, "crossing": crossed - read, "MB": max(peaks) / 1e6}


def _is_filled(spares: Spares) -> bool:
    spares.fill()
    return spares.is_full


def _job(spares: Spares, work: Work, inputs: Sequence[Path], kept: dict[str, Path]) -> int:
    """Run a job; the most bytes that it had in memory."""
    with spares.folder() as (folder, waiting):
        for number, path in enumerate(inputs):
            folder.input_path(number).hardlink_to(path)
        folder.describe(work)
        outcome = Sandbox(LIMITS).run(folder.path, lambda _: None, lambda: False, waiting)
        assert outcome.ok, outcome
        for name, path in kept.items():
            (folder.path / "out" / name).rename(path)
    return outcome.peak_bytes


if __name__ == "__main__":
    main()
