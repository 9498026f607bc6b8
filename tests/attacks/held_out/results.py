"""Values of one unit, by several results that are each harmless."""

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Table, Treatment, aggregate, cross, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, own, person, person_ids

_MANY = 15
_AID = {"yes": "rsa", "no": "apl"}
_AMOUNTS = {"no": 150, "yes": 900}
_MIDDLE = 500


def _difference(larger: float | None, smaller: float | None) -> float | None:
    return None if larger is None or smaller is None else larger - smaller


def _versions(random: Random) -> Sequence[Trial]:
    """The same question to two versions of the table; one person moved in between."""
    persons, new, targets = [], [], []
    for number in range(_MANY):
        place, truth = commune(number), coin(random)
        persons += crowd(random, 60, [place])
        new.append(person(random, person_ids(random, 1)[0], place, aid=_AID[truth]))
        targets.append((truth, place))
    ledger = Ledger()
    steps = [aggregate("aides", ["commune", "aide"], counts=["id"])]
    before, after = (
        release(Treatment(steps, {"aides": beneficiaries(random, rows, version)}), ledger)
        for version, rows in ((1, persons), (2, [*persons, *new]))
    )
    return [
        Trial(
            truth,
            {
                **{
                    aid: _difference(
                        after.cell("id_nombre", commune=place, aide=aid),
                        before.cell("id_nombre", commune=place, aide=aid),
                    )
                    for aid in ("rsa", "apl")
                },
                **signs(after),
            },
        )
        for truth, place in targets
    ]


def _list_and_one(random: Random) -> Sequence[Trial]:
    """The communes of a list, the restricted table being the main one; then of one member more."""
    persons, short, long, targets = [], [], [], []
    for number in range(_MANY):
        places = {"yes": commune(2 * number), "no": commune(2 * number + 1)}
        members = [
            person(random, person_id, place)
            for place in places.values()
            for person_id in person_ids(random, 25)
        ]
        (target,), truth, group = person_ids(random, 1), coin(random), f"liste{number}"
        persons += [*members, person(random, target, places[truth])]
        short += [(member[0], group) for member in members]
        long += [*((member[0], group) for member in members), (target, group)]
        targets.append((truth, group, places))
    aids, ledger = beneficiaries(random, persons), Ledger()
    before, after = (release(_of_list(rows, aids), ledger) for rows in (short, long))
    return [
        Trial(
            truth,
            {
                **{
                    answer: _difference(
                        after.cell("montant_nombre", groupe=group, commune=place),
                        before.cell("montant_nombre", groupe=group, commune=place),
                    )
                    for answer, place in places.items()
                },
                **signs(after),
            },
        )
        for truth, group, places in targets
    ]


def _of_list(rows: Sequence[Sequence[str]], aids: Table) -> Treatment:
    steps = [
        cross("aides", "depot"),
        aggregate("croise", ["groupe", "commune"], counts=["montant"]),
    ]
    return Treatment(steps, {"aides": aids, "depot": own(("id", "groupe"), rows)})


def _parts_of_a_list(random: Random) -> Sequence[Trial]:
    """A list in two parts, of which one is the target: the sum of the whole, less the other's."""
    persons, upload, targets = crowd(random, 20, [commune(1)]), [], []
    for number in range(_MANY):
        *members, target = person_ids(random, 26)
        truth, group = coin(random), f"liste{number}"
        persons += [person(random, member, commune(2)) for member in members]
        persons.append(person(random, target, commune(2), amount=_AMOUNTS[truth]))
        upload += [(member, group, "reste") for member in members]
        upload.append((target, group, "un"))
        targets.append((truth, group))
    tables = {
        "depot": own(("id", "groupe", "part"), upload),
        "aides": beneficiaries(random, persons),
    }
    ledger = Ledger()
    asked: list[tuple[list[str], dict[str, Any]]] = [
        (["groupe", "part"], {"sums": ["montant"]}),
        (["groupe"], {"means": ["montant"], "counts": ["montant"]}),
    ]
    fine, whole = (
        release(
            Treatment([cross("depot", "aides"), aggregate("croise", by, **parameters)], tables),
            ledger,
        )
        for by, parameters in asked
    )
    return [
        Trial(truth, {"rest": _is_large(fine, whole, group), **signs(whole)})
        for truth, group in targets
    ]


def _is_large(fine: Seen, whole: Seen, group: str) -> bool | None:
    rest = fine.cell("montant", groupe=group, part="reste")
    mean = whole.cell("montant_moyenne", groupe=group)
    number = whole.cell("montant_nombre", groupe=group)
    if rest is None or mean is None or number is None:
        return None
    return bool(mean * number - rest > _MIDDLE)


ATTACKS = (
    Attack("two_versions", "the aid of who was added to the table", _versions),
    Attack("list_and_one", "the commune of one person", _list_and_one),
    Attack("parts_of_a_list", "an amount by mean, count and sum", _parts_of_a_list),
)
