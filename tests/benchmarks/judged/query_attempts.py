"""What the author of an attack by SQL sees of it, where the analysis does not refuse it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
from tests.benchmarks.judged.query_analysis import APPLICATION, SQL
from tests.corpora.sql import Attack, make_tables, schema, text_of
from tests.integration.compute.jobs import Tables, prepare, step

LIMITS = Limits(seconds=8, memory_bytes=600_000_000)
FILE = "/job/in/marque.csv"
"""Where a job sees a file that no step names."""

_VARIABLE = "DATALAB_MARQUE"
_GRACE_SECONDS = 6.0


class Attempt(NamedTuple):
    """How a query ended in the sandbox, and all that its author reads of it, the result too."""

    is_ended: bool
    reason: str
    seen: str
    seconds: float

    def tells(self, marks: tuple[str, ...]) -> list[str]:
        """The marks that its author sees."""
        return [mark for mark in marks if mark in self.seen]


def attempt(attack: Attack, half: str, folder: Path) -> Attempt:
    """Run an attack as a job of the tables of its half, in the real sandbox."""
    steps = [
        step(
            APPLICATION,
            {name: name for name in schema(half)},
            "resultat",
            **{SQL: text_of(attack.sql, FILE)},
        )
    ]
    prepare(folder, {"kind": "full", "steps": steps}, _tables(half, folder))
    (folder / "in" / "marque.csv").write_text("code;nom\n1;MARQUE-FICHIER\n")
    with _marked():
        outcome = Sandbox(LIMITS).run(folder, lambda _: None, lambda: False)
    files = [path for path in (folder / "out").glob("*.*") if path.suffix in (".json", ".csv")]
    written = [path.read_text("utf-8", "replace") for path in files if path.is_file()]
    return Attempt(
        is_ended=outcome.seconds < LIMITS.seconds + _GRACE_SECONDS,
        reason=outcome.reason,
        seen="\n".join((outcome.reason, outcome.log_tail, *written)),
        seconds=outcome.seconds,
    )


def _tables(half: str, folder: Path) -> Tables:
    """The tables as Parquet, with their types."""
    rows_by_table: Tables = {}
    with duckdb.connect() as database:
        make_tables(database, half)
        for name in schema(half):
            path = folder.parent / f"{folder.name}-{name}.parquet"
            database.table(name).write_parquet(str(path))
            rows_by_table[name] = path
    return rows_by_table


@contextmanager
def _marked() -> Iterator[None]:
    os.environ[_VARIABLE] = "MARQUE-ENVIRONNEMENT"
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
