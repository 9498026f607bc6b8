"""Which joins through crosswalks are worth telling: those that find more than simpler ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import Counts, Found
from shared.tables.crosswalks import CROSSWALKS

_OTHER_KIND = 2


class Ways(NamedTuple):
    """For each column of the index, how its values came to be.

    `sources` is the same number for all that was made of the same columns of a dataset; `steps` are
    those of `steps_of`.
    """

    sources: NDArray[np.uint64]
    steps: Counts


def steps_of(via: str) -> int:
    """0 for values as they are, 1 for their present codes, 2 for keys of another kind."""
    if not via:
        return 0
    crosswalk = CROSSWALKS.get(via)
    return 1 if crosswalk and crosswalk.source == crosswalk.target else _OTHER_KIND


def pruned(found: Found, ways: Ways, distinct: Counts) -> Found:
    """The pairs that are worth telling.

    Two columns that both lead to keys of another kind are none: all communes of an EPCI would meet
    one another. Of the pairs of the same two columns one stays when it finds a larger share of both
    sides than any of fewer steps.
    """
    steps = ways.steps[found.here] + ways.steps[found.there]
    sizes = np.maximum(1, distinct)
    shares = found.matches / sizes[found.here] + found.matches / sizes[found.there]
    sources = np.stack([ways.sources[found.here], ways.sources[found.there]])
    order = np.lexsort((-shares, steps, *sources))
    order = order[steps[order] < 2 * _OTHER_KIND]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(sources[:, order], axis=1) != 0).any(axis=0)
    # Ranks instead of shares, so that each group stands above the one before it, without rounding.
    ranks = np.unique(shares, return_inverse=True)[1]
    heights = ranks[order] + len(ranks) * np.cumsum(is_first)
    is_better = is_first
    is_better[1:] |= heights[1:] > np.maximum.accumulate(heights)[:-1]
    kept = np.sort(order[is_better])
    return Found(*(one[kept] for one in found))
