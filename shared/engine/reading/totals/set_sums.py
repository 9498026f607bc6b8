"""Whether rows that are labelled alike sum, together, all the others."""

_ROUNDED = 0.001
"""What rounding explains of a sum, as a share of it."""

_SHOWN = 0.8
"""Of a sum of which some parts are secret, so much is shown at least."""

_MOST_LEVELS = 4
"""Totals of totals: each level sums all rows once more."""


def set_sums(marked: float, others: float, count: int, *, has_gaps: bool) -> bool:
    """Whether `count` marked rows, with the sum `marked`, total rows with the sum `others`.

    Where cells are missing (`has_gaps`) the others may sum to less.
    """
    if not others or not marked:
        return False
    share = marked / others
    level = round(share)
    if 1 <= level <= min(_MOST_LEVELS, count) and abs(share - level) <= _ROUNDED * level:
        return True
    return has_gaps and count == 1 and 1 < share <= 1 / _SHOWN
