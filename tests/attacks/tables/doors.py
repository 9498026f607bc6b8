"""Where attackers meet protected tables: those that are published, and treatments they answer.

A treatment that is no sum of their cells waits for a reviewer, and its holder sees no more than
that, whatever is in the data.
"""

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from shared.engine.analysis.answers import UnansweredError, answering_steps
from shared.engine.analysis.known_tables import KnownColumn, KnownTable
from shared.engine.contract.policy import MadeTables, ReleasePolicy
from shared.engine.contract.work import Work
from shared.engine.database import Database, quoted
from shared.engine.protection.noisy_tables import make_noisy_tables
from shared.engine.protection.protected_tables import make_protected_tables
from shared.engine.running.__main__ import main
from shared.errors import Invalid
from shared.events.event import Step
from tests.attacks.adapter import as_parquet, described_columns, seen_in
from tests.attacks.lab import Ledger, Seen, Table, Treatment

WAITING = Seen(error="attend un relecteur")
"""All that a holder sees of a treatment that protected tables do not answer."""

_MEMORY_BYTES = 1_000_000_000


class Made(NamedTuple):
    """Protected tables: what everybody knows of them, their rows, and these as a table of texts."""

    facts: MadeTables
    rows: Sequence[Mapping[str, Any]]
    table: Table


@lru_cache(maxsize=4)
def made(table: Table, policy: ReleasePolicy) -> Made | None:
    """Make the protected tables of a restricted table, once; None where there can be none."""
    columns = {name: pa.array(cells, pa.string()) for name, cells in table.cells.items()}
    database: Database = duckdb.connect()
    with database:
        database.register("rows", pa.table(columns))
        described = described_columns(table)
        make = make_noisy_tables if policy.is_noisy else make_protected_tables
        try:
            tables = make(database, "rows", described, policy, lambda *_: None)
        except Invalid:
            return None
        written = database.table(quoted(tables.name))
        texts = written.project("COLUMNS(*)::VARCHAR").to_arrow_table().to_pydict()
        rows = written.to_arrow_table().to_pylist()
    return Made(tables.facts, rows, Table(texts, dataset_id=f"{table.dataset_id}_tableaux"))


def published(table: Table, policy: ReleasePolicy) -> Seen:
    """Return what everybody reads: all tables, and the facts of how they were made."""
    tables = made(table, policy)
    if tables is None:
        return Seen()
    return Seen(tables.rows, [tables.facts.model_dump(mode="json"), {"dit": tables.facts.summary}])


def ask(
    treatment: Treatment,
    policy: ReleasePolicy,
    others: Mapping[str, ReleasePolicy] = MappingProxyType({}),
) -> Seen:
    """Answer a treatment by the tables of its restricted ones, as their owner's policy has them.

    `others` are policies of inputs that are another owner's.
    """
    steps = tuple(Step.model_validate(step) for step in treatment.steps)
    known = {
        name: _known(table, others.get(name, policy))
        for name, table in treatment.tables.items()
        if table.is_restricted
    }
    columns: dict[str, tuple[str, ...] | None] = {
        name: tuple(table.cells) for name, table in treatment.tables.items()
    }
    try:
        answer = answering_steps(steps, known, columns)
    except UnansweredError:
        return WAITING
    except Invalid as error:
        return Seen(error=str(error))
    tables = {
        name: _read(table, others.get(name, policy)) for name, table in treatment.tables.items()
    }
    return _run(answer, tables)


def _known(table: Table, policy: ReleasePolicy) -> KnownTable:
    tables = made(table, policy)
    columns = tuple(map(KnownColumn.of, described_columns(table)))
    return KnownTable(
        dataset_id=f"{table.dataset_id} {table.version}",
        columns=columns,
        is_restricted=True,
        facts=tables and tables.facts,
    ).without_counts()


def _read(table: Table, policy: ReleasePolicy) -> Table:
    """Return the table that a job reads: of restricted data its protected tables."""
    tables = made(table, policy) if table.is_restricted else None
    return tables.table if tables else table


def _run(steps: Sequence[Step], tables: Mapping[str, Table]) -> Seen:
    with TemporaryDirectory(prefix="datalab-attack-") as home:
        folder = Path(home)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        paths = {name: f"in/{number}" for number, name in enumerate(tables)}
        for name, table in tables.items():
            (folder / paths[name]).write_bytes(as_parquet(table.cells))
        described = {name: described_columns(table) for name, table in tables.items()}
        work = Work(kind="full", inputs=paths, steps=tuple(steps), described=described)
        (folder / "job.json").write_text(work.model_dump_json())
        with redirect_stdout(io.StringIO()) as log:
            main(folder, _MEMORY_BYTES)
        return replace(seen_in(folder, Ledger()), log=log.getvalue())
