"""What else one row decides: whether a step ends, how figures are written.

Once held out, and read when rules written without them had left them open.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Step, Treatment, aggregate, leaves, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, person, person_ids

_PLACES = [commune(number) for number in range(20)]
_TOWNS = [commune(number) for number in range(1, 11)]
_AID = {"yes": "rsa", "no": "apl"}


def _refused_value(random: Random) -> Sequence[Trial]:
    """A cleaning that takes the target's row alone, and stops at values that it is not told."""
    (target,), truth = person_ids(random, 1), coin(random)
    persons = [*crowd(random, 30, _TOWNS), person(random, target, _TOWNS[0], aid=_AID[truth])]
    codes = {"apl": "logement", "aah": "handicap"}
    operations: list[Step] = [
        {"op": "keep_rows", "column": "id", "values": [target]},
        {"op": "recode", "columns": ["aide"], "codes": codes, "others": "refused"},
    ]
    steps = [_cleaned(*operations), aggregate("aides", ["commune"], counts=["id"])]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [Trial(truth, {"rows": len(seen.rows), **signs(seen)})]


def _type_of_sums(random: Random) -> Sequence[Trial]:
    """Whether one works half an hour more: sums of the other communes are written otherwise."""
    (target,), truth = person_ids(random, 1), coin(random)
    persons = [*crowd(random, 30, _TOWNS), person(random, target, _TOWNS[0])]
    aids = beneficiaries(random, persons)
    hours = {target: {"yes": "17.5", "no": "17"}[truth]}
    hours_by_row = (
        hours.get(person_id, str(random.randint(1, 35))) for person_id in aids.cells["id"]
    )
    table = replace(aids, cells={**aids.cells, "heures": tuple(hours_by_row)})
    steps = [aggregate("aides", ["commune"], sums=["heures"])]
    seen = release(Treatment(steps, {"aides": table}), Ledger())
    others = [seen.cell("heures", commune=place) for place in _TOWNS[1:]]
    kinds = tuple(sorted({type(cell).__name__ for cell in others}))
    exponents = tuple(sorted({"." in str(cell) for cell in others}))
    return [Trial(truth, {"kinds": kinds, "point": exponents, **signs(seen)})]


def _filled_gap(random: Random) -> Sequence[Trial]:
    """Whether one of 31 has no amount: filled by one that sums show, and do not consist of."""
    persons, targets = crowd(random, 30, _PLACES), []
    for place in _PLACES:
        truth, (target,) = coin(random), person_ids(random, 1)
        target_row = person(random, target, place)
        persons.append((*target_row[:4], "" if truth == "yes" else target_row[4]))
        targets.append((truth, place))
    fill = {"op": "fill", "columns": ["montant"], "value": "5000"}
    steps = [_cleaned(fill), aggregate("nettoye", ["commune"], sums=["montant"])]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    trials = []
    for truth, place in targets:
        total = seen.cell("montant", commune=place)
        guess = None if total is None else total > 13_000
        trials.append(
            Trial(truth, {"filled": guess, "row": seen.has(commune=place), **signs(seen)})
        )
    return trials


def _cleaned(*operations: Step) -> Step:
    return {
        "application": "clean",
        "inputs": {"table": "aides"},
        "output": "nettoye",
        "parameters": {"operations": operations},
    }


def _unread_date(random: Random) -> Sequence[Trial]:
    """A cleaning that stops where the target has no date, and what is counted of it after."""
    (target,), truth = person_ids(random, 1), coin(random)
    aids = beneficiaries(random, [*crowd(random, 30, _TOWNS), person(random, target, _TOWNS[0])])
    days = {target: {"yes": "2024-05-01", "no": "sans"}[truth]}
    days_by_row = tuple(days.get(person_id, "2024-06-30") for person_id in aids.cells["id"])
    table = replace(aids, cells={**aids.cells, "jour": days_by_row})
    operation = {"op": "dates", "columns": ["jour"], "others": "refused"}
    steps = [_cleaned(operation), aggregate("nettoye", ["commune"], counts=["id"])]
    seen = release(Treatment(steps, {"aides": table}), Ledger())
    return [Trial(truth, {"rows": len(seen.rows), **leaves(seen.reports), **signs(seen)})]


ATTACKS = (
    Attack("unread_date", "whether one has a date, by a failure", _unread_date, 2, 16, 24),
    Attack("refused_value", "the aid of one by a failure", _refused_value, 2, 16, 24),
    Attack("type_of_sums", "half an hour by others' sums", _type_of_sums, 2, 16, 24),
    Attack("filled_gap", "whether one has an amount", _filled_gap),
)
