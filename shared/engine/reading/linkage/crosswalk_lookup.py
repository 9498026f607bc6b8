"""Leads the keys of a table through crosswalks, as the sandbox has them: columns of Arrow."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from shared.engine.codes import crosswalk_lookup as lookup
from shared.engine.reading.columns.cog import code_array
from shared.engine.reading.values.value_tests import Texts
from shared.engine.tables.crosswalks import CROSSWALKS, Cost, Crosswalk

MappedKeys: TypeAlias = tuple[Any, Any]
"""Positions in the values and the key that each leads to, as Arrow; see `shared.engine.codes`."""


def map_keys(name: str, values: Texts) -> MappedKeys:
    """Map `values` (Arrow strings) through the crosswalk of that name."""
    at, targets = lookup.map_keys(name, code_array(values))
    return pa.array(at), pa.array(targets, pa.binary()).cast(pa.string())


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
    """Yield the projections of a column of that kind that tell more than its own values do."""
    values = pa.array([value for value, _ in counted], pa.string())
    counts = np.array([rows for _, rows in counted], np.int64)
    for crosswalk in CROSSWALKS.values():
        if crosswalk.source != kind:
            continue
        at, targets = map_keys(crosswalk.name, values)
        led = np.unique(at)
        if len(led) < _ENOUGH * len(values) or targets.equals(values):
            continue
        rows = pa.table({"target": targets, "rows": counts[at]})
        summed = rows.group_by("target").aggregate([("rows", "sum")]).sort_by("target")
        pairs = zip(*(summed[name].to_pylist() for name in ("target", "rows_sum")), strict=True)
        cost = Cost.of(multiplies=len(targets) > len(led), merges=len(targets) > len(summed))
        yield Projection(crosswalk, cost, int(counts[led].sum()), list(pairs))
