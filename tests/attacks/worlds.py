"""Worlds in which attackers and owners live: persons who get aid, enterprises with a turnover."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from tests.attacks.lab import OWNER, Cells, Table

AIDS = ("apl", "rsa", "aah")
SEXES = ("F", "H")


def coin(random: Random) -> str:
    """The truth of a trial: `yes` or `no`."""
    return random.choice(("no", "yes"))


def person_ids(random: Random, number: int) -> list[str]:
    """Numbers of persons that nobody else has, in no order."""
    return [f"A{identifier:08}" for identifier in random.sample(range(10**8), number)]


def siren(random: Random) -> str:
    """A number of an enterprise with its check digit (Luhn)."""
    return _checked("".join(str(random.randrange(10)) for _ in range(8)))


def siret(enterprise: str) -> str:
    """The number of an enterprise's first establishment."""
    return _checked(f"{enterprise}0001")


def _checked(digits: str) -> str:
    doubled = [int(digit) * 2 for digit in reversed(digits)][0::2]
    others = [int(digit) for digit in reversed(digits)][1::2]
    total = sum(digit - 9 * (digit > 9) for digit in doubled) + sum(others)
    return digits + str(-total % 10)


def commune(number: int) -> str:
    """The code of a commune of Calvados or Manche."""
    return f"{14 if number < 300 else 50}{1 + number % 300:03}"


Person = tuple[str, ...]
"""Number, commune, sex, aid and amount."""


def person(
    random: Random, identifier: str, where: str, *, sex: str = "", aid: str = "", amount: int = 0
) -> Person:
    """A person; what is not told is drawn."""
    return (
        identifier,
        where,
        sex or random.choice(SEXES),
        aid or random.choice(AIDS),
        str(amount or random.randint(100, 600)),
    )


def beneficiaries(random: Random, persons: Iterable[Person], version: int = 1) -> Table:
    """A restricted table of persons, one row each, in no order."""
    rows = list(persons)
    random.shuffle(rows)
    names = ("id", "commune", "sexe", "aide", "montant")
    return Table(
        columns(names, rows), OWNER, "direct", unit="id", dataset_id="dts_aides", version=version
    )


def crowd(random: Random, number: int, communes: Iterable[str]) -> list[Person]:
    """So many persons in each commune of whom nothing is wanted."""
    return [
        person(random, identifier, where)
        for where in communes
        for identifier in person_ids(random, number)
    ]


def one_in_each(
    random: Random, answers: Mapping[str, str], places: Iterable[str], number: int = 30
) -> tuple[Table, list[tuple[str, str, str]]]:
    """A table with a target in each commune, whose aid answers; its truth, commune and number."""
    persons, targets = [], []
    for place in places:
        (target,), truth = person_ids(random, 1), coin(random)
        persons += crowd(random, number, [place])
        persons.append(person(random, target, place, aid=answers[truth]))
        targets.append((truth, place, target))
    return beneficiaries(random, persons), targets


def once_or_twice(
    random: Random, communes: Sequence[str], mine: int
) -> tuple[str, dict[str, Table]]:
    """Whether the target of a list of one's own has two rows; it stands there `mine` times."""
    (target,), truth = person_ids(random, 1), coin(random)
    persons = crowd(random, 40, communes)[:-1]
    persons.append(person(random, target, communes[0]))
    again = target if truth == "yes" else persons[0][0]
    persons.append(person(random, again, communes[1]))
    neighbour_rows = [(person[0], "autres") for person in persons[5:30]]
    upload = own(("id", "groupe"), [*neighbour_rows, *[(target, "un")] * mine])
    return truth, {"depot": upload, "aides": beneficiaries(random, persons)}


def enterprises(random: Random, rows: Sequence[tuple[str, str, int]]) -> Table:
    """A restricted table of enterprises: siren, commune and turnover."""
    shuffled = [(number, where, str(turnover)) for number, where, turnover in rows]
    random.shuffle(shuffled)
    cells = columns(("siren", "commune", "chiffre"), shuffled)
    return Table(cells, OWNER, "none", unit="siren", dataset_id="dts_entreprises")


def own(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table that the holder uploads."""
    return Table(columns(names, list(rows)))


def columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Cells:
    """Rows as columns."""
    return {name: tuple(row[at] for row in rows) for at, name in enumerate(names)}
