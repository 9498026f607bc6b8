"""How well one unit can be guessed from noisy tables: an owner's per cent, as a budget in zCDP.

The guesser knows the rows of everybody else, and that one unit's rows are one of two cases, as
likely as each other: it is there or not, or in this class or that. Who always takes the likelier
case is right in (1 + TV) / 2 of all draws, where TV is the total variation between what is
published in the one case and in the other, and nobody does better (Neyman and Pearson 1933).

Gaussian noise of standard deviation s on figures of which a unit changes d (Euclidean) is rho-zCDP
with rho = d² / 2s² (Bun and Steinke 2016, proposition 1.6). To tell both cases apart is to tell
N(0, 1) from N(mu, 1) with mu = d / s = sqrt(2 rho), so that TV = 2 Φ(mu / 2) - 1 and

    share of right guesses = Φ(mu / 2) = Φ(sqrt(rho / 2)).

Several noisy figures are one Gaussian of several dimensions, whose mu² add up (Dong, Roth and Su
2022, corollary 3.3): so do their rho. Whatever is computed from them tells no more.

Discrete Gaussian noise has the same rho (Canonne, Kamath and Steinke 2020, theorem 4). Its TV for
d steps in one figure is P[-d/2 < Z <= d/2] (theorem 7, epsilon 0): the sum of d values of its
density where the integral is 2 Φ(mu / 2) - 1. They differ by less than 1 / s in share, s in steps;
at the 2^20 steps of a unit that shared.engine.protection.noise has, that is below 0.000003.
"""

from math import sqrt
from statistics import NormalDist

LEAST_PERCENT, MOST_PERCENT = 51, 95
_NORMAL = NormalDist()


def budget_of(guess_percent: float) -> float:
    """Return the rho with which at most so many per cent of guesses are right, above 50."""
    return float(2 * _NORMAL.inv_cdf(guess_percent / 100) ** 2)


def guess_percent_of(rho: float) -> float:
    """Return how many per cent of guesses are right at most, with so much spent in all."""
    return 100 * _NORMAL.cdf(sqrt(rho / 2))
