"""What left rows add up to by key, for an aggregation that alone reads their crossing."""

from shared.engine.applications.cross.application import CrossParameters
from shared.engine.database import quoted
from shared.engine.running.steps.exact_figures import exact_figures
from shared.engine.running.steps.workbench import Figure, Figures, Workbench, number

CELL = "cell"
"""What a left key, as its cells have it, is called where a shard's rows are added up by it."""


def key_sums(workbench: Workbench, parameters: CrossParameters, key: str) -> Figures:
    """Return the figures of left rows that all the next step's are made of.

    None where it adds up anything that is not exact, or by groups that rows of one `key` need not
    have in common.
    """
    summed, left = workbench.summed, workbench.columns("left")
    if (
        summed is None
        or workbench.sample_rows is not None
        or parameters.how not in ("left", "inner")
    ):
        return ()
    of_key = {parameters.left_key} if key == quoted(parameters.left_key) else set[str]()
    if (set(left) - of_key) & set(summed.by):
        return ()
    return exact_figures(workbench, "left", summed)


def weight_of(workbench: Workbench, parameters: CrossParameters) -> tuple[Figure, bool]:
    """Return what keys weigh, and whether that is a whole number."""
    if not parameters.weight:
        return Figure("count", "*"), True
    of_row, is_whole = number(workbench, "left", parameters.weight, "weight")
    return Figure("sum", f"CAST({of_row} AS HUGEINT)" if is_whole else of_row), is_whole
