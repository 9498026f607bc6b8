"""What rows add up to whatever their order: by key, by group, or by shards of a table.

Millions of rows have thousands of keys: what is added up beside each needs no row that is crossed.
"""

from collections.abc import Collection, Iterator, Mapping

from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.database import filled, quoted
from shared.engine.running.steps.workbench import (
    WHOLE,
    WHOLE_TYPES,
    Figure,
    Figures,
    Workbench,
    whole_number,
)

_MOST = 20
"""Figures that are kept of each group of rows: there may be as many groups as rows."""

_TEMPORAL = ("date", "datetime", "month")


def exact_figures(workbench: Workbench, role: str, parameters: AggregateParameters) -> Figures:
    """Return the figures of a role's rows that all those of an aggregation are made of.

    None where one is of anything else than whole numbers and rows: the sums of others differ by
    the order of what is summed.
    """
    others = (
        parameters.times
        or parameters.distinct
        or parameters.medians
        or parameters.quantiles
        or parameters.weighted_means
    )
    if others:
        return ()
    columns = workbench.columns(role)
    counted = {name: workbench.counted(role, name) for name in parameters.counts if name in columns}
    summed = {*parameters.sums, *parameters.means, *parameters.mins, *parameters.maxs}
    whole = _whole(workbench, role, summed)
    figures = tuple(dict.fromkeys(_figures(parameters, counted, whole)))
    return () if None in figures or len(figures) > _MOST else tuple(filter(None, figures))


def _whole(workbench: Workbench, role: str, names: Collection[str]) -> dict[str, str]:
    """Return those of the columns that hold whole numbers alone, by type or as texts, in SQL."""
    kinds = {name: kind for name, kind in workbench.columns(role).items() if name in names}
    texts = [
        name
        for name, kind in kinds.items()
        if kind == "VARCHAR" and not _is_temporal(workbench, role, name)
    ]
    # Who added the rows up looked at each of them.
    if texts and not workbench.is_added_up(role):
        tests = (f"bool_and(regexp_full_match({filled(column)}, '{WHOLE}'))" for column in texts)
        table = quoted(workbench.tables[role].whole)
        (row,) = workbench.rows(f"SELECT {', '.join(tests)} FROM {table}")
        texts = [name for name, is_whole in zip(texts, row, strict=True) if is_whole is not False]
    return {
        name: whole_number(name, kind)
        for name, kind in kinds.items()
        if kind in WHOLE_TYPES or name in texts
    }


def _is_temporal(workbench: Workbench, role: str, name: str) -> bool:
    """Return whether a text is a day, a moment or a month: 20240131 is no number."""
    profile = workbench.tables[role].described.get(name)
    return profile is not None and profile.type in _TEMPORAL


def _figures(
    parameters: AggregateParameters, counted: Mapping[str, str], whole: Mapping[str, str]
) -> Iterator[Figure | None]:
    """Yield every figure that is needed; None for one that is not exact."""
    yield Figure("count", "*")
    for name in parameters.counts:
        yield Figure("count", counted[name]) if name in counted else None
    for names, functions in (
        (parameters.sums, ("sum",)),
        (parameters.means, ("sum", "count")),
        (parameters.mins, ("min",)),
        (parameters.maxs, ("max",)),
    ):
        for name in names:
            for function in functions:
                yield Figure(function, whole[name]) if name in whole else None
