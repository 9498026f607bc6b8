"""Noise beside who knows everybody else: how often the better guess is right."""

import numpy as np
import pytest

from shared.engine.contract.guessing import budget_of
from shared.engine.protection.noise import STEPS, table_scales, with_noise

DRAWS = 1500
TABLES = (1, 2, 3, 6)


@pytest.mark.parametrize(("percent", "most_rows"), [(70, 1), (70, 3), (90, 1)])
def test_better_guess_is_right_as_often_as_the_owner_said(percent: int, most_rows: int) -> None:
    """Of who sees the noise of all tables before it is evened out, and compares both likelihoods.

    The unit's rows are all in one cell of each table, or all in another: the worst case. What is
    more than the per cent is chance: less than four standard deviations.
    """
    rho = budget_of(percent)
    scales = table_scales(TABLES, rho, most_rows)
    random = np.random.default_rng(3)
    right = 0
    for _ in range(DRAWS):
        is_first = bool(random.integers(2))
        steps = [np.zeros(cells, np.int64) for cells in TABLES]
        for table in steps:
            table[0 if is_first else -1] += most_rows * STEPS
        evidence = sum(
            (table[0] - table[-1]) / scale**2
            for table, scale in zip(with_noise(steps, rho, most_rows), scales, strict=True)
        )
        right += (evidence > 0) == is_first
    share, chance = right / DRAWS, (percent / 100 * (1 - percent / 100) / DRAWS) ** 0.5
    assert share <= percent / 100 + 4 * chance
    # The table of one cell has the same in both cases: its part of the budget is not used.
    assert share >= percent / 100 - 0.06


def test_noise_is_as_large_as_it_is_said_to_be() -> None:
    """In caps, whatever the steps are."""
    (scale,) = table_scales([4000], 0.5, 2)
    (noisy,) = with_noise([np.full(4000, 5 * STEPS)], 0.5, 2)
    assert scale == pytest.approx(2 / 0.5**0.5)
    assert noisy.std() == pytest.approx(scale, rel=0.06)
    assert noisy.mean() == pytest.approx(5, abs=5 * scale / 4000**0.5)
