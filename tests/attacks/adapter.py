"""The one place where attackers meet the lab: what it shows of a treatment, and of an upload.

A reviewer decides as the page advises: a result leaves with cells masked, or stays where no rule
says what to mask, and where it differs from an earlier one by few units or is of another version.

`release` does what the job and the services do between a treatment and what its holder sees: the
runner is told which inputs are protected and what left of them before; its record says whether the
result is given. Rules that stand elsewhere attach here.
"""

import io
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from services.catalog.joins.inverted_index import JoinIndex
from services.compute.jobs.model import WAITS_FOR_REVIEWER, Job
from services.compute.jobs.views import JobView
from shared.aggregate import now
from shared.engine.contract.result import EngineResult
from shared.engine.contract.work import Work
from shared.engine.reading.columns.profile import describe
from shared.engine.running.__main__ import main
from shared.engine.tables.key_file import KeyColumn, blocks_of
from shared.engine.tables.manifest import RESULT, Column, Manifest, Output
from shared.engine.tables.release import (
    PERSONS,
    EarlierCells,
    ProtectedInput,
    ReleaseDifference,
    ReleaseRecord,
)
from shared.events.event import FileRef, Step
from tests.attacks.lab import HOLDER, OWNER, Cells, Ledger, Seen, Table, Treatment
from tests.release_advice import advice_of

_MEMORY_BYTES = 1_000_000_000


def release(treatment: Treatment, ledger: Ledger) -> Seen:
    """Run a treatment as the job would, and return what its holder sees.

    What is held for a reviewer is not given, nor are its reports: the holder reads that it is held,
    the record of what was checked, and what its webhooks are told of the job's end.
    """
    with TemporaryDirectory(prefix="datalab-attack-") as home:
        folder = Path(home)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        paths = {name: f"in/{number}" for number, name in enumerate(treatment.tables)}
        for name, table in treatment.tables.items():
            (folder / paths[name]).write_bytes(as_parquet(table.cells))
        work = Work(
            kind="full",
            inputs=paths,
            steps=tuple(Step.model_validate(step) for step in treatment.steps),
            described={name: described_columns(table) for name, table in treatment.tables.items()},
            protected=_protected(folder, treatment, ledger),
        )
        (folder / "job.json").write_text(work.model_dump_json())
        with redirect_stdout(io.StringIO()) as log:
            main(folder, _MEMORY_BYTES)
        seen = seen_in(folder, ledger)
        # Of what waits the holder reads no log, either.
        return seen if seen.error == WAITS_FOR_REVIEWER else replace(seen, log=log.getvalue())


def _protected(folder: Path, treatment: Treatment, ledger: Ledger) -> dict[str, ProtectedInput]:
    """The restricted tables, with what left of all their versions before."""
    for number, (_, content, _) in enumerate(ledger.released):
        (folder / f"in/earlier{number}").write_bytes(content)
    return {
        name: ProtectedInput(
            dataset_id=table.dataset_id,
            version=table.version,
            personal=table.personal,
            unit=table.unit if table.is_unit_stated else "",
            earlier=tuple(
                EarlierCells(entry=entry, path=f"in/earlier{number}", is_masked=is_masked)
                for number, (entry, _, is_masked) in enumerate(ledger.released)
                if entry.dataset_id == table.dataset_id
            ),
        )
        for name, table in treatment.tables.items()
        if table.is_restricted
    }


@lru_cache(maxsize=8)
def described_columns(table: Table) -> tuple[Column, ...]:
    """What the columns were read to hold when the table was taken in."""
    with TemporaryDirectory(prefix="datalab-attack-") as home:
        path = Path(home) / "table.parquet"
        path.write_bytes(as_parquet(table.cells))
        database = _database()
        database.execute('CREATE OR REPLACE TABLE "table" AS FROM read_parquet(?)', [str(path)])
        return tuple(describe(database, "table", lambda _share, _message: None)[1])


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Return one for all tables that are described: to open one takes 20 ms."""
    return duckdb.connect()


def seen_in(folder: Path, ledger: Ledger) -> Seen:
    """Return what the holder sees of a job that ended in that folder."""
    written = (folder / "out" / "result.json").read_text()
    document = json.loads(written)
    if "error" in document:
        return Seen(error=document["error"])
    result = EngineResult.model_validate_json(written)
    record = result.release
    if record and _stays(record):
        return Seen(reports=_ends(folder, result), error=WAITS_FOR_REVIEWER)
    masked = result.masked
    outputs, reports = (masked or result).outputs, (masked or result).reports
    paths = {output_file.name: folder / output_file.path for output_file in result.outputs}
    if record:
        ledger.released += [
            (entry, paths[entry.file].read_bytes(), masked is not None) for entry in record.entries
        ]
    paths = {output_file.name: folder / output_file.path for output_file in outputs}
    pages = tuple(
        paths[output_file.name].read_text("utf-8", "replace")
        for output_file in outputs
        if output_file.media_type.startswith("text/") and not output_file.is_internal
    )
    rows = parquet.read_table(paths[RESULT]).to_pylist()
    return Seen(rows, reports, pages=pages)


def _stays(record: ReleaseRecord) -> bool:
    """Whether a reviewer keeps a result that has this record."""
    is_telling = any(map(_is_telling, record.differences))
    return advice_of(record) == "held" or bool(record.failure) or is_telling


def _is_telling(difference: ReleaseDifference) -> bool:
    is_other = difference.version != difference.earlier_version
    return is_other or 0 < difference.units < PERSONS


def _ends(folder: Path, result: EngineResult) -> list[dict[str, Any]]:
    """What webhooks are told of the end of a job with that result, and the job as it is shown."""
    outputs = tuple(
        Output(
            name=output_file.name,
            file=_ref((folder / output_file.path).read_bytes()),
            opaque=output_file.opaque,
        )
        for output_file in result.outputs
        if not output_file.is_internal
    )
    began = now()
    manifest = Manifest(
        job_id="job",
        kind="full",
        outputs=outputs,
        reports=result.reports,
        started=began,
        ended=began,
    )
    job = Job(id="job", kind="full", owner_id=HOLDER, lane="prj", queued_at=began)
    job.state, job.run = "running", "run"
    job.begin("run", is_protected=True)
    ref = _ref(manifest.model_dump_json().encode())
    job.succeed("run", 1, ref, outputs, result.privacy, release=result.release)
    view = JobView.of(job).for_holder(job).withholding(job.unreleased)
    fields = view.model_dump(mode="json").items()
    fields_by_name = {name: field for name, field in fields if not name.endswith("_at")}
    events = (event for event in job.recorded() if not event.for_staff)
    return [*(event.public.model_dump(mode="json") for event in events), fields_by_name]


def _ref(content: bytes) -> FileRef:
    return FileRef(sha256=sha256(content).hexdigest(), size=len(content))


def findings(upload: Sequence[str], restricted: Table, key: str = "id") -> list[dict[str, Any]]:
    """What the catalogue tells a holder of the joins of an upload of one column with that table.

    Values that are repeated stand in several rows.
    """
    index = JoinIndex()
    _put(index, "dts_depot", "id", upload)
    _put(index, "dts_restreint", key, restricted.cells[key])
    index.restrict("dts_depot", HOLDER)
    index.restrict("dts_restreint", OWNER)
    joins = index.joins("dts_depot", may_read=lambda owner: owner == HOLDER)
    return [
        {
            **join.summary_fields,
            "rows_here": join.rows_here,
            "rows_there": join.rows_there,
            "rows_joined": join.rows_joined,
        }
        for join in joins
    ]


def _put(index: JoinIndex, dataset_id: str, column: str, values: Sequence[str]) -> None:
    counts = Counter(values)
    about = KeyColumn(columns=(column,), space="identifier", rows=len(values), distinct=len(counts))
    index.replace(dataset_id, list(blocks_of(about, sorted(counts.items()))))


def as_parquet(cells: Cells) -> bytes:
    """Return a table as the file that a job gets."""
    written = io.BytesIO()
    columns = {name: pa.array(values, pa.string()) for name, values in cells.items()}
    parquet.write_table(pa.table(columns), written)
    return written.getvalue()
