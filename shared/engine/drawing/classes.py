"""Parts values into classes, for colours: by quantiles or by bounds that somebody chose."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from shared.engine.drawing.french_labels import french_number

_MOST_DIGITS = 12


class Classes(NamedTuple):
    """Classes from each bound up to the next, in ascending order; one more than bounds."""

    bounds: tuple[float, ...]
    digits: int

    def of(self, value: float) -> int:
        """Return the number of a value's class, from 0."""
        return bisect_right(self.bounds, value)

    def labels(self, unit: str = "") -> list[str]:
        """Return the texts beside the classes' colours."""
        if not self.bounds:
            return ["toutes les valeurs"]
        bounds = [french_number(bound, digits=self.digits) for bound in self.bounds]
        between = [f"{low} à moins de {high}" for low, high in pairwise(bounds)]
        after = f"\u00a0{unit}" if unit else ""
        labels = [f"moins de {bounds[0]}", *between, f"{bounds[-1]} et plus"]
        return [f"{label}{after}" for label in labels]


def quantiles(values: Sequence[float], number: int) -> Classes:
    """Make at most `number` classes with about as many values each, and readable bounds.

    Fewer where values repeat so often that two bounds would be one.
    """
    distinct = sorted(set(values))
    if len(distinct) < 2:  # noqa: PLR2004 - nothing to part
        return Classes((), 0)
    shares = np.linspace(0, 1, number + 1)[1:-1]
    bounds = np.quantile(np.array(values, float), shares)
    steps = [float(step) for step in np.diff(bounds) if step > 0]
    gap = min(steps, default=distinct[-1] - distinct[0])
    digits = min(_MOST_DIGITS, max(0, 1 - math.floor(math.log10(gap))))
    digits = 0 if all(value == int(value) for value in distinct) else digits
    rounded = sorted({round(float(bound), digits) for bound in bounds})
    kept = [bound for bound in rounded if distinct[0] < bound <= distinct[-1]]
    return Classes(tuple(kept), digits)


def classes_between(bounds: Sequence[float]) -> Classes:
    """Make the classes between chosen bounds."""
    written = (f"{bound:.10f}".rstrip("0").partition(".")[2] for bound in bounds)
    return Classes(tuple(bounds), max((len(digits) for digits in written), default=0))
