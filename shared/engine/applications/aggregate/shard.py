"""What an aggregation needs of a shard of its rows."""

from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.running.steps.exact_figures import exact_figures
from shared.engine.running.steps.row_sums import RowSums
from shared.engine.running.steps.workbench import TABLE, Workbench


def shard(workbench: Workbench, parameters: AggregateParameters) -> RowSums | None:
    """Return the sums of rows by group; None unless all are exact."""
    groups = {name: workbench.column(TABLE, name, "by") for name in parameters.by}
    figures = exact_figures(workbench, TABLE, parameters)
    return RowSums(groups, figures) if figures else None
