"""Is this person in the restricted table? By crossing it with lists of one's own."""

from collections.abc import Callable, Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Treatment, aggregate, cross, leaves, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, own, person, person_ids

_GROUPS = 20
_PLACES = [commune(number) for number in range(5)]


def _known_and_target(neighbour_count: int) -> Callable[[Random], Sequence[Trial]]:
    """Lists of so many known members and one target, counted by list."""

    def world(random: Random) -> Sequence[Trial]:
        persons, upload, asked = crowd(random, 40, _PLACES), [], []
        for number in range(_GROUPS):
            *members, target = person_ids(random, neighbour_count + 1)
            truth, group = coin(random), f"liste{number}"
            persons += [person(random, member, random.choice(_PLACES)) for member in members]
            if truth == "yes":
                persons.append(person(random, target, random.choice(_PLACES)))
            upload += [(person_id, group) for person_id in (*members, target)]
            asked.append((truth, group, target))
        tables = {"depot": own(("id", "groupe"), upload), "aides": beneficiaries(random, persons)}
        steps = [cross("depot", "aides"), aggregate("croise", ["groupe"], counts=["commune"])]
        seen = release(Treatment(steps, tables), Ledger())
        return [
            Trial(
                truth,
                {
                    "count": seen.cell("commune_nombre", groupe=group),
                    "row": seen.has(groupe=group),
                    **signs(seen, target),
                },
            )
            for truth, group, target in asked
        ]

    return world


def _listed(*, is_summed: bool) -> Callable[[Random], Sequence[Trial]]:
    """A list of targets crossed: which of them stand in the result, and which met nothing."""

    def world(random: Random) -> Sequence[Trial]:
        persons = crowd(random, 40, _PLACES)
        targets = [(coin(random), person_id) for person_id in person_ids(random, _GROUPS)]
        persons += [
            person(random, target, _PLACES[0]) for truth, target in targets if truth == "yes"
        ]
        upload = own(("id", "groupe"), [(target, "tous") for _, target in targets])
        tables = {"depot": upload, "aides": beneficiaries(random, persons)}
        steps = [cross("depot", "aides", how="left")]
        if is_summed:
            steps.append(aggregate("croise", ["groupe"], counts=["commune"]))
        seen = release(Treatment(steps, tables), Ledger())
        return [
            Trial(truth, {"aid": seen.cell("aide", id=target) is None, **signs(seen, target)})
            for truth, target in targets
        ]

    return world


def _alone(random: Random) -> Sequence[Trial]:
    """One target in a list of its own: every figure and word of the reports."""
    (target,), truth = person_ids(random, 1), coin(random)
    persons = crowd(random, 40, _PLACES)[:-1]
    persons.append(person(random, target if truth == "yes" else "A", _PLACES[0]))
    tables = {
        "depot": own(("id", "groupe"), [(target, "un")]),
        "aides": beneficiaries(random, persons),
    }
    steps = [cross("depot", "aides"), aggregate("croise", ["groupe"], counts=["commune"])]
    seen = release(Treatment(steps, tables), Ledger())
    return [Trial(truth, {**leaves(seen.reports), "rows": len(seen.rows), **signs(seen)})]


ATTACKS = (
    Attack("four_known_and_one", "membership of a fifth in a list", _known_and_target(4)),
    Attack("ten_known_and_one", "membership of an eleventh in a list", _known_and_target(10)),
    Attack("rows_of_a_list", "membership of each in a list", _listed(is_summed=False)),
    Attack("keys_that_met_nothing", "membership by the report", _listed(is_summed=True)),
    Attack("report_of_one", "membership by any figure told", _alone, practice=16, worlds=24),
)
