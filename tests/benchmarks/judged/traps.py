"""Columns that treatments would take wrongly, judged in tests/corpora/traps, by halves.

A column is right where exactly what was judged is told of it. What is told of another is a false
alarm, which costs the trust in all of them.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from shared.engine.running.__main__ import main as run_job
from tests.benchmarks.judged.halves import HALVES, parser

CORPUS = Path(__file__).resolve().parents[2] / "corpora" / "traps"
MEMORY_BYTES = 1_000_000_000


class JudgedColumn(NamedTuple):
    """A column of a table, what is to be told of it, and what is."""

    table: str
    name: str
    right: str
    warnings: frozenset[str]

    @property
    def verdict(self) -> str:
        """`right`, `missed`, or `false` where something is told that is not so."""
        if self.warnings - {self.right}:
            return "false"
        return "right" if bool(self.right) == bool(self.warnings) else "missed"


def judged(half: str) -> Iterator[JudgedColumn]:
    """Every column of a half, with what is told of it."""
    for table in json.loads((CORPUS / f"{half}.json").read_text(encoding="utf-8")):
        warnings = warnings_of("\n".join(table["csv"]).encode())
        for name, kinds in warnings.items():
            yield JudgedColumn(table["table"], name, table["traps"].get(name, ""), kinds)


def warnings_of(content: bytes) -> dict[str, frozenset[str]]:
    """What is told of the columns of a file when it is taken in."""
    with TemporaryDirectory() as name, redirect_stdout(StringIO()):
        folder = Path(name)
        for part in ("in", "out"):
            (folder / part).mkdir()
        (folder / "in" / "0").write_bytes(content)
        work = {"kind": "ingest", "filename": "table.csv", "inputs": {"source": "in/0"}}
        (folder / "job.json").write_text(json.dumps(work))
        run_job(folder, MEMORY_BYTES)
        result = json.loads((folder / "out" / "result.json").read_text())
    columns = result["reports"][0]["columns"]
    return {
        column["name"]: frozenset(warning["kind"] for warning in column["warnings"])
        for column in columns
    }


def main(arguments: Sequence[str] = ()) -> None:
    """Print what is right of each half, or of one: `--half tuning`; of that also the faults."""
    asked = parser().parse_args(arguments).halves
    print(f"\ntraps: {str(__doc__).splitlines()[0]}")
    for half in asked or HALVES:
        columns = list(judged(half))
        traps = [column for column in columns if column.right]
        total = sum(judged_column.verdict == "right" for judged_column in traps)
        alarms = sum(column.verdict == "false" for column in columns)
        print(f"  {half}: {total} of {len(traps)} found, {alarms} false of {len(columns)} columns")
        for column in columns if asked else ():
            if column.verdict != "right":
                print(
                    f"    {column.table}, {column.name}: {sorted(column.warnings)},"
                    f" not {column.right!r}"
                )
