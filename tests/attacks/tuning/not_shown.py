"""What is not shown, and what fails: attackers that earlier rules left open, once held out."""

from collections.abc import Mapping, Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Treatment, aggregate, cross, leaves, query, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import (
    Person,
    beneficiaries,
    coin,
    commune,
    crowd,
    once_or_twice,
    own,
    person,
    person_ids,
)

_MANY = 20
_AID = {"yes": "rsa", "no": "apl"}
_PLACES = [commune(number) for number in range(5)]


def _fourteen_and_one(random: Random) -> tuple[list[Person], list[tuple[str, str]]]:
    """Communes of fifteen, of whom fourteen get one aid; the truth of the last one in each."""
    persons, targets = [], []
    for number in range(_MANY):
        place, truth = commune(number), coin(random)
        persons += [
            person(random, person_id, place, aid="apl") for person_id in person_ids(random, 14)
        ]
        persons.append(person(random, person_ids(random, 1)[0], place, aid=_AID[truth]))
        targets.append((truth, place))
    return persons, targets


def _holes(random: Random) -> Sequence[Trial]:
    """Fourteen of a commune are known to get one aid: whether a second cell is there at all."""
    persons, targets = _fourteen_and_one(random)
    steps = [aggregate("aides", ["commune", "aide"], counts=["id"])]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [
        Trial(
            truth,
            {
                "apl": seen.cell("id_nombre", commune=place, aide="apl"),
                "has_apl": seen.has(commune=place, aide="apl"),
                "has_rsa": seen.has(commune=place, aide="rsa"),
                **signs(seen),
            },
        )
        for truth, place in targets
    ]


def _difference(larger: float | None, smaller: float | None) -> float | None:
    return None if larger is None or smaller is None else larger - smaller


def _all_but_one(random: Random) -> Sequence[Trial]:
    """All men of a commune get one aid, but for perhaps the target; women get any."""
    persons, targets = [], []
    for number in range(_MANY):
        place, truth = commune(number), coin(random)
        persons += [
            person(random, person_id, place, sex="H", aid="apl")
            for person_id in person_ids(random, 15)
        ]
        persons += [
            person(random, person_id, place, sex="F", aid=aid)
            for aid in ("rsa", "apl", "aah")
            for person_id in person_ids(random, 14)
        ]
        (target,) = person_ids(random, 1)
        persons.append(person(random, target, place, sex="H", aid=_AID[truth]))
        targets.append((truth, place))
    tables, ledger = {"aides": beneficiaries(random, persons)}, Ledger()
    fine, coarse = (
        release(Treatment([aggregate("aides", by, counts=["id"])], tables), ledger)
        for by in (["commune", "sexe", "aide"], ["commune", "aide"])
    )
    return [Trial(truth, _of_men(fine, coarse, place)) for truth, place in targets]


def _of_men(fine: Seen, coarse: Seen, place: str) -> Mapping[str, object]:
    rest = {
        aid: _difference(
            coarse.cell("id_nombre", commune=place, aide=aid),
            fine.cell("id_nombre", commune=place, sexe="F", aide=aid),
        )
        for aid in ("rsa", "apl")
    }
    return {
        **rest,
        "row": fine.has(commune=place, sexe="H", aide="rsa"),
        "men": fine.cell("id_nombre", commune=place, sexe="H", aide="apl"),
    }


def _both_twice(random: Random) -> Sequence[Trial]:
    """Whether the target has two rows, by a crossing that is refused where both sides repeat."""
    truth, tables = once_or_twice(random, _PLACES, mine=2)
    steps = [
        cross("depot", "aides", many_to_many="refused"),
        aggregate("croise", ["groupe"], counts=["commune"]),
    ]
    seen = release(Treatment(steps, tables), Ledger())
    return [Trial(truth, {**leaves(seen.reports), **leaves(seen.rows), **signs(seen)})]


def _marks(random: Random) -> Sequence[Trial]:
    """Whether the target's amount is withheld or is no number: by warnings, or by the failure."""
    (target,), truth = person_ids(random, 1), coin(random)
    persons = [list(neighbour) for neighbour in crowd(random, 40, _PLACES)[:-1]]
    persons.append(list(person(random, target, _PLACES[0])))
    if truth == "yes":
        persons[-1][4] = "non renseigné"
    neighbour_rows = [(person[0], "tous") for person in persons[5:30]]
    tables = {
        "depot": own(("id", "groupe"), [*neighbour_rows, (target, "tous")]),
        "aides": beneficiaries(random, [tuple(person) for person in persons]),
    }
    steps = [cross("depot", "aides"), aggregate("croise", ["groupe"], sums=["montant"])]
    seen = release(Treatment(steps, tables), Ledger())
    return [Trial(truth, {"kind": len(leaves(seen.reports)), **signs(seen, "nombres")})]


def _condition(random: Random) -> Sequence[Trial]:
    """The same, by a count of those who get the aid that fourteen are known to get."""
    persons, targets = _fourteen_and_one(random)
    asked = query("SELECT commune, count(*) AS n FROM aides WHERE aide = 'apl' GROUP BY 1", "aides")
    seen = release(Treatment([asked], {"aides": beneficiaries(random, persons)}), Ledger())
    return [
        Trial(truth, {"n": seen.cell("n", commune=at), "has": seen.has(commune=at), **signs(seen)})
        for truth, at in targets
    ]


ATTACKS = (
    Attack("condition_of_all_but_one", "the same by a condition", _condition),
    Attack("holes", "the aid of one of fifteen by what is not shown", _holes),
    Attack("all_but_one", "the aid of one man by what women get", _all_but_one),
    Attack("refused_repetition", "how many rows by a refusal", _both_twice, practice=16, worlds=24),
    Attack("withheld_amount", "whether an amount is withheld", _marks, practice=16, worlds=24),
)
