"""What is true of one person? By facts about tables and files, who knows all others."""

from collections.abc import Hashable, Sequence
from hashlib import sha256
from random import Random

from tests.attacks.lab import leaves
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.catalogue import Catalogue, as_csv
from tests.attacks.tables.doors import published
from tests.attacks.tables.towns import (
    ANSWER,
    Inhabitant,
    communes,
    inhabitants,
    one_woman,
    policy,
    restricted,
)
from tests.attacks.worlds import coin

_BY_SEX = policy("commune", "sexe", "rsa")


def _facts(random: Random) -> Sequence[Trial]:
    """How many cells there are, of one who is alone in hers; others are known to be there."""
    truth, rows = one_woman(random, rsa=("non", "oui"))
    rows += inhabitants(random, 1, communes(8)[0], sexe="F", rsa="non")
    seen = published(restricted(random, rows), _BY_SEX)
    return [Trial(truth, leaves(seen.reports))]


def _hashed(random: Random) -> Sequence[Trial]:
    """The hash and the size of the file, by who has all other rows in their order."""
    truth, rows = one_woman(random, rsa=("non", "oui"))
    table = restricted(random, rows)
    catalogue = Catalogue()
    catalogue.deposit(table, policy("commune", "rsa"))
    seen = catalogue.seen()
    last = rows[-1]
    features: dict[str, Hashable] = {}
    for answer in ANSWER.values():
        text = as_csv(table).decode()
        line, other = ";".join(last), ";".join(last._replace(rsa=answer))
        content = text.replace(line, other).encode()
        features[f"hash {answer}"] = sha256(content).hexdigest() in seen.text
        features[f"size {answer}"] = f'"size": {len(content)}' in seen.text
    return [Trial(truth, features)]


def _there(random: Random) -> Sequence[Trial]:
    """Whether one is there at all, by all numbers of the catalogue."""
    truth, rows = coin(random), list[Inhabitant]()
    for place in communes(8):
        rows += inhabitants(random, 45 + random.randrange(9), place)
    rows += inhabitants(random, int(truth == "yes"), communes(8)[0])
    catalogue = Catalogue()
    catalogue.deposit(restricted(random, rows))
    view = leaves(catalogue.seen("aides").reports)
    return [Trial(truth, {name: leaf for name, leaf in view.items() if "_at" not in name})]


ATTACKS = (
    Attack("number_of_cells", "the aid of one of two women", _facts, 2, 10, 64, is_long=True),
    Attack("hash_of_file", "the aid of one, by the file's hash", _hashed, 2, 10, 64, is_long=True),
    Attack("numbers_of_catalogue", "whether one is there", _there, 2, 10, 64, is_long=True),
)
