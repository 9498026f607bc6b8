"""What is true of one who came or left? By the tables of versions, and of the months of a list."""

from collections.abc import Hashable, Sequence
from random import Random

from shared.engine.contract.policy import ReleasePolicy
from tests.attacks.lab import Seen
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.catalogue import Catalogue
from tests.attacks.tables.months import monthly
from tests.attacks.tables.towns import (
    ANSWER,
    Inhabitant,
    communes,
    inhabitant,
    inhabitants,
    policy,
    restricted,
)
from tests.attacks.worlds import coin, person_ids

_PLACES = 16
_BY_AID = policy("commune", "rsa", series="allocataires")


def _changed(
    random: Random, makes_another: bool, made_by: ReleasePolicy = _BY_AID
) -> Sequence[Trial]:
    """One more in each commune, in the next version or in another dataset of the series."""
    rows, more, truths = list[Inhabitant](), list[Inhabitant](), dict[str, str]()
    for place in communes(_PLACES):
        truths[place] = coin(random)
        rows += inhabitants(random, 45 + random.randrange(9), place)
        (identifier,) = person_ids(random, 1)
        more.append(inhabitant(random, identifier, place, rsa=ANSWER[truths[place]]))
    catalogue = Catalogue()
    catalogue.deposit(restricted(random, rows), made_by)
    first = catalogue.seen()
    name = "dts_aides_2" if makes_another else "dts_aides"
    later = restricted(random, [*rows, *more], dataset_id=name, version=2)
    catalogue.deposit(later, made_by)
    second = catalogue.seen()
    return [Trial(truth, _difference(first, second, place)) for place, truth in truths.items()]


def _difference(first: Seen, second: Seen, place: str) -> dict[str, Hashable]:
    """By how much the last table about a group is above the first, and what else is there."""
    features: dict[str, Hashable] = {"rows": (len(first.rows), len(second.rows))}
    for answer in ("oui", "non", "None"):
        counts = [
            row["nombre"]
            for seen in (first, second)
            for row in seen.rows
            if (str(row.get("commune")), str(row.get("rsa"))) == (place, answer)
        ]
        both = [count for count in counts if count is not None]
        features[answer] = both[-1] - both[0] if both else len(counts)
    return features


def _next_version(random: Random) -> Sequence[Trial]:
    return _changed(random, makes_another=False)


def _next_month(random: Random) -> Sequence[Trial]:
    return _changed(random, makes_another=True)


def _who_came(random: Random) -> Sequence[Trial]:
    """In one of the 24 months of a list, of which one edition a year leaves."""
    return monthly(random, policy("commune", "rsa"), leaves=False)


def _two_agreed(random: Random) -> Sequence[Trial]:
    """As often as the owner lets it."""
    return _changed(
        random, makes_another=False, made_by=policy("commune", "rsa", editions_a_year=2)
    )


ATTACKS = (
    Attack("next_version", "the aid of one who is new", _next_version, 2, 3, 4),
    Attack("next_month_of_series", "the same, of another dataset", _next_month, 2, 3, 4),
    Attack("monthly_arrivals", "the aid of one who came", _who_came, 2, 2, 4, is_long=True),
    Attack("two_editions_a_year", "the same, where its owner lets two leave", _two_agreed, 2, 3, 4),
)
