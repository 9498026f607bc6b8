"""The noise of protected tables that show all of their cells, each slightly wrong.

Two data sets are neighbours when they differ in one unit: in whether it is there, or in any of its
rows. At most `most_rows` rows of a unit count, and each adds one to a cell of each table, or at
most the cap of a measure. So in one table that unit moves a figure by at most N = most_rows times
the cap out of one cell and into another: sqrt(2) N caps (Euclidean), where N rows in a single cell
are the worst case. The budget of an edition is that of shared.engine.contract.guessing, summed over
all figures and tables. Each figure has an equal share of it.

All tables have noise of their own, and are then made to add up: that gave smaller errors of counts
by two dimensions than noise on the finest tables alone, and shares of the budget in proportion to
cells^(2/3) smaller ones than to cells^0, cells^(1/3) and cells^(1/2).

Amounts are whole steps of a 2^20th of their cap, so that the noise is the exact discrete Gaussian
of OpenDP, drawn without floating-point numbers (Mironov 2012 tells why that matters).
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from shared.engine.protection.lattice import Amounts, Ids

STEPS = 1 << 20
"""Of the cap of a figure."""

_POWER = 2 / 3


def table_scales(cells: Sequence[int], rho: float, most_rows: int) -> Amounts:
    """Return the standard deviation of the noise on a figure in tables of so many cells, in caps.

    `rho` is what the figure may spend in all of them together.
    """
    shares = np.array(cells, np.float64) ** _POWER
    scales: Amounts = most_rows / np.sqrt(rho * shares / shares.sum())
    return scales


def with_noise(steps: Sequence[Ids], rho: float, most_rows: int) -> list[Amounts]:
    """Return a figure of each of these tables, given in steps, with noise, in caps.

    Raises RuntimeError where OpenDP counts that more than `rho` would be spent.
    """
    # Loaded where noise is drawn alone: that takes seconds.
    from opendp.domains import atom_domain, vector_domain  # noqa: PLC0415
    from opendp.measurements import make_gaussian  # noqa: PLC0415
    from opendp.metrics import l2_distance  # noqa: PLC0415
    from opendp.mod import enable_features  # noqa: PLC0415

    enable_features("contrib")
    whole_numbers, distance = vector_domain(atom_domain(T="i64")), l2_distance(T=float)
    most_moved, spent, noisy = sqrt(2) * most_rows * STEPS, 0.0, []
    scales = table_scales([len(table) for table in steps], rho, most_rows)
    for table, scale in zip(steps, scales.tolist(), strict=True):
        measurement = make_gaussian(whole_numbers, distance, scale=scale * STEPS)
        spent += measurement.map(most_moved)
        noisy.append(np.array(measurement(table.tolist()), np.float64) / STEPS)
    if spent > rho * (1 + 1e-9):
        raise RuntimeError(f"{spent} spent of {rho}")
    return noisy
