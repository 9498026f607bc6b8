"""Worlds of restricted persons with an owner's release policy, as an ordinary owner sets it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa

from shared.engine.contract.policy import ReleasePolicy
from shared.engine.reading.linkage.crosswalk_lookup import map_keys
from tests.attacks.lab import OWNER, Table
from tests.attacks.worlds import SEXES, coin, columns, person_ids

NAMES = ("id", "commune", "sexe", "age", "rsa", "montant")
ANSWER = {"yes": "oui", "no": "non"}
CAP = 600
MINIMUM = 11
_BOUNDS = (25, 65)
_DIMENSIONS: Mapping[str, Mapping[str, Any]] = {
    "commune": {"column": "commune", "levels": ["epci", "commune"]},
    "sexe": {"column": "sexe", "levels": ["value"]},
    "age": {"column": "age", "levels": ["classes"], "bounds": _BOUNDS},
    "rsa": {"column": "rsa", "levels": ["value"]},
}
AGES = ("moins de 25", "25 à moins de 65", "65 et plus")


class Inhabitant(NamedTuple):
    """A row of the restricted table; a person may have several."""

    id: str
    commune: str
    sexe: str
    age: str
    rsa: str
    montant: str

    @property
    def age_class(self) -> str:
        """Return the class of the policy that its age is in."""
        return AGES[sum(int(self.age) >= bound for bound in _BOUNDS)]


class Target(NamedTuple):
    """Of whom something is wanted; `row` is as it truly is."""

    truth: str
    row: Inhabitant


class World(NamedTuple):
    """A restricted table with a target in each commune."""

    table: Table
    rows: Sequence[Inhabitant]
    targets: Sequence[Target]


def policy(
    *names: str, minimum: int = MINIMUM, has_sums: bool = False, **more: Any
) -> ReleasePolicy:
    """Return a policy with these dimensions, and the sum of amounts where it `has_sums`."""
    return ReleasePolicy.model_validate(
        {
            "unit": ["id"],
            "units_repeat": False,
            "minimum_units": minimum,
            "dimensions": [_DIMENSIONS[name] for name in names],
            "measures": [{"column": "montant", "cap": CAP}] if has_sums else [],
            **more,
        }
    )


@cache
def communes(number: int, epcis: int = 4) -> tuple[str, ...]:
    """Return so many communes of Calvados, as many in each of these EPCI."""
    codes = pa.array([f"14{code:03}" for code in range(1, 762)])
    at, areas = map_keys("commune_epci", codes)
    by_epci: dict[str, list[str]] = {}
    for code, area in zip(codes.take(at).to_pylist(), areas.to_pylist(), strict=True):
        by_epci.setdefault(area, []).append(code)
    largest = sorted(by_epci.values(), key=len, reverse=True)[:epcis]
    return tuple(code for members in largest for code in members[: number // epcis])


@cache
def epci_of(commune: str) -> str:
    """Return the EPCI that a commune lies in."""
    _, (area,) = map_keys("commune_epci", pa.array([commune]))
    return str(area)


def inhabitant(random: Random, identifier: str, commune: str, **traits: str) -> Inhabitant:
    """Return a person; what is not among its traits is drawn."""
    drawn = {
        "sexe": random.choice(SEXES),
        "age": str(random.randint(18, 90)),
        "rsa": random.choices(("oui", "non"), (1, 2))[0],
        "montant": str(random.randint(100, CAP)),
    }
    return Inhabitant(id=identifier, commune=commune, **{**drawn, **traits})


def inhabitants(random: Random, number: int, commune: str, **traits: str) -> Iterator[Inhabitant]:
    """Yield so many persons of a commune with these traits."""
    for identifier in person_ids(random, number):
        yield inhabitant(random, identifier, commune, **traits)


def restricted(random: Random, rows: Iterable[Inhabitant], **about: Any) -> Table:
    """Return others' table of these rows, in no order."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    fields = {"owner": OWNER, "personal": "direct", "unit": "id", "dataset_id": "dts_aides"}
    return Table(columns(NAMES, shuffled), **{**fields, **about})


def world_of(random: Random, rows: Iterable[Inhabitant], targets: Sequence[Target]) -> World:
    """Return the world of these rows and targets."""
    everybody = [*rows, *(target.row for target in targets)]
    return World(restricted(random, everybody), everybody, targets)


def only_women(random: Random, places: Sequence[str], men: int = 25) -> World:
    """Return a world where each commune has one woman: whether she gets the RSA is wanted."""
    rows, targets = list[Inhabitant](), []
    for place in places:
        rows += inhabitants(random, men + random.randrange(9), place, sexe="H")
        targets.append(_woman(random, place))
    return world_of(random, rows, targets)


def among_others(random: Random, places: Sequence[str], others: int = 25) -> World:
    """Return a world where the target is a person like others in each commune."""
    rows, targets = list[Inhabitant](), []
    for place in places:
        rows += inhabitants(random, others + random.randrange(9), place)
        targets.append(_woman(random, place))
    return world_of(random, rows, targets)


def one_woman(random: Random, **traits: tuple[str, str]) -> tuple[str, list[Inhabitant]]:
    """Return the truth and the rows of a table with one woman, each trait of hers by the truth."""
    truth, rows = coin(random), list[Inhabitant]()
    for place in communes(8):
        rows += inhabitants(random, 45 + random.randrange(9), place, sexe="H")
    (identifier,) = person_ids(random, 1)
    own = {name: pair[truth == "yes"] for name, pair in traits.items()}
    rows.append(inhabitant(random, identifier, communes(8)[0], sexe="F", **own))
    return truth, rows


def _woman(random: Random, place: str) -> Target:
    truth = coin(random)
    (identifier,) = person_ids(random, 1)
    return Target(truth, inhabitant(random, identifier, place, sexe="F", rsa=ANSWER[truth]))
