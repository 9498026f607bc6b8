"""What a join tells of restricted data to those who may not read it.

Counts against restricted data would let anybody test whether a value is in it: upload that value
and look. So a join with data that one may not read is told from `STEP` values in common on, and its
counts are rounded down to multiples of it; shares come from the rounded counts. That keeps single
values and single rows from being read off; it is no perfect protection: who knows four values of
the data can test a fifth, and who asks often enough narrows down more.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import Counts, Found, Join

STEP = 5

MayRead: TypeAlias = Callable[[str], bool]
"""Whether one may read the restricted data of that owner."""

_Count = TypeVar("_Count", int, Counts)


def disclosed(found: Found, is_hidden: NDArray[np.bool_]) -> Found:
    """The pairs as they may be told; `is_hidden` tells which are with data that one may not read.

    It has one flag for each column of the index, of what is there.
    """
    of_pairs = is_hidden[found.there]
    is_told = ~of_pairs | (found.matches >= STEP)
    here, there, *counts = (one[is_told] for one in found)
    return Found(here, there, *(np.where(of_pairs[is_told], _rounded(n), n) for n in counts))


def disclosed_join(join: Join) -> Join | None:
    """A join with data that one may not read, as it may be told; None when it may not."""
    if join.matches < STEP:
        return None
    here, there, *counts = join
    return Join(here, there, *map(_rounded, counts))


def _rounded(count: _Count) -> _Count:
    return count - count % STEP
