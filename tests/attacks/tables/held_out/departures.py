"""Who left a list that is renewed each month: what was true of that person."""

from collections.abc import Sequence
from random import Random

from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.months import monthly
from tests.attacks.tables.towns import policy

_DIMENSIONS = (
    {"column": "commune", "levels": ["epci", "commune"], "values": ["14"]},
    {"column": "rsa", "levels": ["value"], "values": ["oui", "non"]},
)


def _who_left(random: Random) -> Sequence[Trial]:
    """In one of the 24 months, each of which leaves with its share of a year's noise."""
    noisy = policy(method="noise", editions_a_year=12, dimensions=_DIMENSIONS)
    return monthly(random, noisy, leaves=True)


ATTACKS = (
    Attack("monthly_departures", "the aid of one who left", _who_left, 2, 2, 4, is_long=True),
)
