"""Takes over what earlier jobs made of the same steps, and leaves what later ones may take over.

A step's table is Parquet; what else is known of it, its report too, stands in a JSON file beside.
Where nobody reads the table any more, the second is enough.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb
from pydantic import ValidationError

from shared.engine.contract.result import LeftStep, Report
from shared.engine.contract.work import CachedStep, Work
from shared.engine.database import Database, columns, literal, quoted
from shared.engine.running.steps.workbench import InputTable, Repeated
from shared.engine.tables.manifest import Column
from shared.events.event import Frozen, Step

_STORED = {"HUGEINT": "DECIMAL(38,0)"}
"""Types that Parquet does not have, and those that hold the same values."""


class StepFacts(Frozen):
    """What is known of a step's table; `key` lets no two projects have the same file."""

    key: str
    report: Report
    types: dict[str, str]
    rows: int
    is_whole: bool
    repeated: dict[str, Repeated]
    described: dict[str, Column]
    secret: dict[str, str] = {}

    def table(self, name: str) -> InputTable:
        """Return the table, called `name`."""
        facts = (self.is_whole, self.repeated, self.described)
        return InputTable(name, name, self.rows, self.rows, *facts, secret=self.secret)


class Done(NamedTuple):
    """A step that this job did, with the seconds that it took."""

    step: Step
    table: InputTable
    report: Report
    seconds: float


@dataclass(frozen=True)
class Reuse:
    """The steps of a job that stand in for work, by their output, and those that it did itself.

    `work` names those that stand in: what it was asked for, or none.
    """

    database: Database
    folder: Path
    work: Work
    cached_tables: Mapping[str, tuple[InputTable, Report]]
    done: list[Done] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def did(self, step: Step, table: InputTable, report: Report, began: float) -> None:
        """Note a step that began then; what is added to its report later is not the step's."""
        self.done.append(Done(step, table, dict(report), time.perf_counter() - began))

    def leave(self, needs_source: Callable[[Step], bool]) -> list[Report]:
        """Write what later jobs may take over, as LeftStep has it; nothing when nothing was long.

        `needs_source` says whether who has a step's table needs what it was made of, too. What does
        not work here is no fault of the job: nothing is left.
        """
        if time.perf_counter() - self.began > self.work.keeping.within_seconds:
            return []
        with suppress(duckdb.Error, OSError, MemoryError):
            left = list(self._all_left(needs_source))
            return (
                [left_step.model_dump() for left_step in left]
                if any(left_step.table for left_step in left)
                else []
            )
        return []

    def _all_left(self, needs_source: Callable[[Step], bool]) -> Iterator[LeftStep]:
        bytes_left = self.work.keeping.most_bytes
        for done in self.done:
            if key := self.work.keeping.keys.get(done.step.output):
                table = self._written(done, key, bytes_left)
                bytes_left -= table.stat().st_size if table else 0
                needed = bool(table) and needs_source(done.step)
                yield self._left(done, key, table).model_copy(update={"needs_source": needed})

    def _written(self, done: Done, key: str, most_bytes: int) -> Path | None:
        """Return the table of a step that took long, unless it was made as it was read."""
        name, path = done.step.output, self._path(done, "parquet")
        if done.seconds < self.work.keeping.from_seconds or not self._is_table(name):
            return None
        kinds = columns(self.database, name)
        chosen = ", ".join(
            f"CAST({quoted(column)} AS {_STORED.get(kind, kind)}) AS {quoted(column)}"
            for column, kind in kinds.items()
        )
        path_literal, options = literal(str(path)), "FORMAT parquet, COMPRESSION zstd"
        options += f", KV_METADATA {{datalab_step: {literal(key)}}}"
        with suppress(duckdb.Error, OSError):
            self.database.execute(
                f"COPY (SELECT {chosen} FROM {quoted(name)}) TO {path_literal} ({options})"
            )
            if self._is_faithful(kinds, path_literal) and path.stat().st_size <= most_bytes:
                return path
        path.unlink(missing_ok=True)
        return None

    def _is_faithful(self, kinds: Mapping[str, str], path_literal: str) -> bool:
        """Return whether a file has the types that were to be written."""
        read = self.database.execute(f"DESCRIBE FROM read_parquet({path_literal})").fetchall()
        stored = {str(row[0]): str(row[1]) for row in read}
        return stored == {name: _STORED.get(kind, kind) for name, kind in kinds.items()}

    def _left(self, done: Done, key: str, table: Path | None) -> LeftStep:
        facts = StepFacts(
            key=key,
            report=done.report,
            types=columns(self.database, done.step.output),
            rows=done.table.rows,
            is_whole=done.table.is_whole,
            repeated=dict(done.table.repeated),
            described=dict(done.table.described),
            secret=dict(done.table.secret),
        )
        path = self._path(done, "json")
        path.write_text(facts.model_dump_json())
        return LeftStep(
            output=done.step.output,
            facts=f"out/{path.name}",
            table=f"out/{table.name}" if table else "",
        )

    def _path(self, done: Done, suffix: str) -> Path:
        number = self.work.steps.index(done.step)
        return self.folder / "out" / f"step-{number}.{suffix}"

    def _is_table(self, name: str) -> bool:
        rows = self.database.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [name]
        ).fetchall()
        return bool(rows[0][0])


def taken_over(database: Database, folder: Path, work: Work) -> Reuse:
    """Return the steps of `work` that need not be done, in the database.

    None at all when one of them cannot be read: others may have been chosen because of it.
    """
    try:
        cached_tables = {
            name: _loaded(database, folder, name, cached) for name, cached in work.cached.items()
        }
        return Reuse(database, folder, work, cached_tables)
    except (OSError, ValidationError, duckdb.Error):
        for name in work.cached:
            database.execute(f"DROP VIEW IF EXISTS {quoted(name)}")
        return Reuse(database, folder, work.model_copy(update={"cached": {}}), {})


def _loaded(
    database: Database, folder: Path, name: str, cached: CachedStep
) -> tuple[InputTable, Report]:
    facts = StepFacts.model_validate_json((folder / cached.facts).read_bytes())
    if cached.table:
        read = f"read_parquet({literal(str(folder / cached.table))})"
        chosen = ", ".join(
            f"CAST({quoted(column)} AS {kind}) AS {quoted(column)}"
            for column, kind in facts.types.items()
        )
        database.execute(f"CREATE VIEW {quoted(name)} AS SELECT {chosen} FROM {read}")
    origin = {"step": name, "job_id": cached.job_id, "day": cached.day}
    return facts.table(name), facts.report | {"reused": origin}
