"""Which cells of a lattice to hide, so that none of too few units follows from those shown.

The primary rules look at one cell: too few units; of sums also dominance, the p % rule (Hundepool
et al. 2012, « Statistical Disclosure Control », 4.2) and all of a group in one class. Then each
split is looked at: the parts that are hidden in it together have the value that its parent leaves.
"""

import numpy as np

from shared.engine.protection.lattice import Amounts, Flags, Ids, Lattice, Measure

DOMINANCE = 0.85
P = 0.10
_ALIKE = 1 - 1e-9


def are_enough(units: Ids, measure: Measure | None, minimum: int) -> Flags:
    """Return which groups are of enough units, none of which has or can tell most of a measure."""
    if measure is None:
        return units >= minimum
    total, largest, second = measure.total, measure.largest, measure.second
    dominated = (total > 0) & (largest >= DOMINANCE * total)
    close = (largest > 0) & (total - largest - second < P * largest)
    alike = total >= measure.units * largest * _ALIKE
    # Of few who have a part of it, or of nobody, the sum tells of all others that they have none.
    return (units >= minimum) & (measure.units >= minimum) & ~dominated & ~close & ~alike


class Hiding:
    """Hides cells of a lattice for the counts of units, or for a measure besides."""

    def __init__(
        self,
        lattice: Lattice,
        minimum: int,
        measure: Measure | None = None,
        hidden: Flags | None = None,
    ) -> None:
        self.lattice, self._minimum, self._measure = lattice, minimum, measure
        self.primary = self._primary()
        self.hidden = self.primary.copy() if hidden is None else self.primary | hidden
        weight = lattice.units if measure is None else measure.total
        # A part of nobody is hidden only where no other is left.
        self._weight = np.where(lattice.units > 0, weight, np.inf)

    def settle(self) -> None:
        """Hide parts until each split keeps what it hides, and all parts of a hidden cell."""
        while True:
            hidden_in = self.lattice.part[self.hidden[self.lattice.parent[self.lattice.split]]]
            before = self.hidden.sum()
            self.hidden[hidden_in] = True
            if self.hidden.sum() > before:
                continue
            chosen = self._next()
            if not len(chosen):
                return
            self.hidden[chosen] = True

    def _primary(self) -> Flags:
        lattice, measure = self.lattice, self._measure
        hidden = (lattice.units > 0) & ~are_enough(lattice.units, measure, self._minimum)
        alike = lattice.tells[lattice.split] & (
            lattice.units[lattice.part] == lattice.units[lattice.parent[lattice.split]]
        )
        hidden[lattice.part[alike]] |= lattice.units[lattice.part[alike]] > 0
        return hidden

    def _next(self) -> Ids:
        """Return the parts to hide now, one of each split that gives away what it hides."""
        lattice = self.lattice
        part_hidden = self.hidden[lattice.part]
        number = np.bincount(lattice.split[part_hidden], minlength=len(lattice.parent))
        parent_hidden = self.hidden[lattice.parent]
        is_disclosed = (
            ~parent_hidden & (number > 0) & ~are_enough(*self._behind(part_hidden), self._minimum)
        )
        # Of one hidden part alone the parent leaves the value.
        alone = ~parent_hidden & (number == 1)
        chosen = self._smallest_shown(is_disclosed | alone)
        # Where no part is left to hide, a part alone is all of its parent.
        whole = alone & (lattice.parts_of_split == 1)
        return np.unique(np.concatenate([chosen, lattice.parent[whole]]))

    def _smallest_shown(self, splits: Flags) -> Ids:
        """Return of each of these splits the smallest part that is shown, if any is."""
        lattice = self.lattice
        at = np.flatnonzero(splits[lattice.split] & ~self.hidden[lattice.part])
        order = np.lexsort((lattice.part[at], self._weight[lattice.part[at]], lattice.split[at]))
        at = at[order]
        _, first = np.unique(lattice.split[at], return_index=True)
        return np.unique(lattice.part[at[first]])

    def _behind(self, chosen: Flags) -> tuple[Ids, Measure | None]:
        """Return the units, and the measure, of the chosen parts of each split together."""
        lattice, splits = self.lattice, len(self.lattice.parent)
        parts, split = lattice.part[chosen], lattice.split[chosen]
        units = self._united(lattice.units[parts], split)
        if self._measure is None:
            return units, None
        giving = self._united(self._measure.units[parts], split)
        total = self._summed(self._measure.total[parts], split)
        if lattice.units_repeat:
            # The largest of all has no more than the largest of each.
            largest = self._summed(self._measure.largest[parts], split)
            second = self._summed(self._measure.second[parts], split)
        else:
            largest, second = _two_largest(self._measure, parts, split, splits)
        return units, Measure(giving, total, largest, second)

    def _summed(self, amounts: Amounts, split: Ids) -> Amounts:
        return np.bincount(split, amounts, len(self.lattice.parent)).astype(np.float64)

    def _united(self, units: Ids, split: Ids) -> Ids:
        """Return how many units parts have together, by split: at least so many, if some repeat."""
        united = np.zeros(len(self.lattice.parent), np.int64)
        (np.maximum if self.lattice.units_repeat else np.add).at(united, split, units)
        return united


def _two_largest(measure: Measure, parts: Ids, split: Ids, splits: int) -> tuple[Amounts, Amounts]:
    values = np.concatenate([measure.largest[parts], measure.second[parts]])
    groups = np.concatenate([split, split])
    order = np.lexsort((-values, groups))
    values, groups = values[order], groups[order]
    place = np.arange(len(groups)) - np.searchsorted(groups, groups)
    largest, second = np.zeros(splits), np.zeros(splits)
    largest[groups[place == 0]] = values[place == 0]
    second[groups[place == 1]] = values[place == 1]
    return largest, second
