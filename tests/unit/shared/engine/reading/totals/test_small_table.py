"""Rows that are marked alike are totals where they sum the others."""

import pytest

from shared.engine.reading.totals.small_table import set_sums


@pytest.mark.parametrize(
    ("marked", "others", "count", "gaps", "is_total"),
    [
        (100, 100, 1, False, True),
        (200, 100, 4, False, True),
        (200, 100, 1, False, False),
        (100.05, 100, 1, False, True),
        (104, 100, 1, False, False),
        (104, 100, 1, True, True),
        (96, 100, 1, True, False),
        (0, 0, 1, False, False),
        (-100, 100, 1, False, False),
    ],
)
def test_marked_rows_sum_the_others_once_or_by_levels(
    marked: float, others: float, count: int, *, gaps: bool, is_total: bool
) -> None:
    """Sub-totals with their total sum all twice; where cells are secret the others show less."""
    assert set_sums(marked, others, count, has_gaps=gaps) is is_total
