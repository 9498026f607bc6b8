"""Which joins are told to whom as they are, rounded, or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.catalog.joins.join import MayRead

Mask = NDArray[np.bool_]


@dataclass
class Restrictions:
    """The owner of each restricted dataset, and those of which joins by identifiers are shown."""

    owners: dict[str, str] = field(default_factory=dict)
    joins_shown: set[str] = field(default_factory=set)

    def restrict(self, dataset_id: str, owner_id: str, *, is_shown: bool) -> None:
        """Let a dataset be restricted to its owner; open when that is empty."""
        self.owners.pop(dataset_id, None)
        self.joins_shown.discard(dataset_id)
        if owner_id:
            self.owners[dataset_id] = owner_id
            if is_shown:
                self.joins_shown.add(dataset_id)

    def closed(self, may_read: MayRead) -> set[str]:
        """The datasets that one may not read."""
        owners = {owner for owner in set(self.owners.values()) if not may_read(owner)}
        return {dataset_id for dataset_id, owner in self.owners.items() if owner in owners}

    def hidden(
        self, here: str, numbers: Mapping[str, Iterable[int]], may_read: MayRead, size: int
    ) -> Mask:
        """The columns, of so many, whose joins with a dataset are not told as they are."""
        closed = self.closed(may_read)
        return np.ones(size, bool) if here in closed else _columns_of(closed, numbers, size)

    def silent(
        self, numbers: Mapping[str, Iterable[int]], may_read: MayRead, identifying: Mask
    ) -> Mask:
        """The columns of which no join is told, nor whether there is one.

        Whoever uploads a value would learn whether it is in the data: rounding only takes more
        uploads.
        """
        quiet = self.closed(may_read) - self.joins_shown
        return identifying & _columns_of(quiet, numbers, len(identifying))


def _columns_of(datasets: set[str], numbers: Mapping[str, Iterable[int]], size: int) -> Mask:
    """The mask of the columns of these datasets."""
    mask = np.zeros(size, bool)
    mask[[number for dataset_id in datasets for number in numbers.get(dataset_id, ())]] = True
    return mask
