"""What is true of one person? By tables of which one knows the rules, and many of the rows."""

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from random import Random

from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.doors import published
from tests.attacks.tables.equations import Cell, Equations, amount, pattern
from tests.attacks.tables.towns import (
    ANSWER,
    CAP,
    MINIMUM,
    Inhabitant,
    Target,
    World,
    among_others,
    communes,
    epci_of,
    inhabitant,
    inhabitants,
    only_women,
    policy,
    restricted,
    world_of,
)
from tests.attacks.worlds import coin, person_ids

_PLACES, _MEN = 16, 45
_BY_SEX = policy("commune", "sexe", "rsa")
_BY_AID = policy("commune", "rsa")
_OTHER_AIDS = ("apl", "aah", "paje")
_FROM = {"yes": "550", "no": "150"}


def _everybody_else(random: Random) -> Sequence[Trial]:
    """Who has all rows but one looks whether a count is one more than theirs."""
    world = among_others(random, communes(_PLACES), _MEN)
    seen = published(world.table, _BY_SEX)
    return [Trial(target.truth, _over(seen.rows, world, target)) for target in world.targets]


def _over(
    rows: Sequence[Mapping[str, object]], world: World, target: Target
) -> dict[str, Hashable]:
    """By how much each shown count of those with the aid is above that of all others."""
    others = [row for row in world.rows if row != target.row and row.rsa == "oui"]
    return {
        f"{row.get('epci')} {row.get('commune')} {row.get('sexe')}": _count(row)
        - sum(_is_counted(other, row) for other in others)
        for row in rows
        if row["rsa"] == "oui" and row["nombre"] is not None and _is_counted(target.row, row)
    }


def _count(row: Mapping[str, object]) -> int:
    return int(str(row["nombre"]))


def _is_counted(person: Inhabitant, row: Mapping[str, object]) -> bool:
    keys = {"epci": epci_of(person.commune), "commune": person.commune, "sexe": person.sexe}
    return all(row.get(name) in (None, value) for name, value in keys.items())


def _ten_others(random: Random, known: int) -> Sequence[Trial]:
    """So many who get the aid are known in each commune; nobody else gets it."""
    rows, targets = list[Inhabitant](), []
    for place in communes(_PLACES):
        truth = coin(random)
        rows += inhabitants(random, 40, place, rsa="non")
        rows += inhabitants(random, known, place, rsa="oui")
        (identifier,) = person_ids(random, 1)
        targets.append(Target(truth, inhabitant(random, identifier, place, rsa=ANSWER[truth])))
    seen = published(world_of(random, rows, targets).table, _BY_AID)
    return [Trial(t.truth, _counts(seen.rows, t.row.commune)) for t in targets]


def _counts(rows: Sequence[Mapping[str, object]], place: str) -> dict[str, Hashable]:
    counts = {str(row["rsa"]): str(row["nombre"]) for row in rows if row.get("commune") == place}
    return {**counts, **pattern(rows, place)}


def _hidden_or_nobody(random: Random) -> Sequence[Trial]:
    """Whether one gets an aid that nobody else of the commune gets: 0 is shown, 1 is hidden.

    In a town of each EPCI thirty get it, so that its own figure is shown.
    """
    persons, truths = list[Inhabitant](), dict[str, str]()
    for number, place in enumerate(communes(_PLACES)):
        for aid in _OTHER_AIDS:
            persons += inhabitants(random, 20 + random.randrange(9), place, rsa=aid)
        if number % (_PLACES // 4) == 0:
            persons += inhabitants(random, 30, place, rsa="rsa")
            continue
        truths[place] = coin(random)
        aid = "rsa" if truths[place] == "yes" else random.choice(_OTHER_AIDS)
        persons += inhabitants(random, 1, place, rsa=aid)
    seen = published(restricted(random, persons), _BY_AID)
    return [Trial(truth, _counts(seen.rows, place)) for place, truth in truths.items()]


def _made_or_not(random: Random) -> Sequence[Trial]:
    """Whether a table is made, where one more or less of a large cell decides it."""
    persons, truth = list[Inhabitant](), coin(random)
    for number, place in enumerate(communes(8)):
        persons += inhabitants(random, 90 - (number == 0), place, rsa="non")
        persons += inhabitants(random, 10, place, rsa="oui" if number else "aah")
    persons += inhabitants(random, 1, communes(8)[0], rsa=ANSWER[truth])
    seen = published(restricted(random, persons), _BY_AID)
    return [Trial(truth, {"tables": str(seen.reports and seen.reports[0]["tables"])})]


def _amounts(random: Random) -> Sequence[Trial]:
    """The amount of the only woman, between the bounds that sums leave it."""
    world = only_women(random, communes(_PLACES), _MEN)
    truths = {target.row.id: coin(random) for target in world.targets}
    rows = [
        row._replace(montant=_FROM[truths[row.id]]) if row.id in truths else row
        for row in world.rows
    ]
    seen = published(restricted(random, rows), policy("commune", "sexe", has_sums=True))
    equations = Equations(communes(_PLACES))
    equations.read(seen.rows, "montant")
    trials = []
    for target in world.targets:
        cells = equations.where(partial(_is_woman_of, target.row.commune))
        bounds = equations.bounds(cells) or (0.0, 0.0)
        low, high = bounds
        hidden = {
            f"rows {name}": flag for name, flag in pattern(seen.rows, target.row.commune).items()
        }
        features = {"low": low > 150, "high": high < 550, "least": round(low, -2)}
        trials.append(Trial(truths[target.row.id], {**features, **hidden}))
    return trials


def _is_woman_of(commune: str, cell: Cell) -> bool:
    return (cell.commune, cell.sexe) == (commune, "F")


def _half_known(random: Random) -> Sequence[Trial]:
    """The amount of one of twenty women, of whom nine are known: a sum, less theirs."""
    rows, targets, known = list[Inhabitant](), [], dict[str, float]()
    for place in communes(_PLACES):
        truth = coin(random)
        rows += inhabitants(random, _MEN, place, sexe="H")
        women = list(inhabitants(random, 19, place, sexe="F"))
        rows += women
        known[place] = sum(map(amount, women[:9]))
        (identifier,) = person_ids(random, 1)
        row = inhabitant(random, identifier, place, sexe="F", montant=_FROM[truth])
        targets.append(Target(truth, row))
    world = world_of(random, rows, targets)
    seen = published(world.table, policy("commune", "sexe", has_sums=True))
    return [Trial(target.truth, _rest(seen.rows, target.row.commune, known)) for target in targets]


def _rest(
    rows: Sequence[Mapping[str, object]], place: str, known: Mapping[str, float]
) -> dict[str, Hashable]:
    sums = [
        row["montant"] for row in rows if row.get("commune") == place and row.get("sexe") == "F"
    ]
    total = next((float(str(cell)) for cell in sums if cell is not None), None)
    expected = 10 * (100 + CAP) / 2 + 350
    return {"more": None if total is None else total - known[place] > expected}


ATTACKS = (
    Attack("everybody_else", "the aid of one, by who knows all others", _everybody_else, 2, 3, 4),
    Attack(
        "ten_known_others",
        "the same, knowing ten others",
        partial(_ten_others, known=MINIMUM - 1),
        2,
        3,
        4,
    ),
    Attack(
        "eight_known_others",
        "the same, knowing eight",
        partial(_ten_others, known=MINIMUM - 3),
        2,
        3,
        4,
    ),
    Attack("hidden_or_nobody", "an aid that nobody near gets", _hidden_or_nobody, 2, 3, 6),
    Attack("table_made_or_not", "the aid of one", _made_or_not, 2, 10, 64, is_long=True),
    Attack("amount_of_only_woman", "an amount, by sums", _amounts, 2, 3, 4),
    Attack("amount_of_half_known", "an amount, by a sum of twenty", _half_known, 2, 3, 4),
)
