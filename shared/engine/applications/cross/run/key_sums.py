"""What left rows add up to by key, for an aggregation that alone reads their crossing.

Millions of rows have thousands of keys: what is added up beside each needs no row that is crossed.
"""

from collections.abc import Collection, Iterator, Mapping

from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.cross.application import CrossParameters
from shared.engine.database import filled, quoted
from shared.engine.running.steps.workbench import WHOLE, WHOLE_TYPES, Workbench, whole_number

_MOST = 20
"""Figures that are kept for each key: there may be as many keys as rows."""


def key_sums(workbench: Workbench, parameters: CrossParameters, key: str) -> tuple[str, ...]:
    """Return the aggregates of left rows, in SQL, that all the next step's figures are made of.

    None where it adds up anything else than whole numbers and rows, which are the same in any
    order, or by groups that rows of one `key` need not have in common.
    """
    summed, left = workbench.summed, workbench.columns("left")
    if (
        summed is None
        or workbench.sample_rows is not None
        or parameters.how not in ("left", "inner")
    ):
        return ()
    of_key = {parameters.left_key} if key == quoted(parameters.left_key) else set[str]()
    others = (
        summed.times
        or summed.distinct
        or summed.medians
        or summed.quantiles
        or summed.weighted_means
    )
    if others or (set(left) - of_key) & set(summed.by):
        return ()
    counted = {name: workbench.counted("left", name) for name in summed.counts if name in left}
    whole = _whole(workbench, {*summed.sums, *summed.means, *summed.mins, *summed.maxs})
    figures = tuple(dict.fromkeys(_figures(summed, counted, whole)))
    return figures if "" not in figures and len(figures) <= _MOST else ()


def _whole(workbench: Workbench, names: Collection[str]) -> dict[str, str]:
    """Return those of the columns that hold whole numbers alone, by type or as texts, in SQL."""
    left = {name: kind for name, kind in workbench.columns("left").items() if name in names}
    # Days are written as whole numbers, too: 20240131.
    days = [name for name in left if workbench.kind_of_value("left", name) == "day"]
    texts = [name for name, kind in left.items() if kind == "VARCHAR" and name not in days]
    if texts:
        tests = (f"bool_and(regexp_full_match({filled(column)}, '{WHOLE}'))" for column in texts)
        table = quoted(workbench.tables["left"].whole)
        (row,) = workbench.rows(f"SELECT {', '.join(tests)} FROM {table}")
        texts = [name for name, is_whole in zip(texts, row, strict=True) if is_whole is not False]
    return {
        name: whole_number(name, kind)
        for name, kind in left.items()
        if kind in WHOLE_TYPES or name in texts
    }


def _figures(
    parameters: AggregateParameters, counted: Mapping[str, str], whole: Mapping[str, str]
) -> Iterator[str]:
    """Yield every aggregate that is needed; empty for one that cannot be made by key."""
    yield "count(*)"
    for name in parameters.counts:
        yield f"count({counted[name]})" if name in counted else ""
    for names, functions in (
        (parameters.sums, ("sum",)),
        (parameters.means, ("sum", "count")),
        (parameters.mins, ("min",)),
        (parameters.maxs, ("max",)),
    ):
        for name in names:
            for function in functions:
                yield f"{function}({whole[name]})" if name in whole else ""
