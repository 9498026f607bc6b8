"""What a job is likely to take, told before it runs."""

from typing import Any

from services.compute.jobs.planning.placing import ReadFile, may_run_there, shards_of
from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.preview import Estimate, PlannedTreatment
from shared.engine.analysis.sharding import sharded_step
from shared.engine.applications import traits_of
from shared.engine.contract.work import Work
from shared.settings import Settings

_SECONDS, _OF_A_ROW, _OF_A_CELL = 0.5, 6.3e-8, 1.8e-7
"""What a job takes, each row that it reads, and each cell of its result.

Fitted to crossings of 50,000 to 50,000,000 rows with 35,000 that are added up
(`tests.benchmarks crossing`), and of up to 5,000,000 that are kept, on a machine with 2 cores that
did nothing else: none was off by more than a fifth. Since then whole numbers are added up by key
where a crossing is only added up, which takes half the processor time at 5,000,000 rows: for these
it says too much.
"""

_BYTES, _BYTES_OF_A_CELL = 330_000_000, 17
"""The memory of the same jobs."""


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
    return {**there, "shards": shards, "shards_seconds": round(seconds, 1)}


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
