"""Does anybody of this commune get aid? By the joins found of lists of communes of one's own."""

from collections.abc import Sequence
from random import Random

from tests.attacks.lab import leaves
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.catalogue import Catalogue
from tests.attacks.tables.towns import Inhabitant, communes, inhabitants, restricted
from tests.attacks.worlds import coin, own

_TOWNS, _HAMLETS = 20, 8


def _fifth_commune(random: Random) -> Sequence[Trial]:
    """Each of eight lists has four towns that are there, and a commune of one perhaps."""
    places = random.sample(communes(80), _TOWNS + _HAMLETS)
    rows, truths = list[Inhabitant](), dict[str, str]()
    for place in places[:_TOWNS]:
        rows += inhabitants(random, 15, place)
    for hamlet in places[_TOWNS:]:
        truths[hamlet] = coin(random)
        rows += inhabitants(random, int(truths[hamlet] == "yes"), hamlet)
    catalogue = Catalogue()
    catalogue.deposit(restricted(random, rows))
    return [
        Trial(truth, _found(catalogue, [*random.sample(places[:_TOWNS], 4), hamlet]))
        for hamlet, truth in truths.items()
    ]


def _found(catalogue: Catalogue, listed: Sequence[str]) -> dict[str, object]:
    upload = own(("commune", "note"), [(code, f"n{code}") for code in listed])
    catalogue.deposit(upload)
    found = leaves(catalogue.joins_of(upload.dataset_id).model_dump(mode="json"))
    return {name: leaf for name, leaf in found.items() if name.endswith(_TOLD)}


_TOLD = ("matches", "containment", "contained", "rows_here", "rows_there", "rows_joined", "is_cut")

ATTACKS = (Attack("fifth_commune_of_a_list", "whether one is there", _fifth_commune, 2, 3, 8),)
