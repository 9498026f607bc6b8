"""What a crossing needs of a shard of its left rows."""

from shared.engine.applications.cross.application import CrossParameters
from shared.engine.applications.cross.run.key_mapping import crossed_keys
from shared.engine.applications.cross.run.key_sums import CELL, key_sums, weight_of
from shared.engine.running.steps.row_sums import RowSums
from shared.engine.running.steps.workbench import Workbench


def shard(workbench: Workbench, parameters: CrossParameters) -> RowSums | None:
    """Return the sums of rows by their key, and its weight; None unless all are exact."""
    key, _ = crossed_keys(workbench, parameters)
    figures, (weight, is_whole) = (
        key_sums(workbench, parameters, key),
        weight_of(workbench, parameters),
    )
    return RowSums({CELL: key}, (*figures, weight)) if figures and is_whole else None
