"""What the values of a key column lead to by crosswalks, for joins with columns of other kinds."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from services.compute.runner.crosswalks import lead
from shared.crosswalks import CROSSWALKS, Cost, Crosswalk

_ENOUGH = 0.9
"""Share of the values that must lead somewhere: a few companies among many may be communes."""

Counted = Sequence[tuple[str, int]]
"""Distinct values and the rows of each, in order."""


class Projection(NamedTuple):
    """Where values lead; `rows` are those with a value that leads somewhere."""

    crosswalk: Crosswalk
    cost: Cost
    rows: int
    counted: Counted


def projections(kind: str, counted: Counted) -> Iterator[Projection]:
    """The projections of a column of that kind that tell more than its own values do."""
    values = pa.array([value for value, _ in counted], pa.string())
    counts = np.array([rows for _, rows in counted], np.int64)
    for crosswalk in CROSSWALKS.values():
        if crosswalk.source != kind:
            continue
        at, targets = lead(crosswalk.name, values)
        led = np.unique(at)
        if len(led) < _ENOUGH * len(values) or targets.equals(values):
            continue
        rows = pa.table({"target": targets, "rows": counts[at]})
        summed = rows.group_by("target").aggregate([("rows", "sum")]).sort_by("target")
        pairs = zip(*(summed[name].to_pylist() for name in ("target", "rows_sum")), strict=True)
        cost = Cost.of(multiplies=len(targets) > len(led), merges=len(targets) > len(summed))
        yield Projection(crosswalk, cost, int(counts[led].sum()), list(pairs))
