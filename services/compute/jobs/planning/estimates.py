"""What a job is likely to take, told before it runs."""

from typing import Any

from services.compute.jobs.planning.placing import ReadFile, may_run_there, shards_of
from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.preview import Estimate, PlannedTreatment
from shared.engine.analysis.sharding import sharded_step
from shared.engine.applications import traits_of
from shared.engine.contract.work import Work
from shared.settings import Settings

_SECONDS, _OF_A_ROW, _OF_A_CELL = 0.3, 3.4e-8, 2.3e-7
"""What a job takes, each row that it reads, and each cell of its result.

Fitted to crossings of 500,000 to 200,000,000 rows with 35,000 that are added up, and of up to
5,000,000 that are kept (`tests.benchmarks crossing`), on a machine with 2 cores that did nothing
else: none was off by more than a tenth.
"""

_BYTES, _BYTES_OF_A_CELL = 260_000_000, 20
"""The memory of the same jobs: none was off by more than a quarter."""

_STARTS_THERE = 0.7
"""Seconds that an engine needs on the cluster before it is as far as one that waits for jobs here
(`tests.benchmarks slurm_shards`)."""


def estimate_of(
    treatment: PlannedTreatment, inputs: KnownInputs, result: KnownTable, settings: Settings
) -> Estimate | None:
    """Estimate time and size; None where a table's size is unknown; groups count as no rows."""
    rows = {table: inputs.table(table).rows for table in treatment.inputs.values()}
    counts = [count for count in rows.values() if count is not None]
    if not treatment.steps or len(counts) < len(rows):
        return None
    is_summed = traits_of(treatment.steps[-1]).sums
    result_rows = max(counts) if result.rows is None and not is_summed else result.rows or 0
    cells = result_rows * len(result.columns or ())
    estimate = Estimate(
        seconds=_seconds(sum(counts), cells), memory_bytes=_BYTES + _BYTES_OF_A_CELL * cells
    )
    if not settings.slurm_folder:
        return estimate
    return estimate.model_copy(update=_on_cluster(treatment, inputs, cells, settings))


def _seconds(rows: float, cells: int) -> float:
    return round(_SECONDS + _OF_A_ROW * rows + _OF_A_CELL * cells, 1)


def _on_cluster(
    treatment: PlannedTreatment, inputs: KnownInputs, cells: int, settings: Settings
) -> dict[str, Any]:
    """Return what a cluster does of the job, in shards if it can, as fields of Estimate.

    Where the asker may not know the size of what it reads, neither is where it runs.
    """
    tables = [inputs.table(dataset_id) for dataset_id in {*treatment.inputs.values()}]
    files = [ReadFile(table.size, table.on_cluster) for table in tables if table.size is not None]
    if len(files) < len(tables):
        return {"executor": ""}
    if not may_run_there(treatment, files, settings):
        return {}
    there: dict[str, Any] = {"executor": "slurm"}
    shared = _shared_table(treatment, inputs)
    shards = shards_of(shared.size or 0, settings) if shared else 1
    if shared is None or shards == 1:
        return there
    others = sum(table.rows or 0 for table in tables if table is not shared)
    # Engines that each add up a shard, all at once, and then the one that goes on with the sums.
    seconds = _seconds((shared.rows or 0) / shards, 0) + _seconds(others, cells)
    return {**there, "shards": shards, "shards_seconds": round(seconds + 2 * _STARTS_THERE, 1)}


def _shared_table(treatment: PlannedTreatment, inputs: KnownInputs) -> KnownTable | None:
    """Return the table whose rows engines would share, if there is one."""
    tables = {name: inputs.table(dataset_id) for name, dataset_id in treatment.inputs.items()}
    if any(table.is_restricted for table in tables.values()):
        return None
    work = Work(
        kind="full",
        inputs={name: name for name in tables},
        total_rows={name: table.total_rows for name, table in tables.items()},
        steps=treatment.steps,
    )
    sharded = sharded_step(work)
    return tables[sharded.table] if sharded else None
