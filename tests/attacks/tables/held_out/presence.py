"""Is this person there? By what there is a row of, and by facts about tables."""

from collections.abc import Sequence
from random import Random

from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.doors import published
from tests.attacks.tables.equations import pattern
from tests.attacks.tables.towns import (
    Inhabitant,
    Target,
    communes,
    epci_of,
    inhabitant,
    inhabitants,
    one_woman,
    policy,
    restricted,
    world_of,
)
from tests.attacks.worlds import coin, person_ids

_BY_SEX = policy("commune", "sexe", "rsa")


def _hamlets(random: Random) -> Sequence[Trial]:
    """Whether one lives in a commune where nobody else does."""
    rows, truths, places = list[Inhabitant](), dict[str, str](), communes(24)
    for number, place in enumerate(places):
        if number % 2:
            truths[place] = coin(random)
            rows += inhabitants(random, int(truths[place] == "yes"), place)
        else:
            rows += inhabitants(random, 45 + random.randrange(9), place)
    seen = published(restricted(random, rows), policy("commune", "rsa"))
    return [Trial(truth, {**pattern(seen.rows, place)}) for place, truth in truths.items()]


def _all_there(random: Random) -> Sequence[Trial]:
    """Whether the last of a group of fourteen lives where the other thirteen do."""
    places, trials = communes(24, 8), list[Trial]()
    rows, targets = list[Inhabitant](), list[Target]()
    for at in range(0, len(places), 3):
        home, other, truth = places[at], places[at + 1], coin(random)
        for place in places[at : at + 3]:
            rows += inhabitants(random, 45 + random.randrange(9), place, sexe="H")
            rows += inhabitants(random, 15 + random.randrange(9), place, sexe="F", rsa="non")
        rows += inhabitants(random, 13, home, sexe="F", rsa="oui")
        (identifier,) = person_ids(random, 1)
        where = home if truth == "yes" else other
        targets.append(Target(truth, inhabitant(random, identifier, where, sexe="F", rsa="oui")))
    seen = published(world_of(random, rows, targets).table, _BY_SEX)
    for at, target in zip(range(0, len(places), 3), targets, strict=True):
        counts = {
            f"{row.get('commune') == places[at]} {row.get('commune') is None}": str(row["nombre"])
            for row in seen.rows
            if (row["sexe"], row["rsa"]) == ("F", "oui") and row.get("epci") == epci_of(places[at])
        }
        trials.append(Trial(target.truth, counts))
    return trials


def _missing(random: Random) -> Sequence[Trial]:
    """Whether one has no amount, where everybody else has."""
    truth, rows = one_woman(random, montant=("350", ""))
    seen = published(restricted(random, rows), policy("commune", "rsa", has_sums=True))
    return [Trial(truth, {"facts": seen.reports[0]["full_measures"] != []})]


def _twice(random: Random) -> Sequence[Trial]:
    """Whether one has two rows, where everybody else has one."""
    truth, rows = one_woman(random)
    repeated = policy("commune", "sexe", "rsa", units_repeat=True)
    seen = published(restricted(random, [*rows, *rows[-1:] * (truth == "yes")]), repeated)
    return [Trial(truth, {"facts": seen.reports[0]["has_repeated_units"]})]


ATTACKS = (
    Attack("alone_in_a_commune", "whether one is there", _hamlets, 2, 3, 6),
    Attack("fourteen_of_one_commune", "where one of fourteen lives", _all_there, 2, 4, 8),
    Attack("amount_of_all", "whether one has an amount", _missing, 2, 10, 64),
    Attack("rows_of_all", "whether one has two rows", _twice, 2, 10, 64),
)
