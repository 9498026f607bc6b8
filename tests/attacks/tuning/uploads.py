"""Is this person in the restricted table? By what the catalogue finds of one's own uploads."""

from collections.abc import Sequence
from random import Random

from tests.attacks.adapter import findings
from tests.attacks.lab import leaves
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, person, person_ids

_TARGETS = 30


def _fifth(random: Random) -> Sequence[Trial]:
    """Four known members and the target, in one upload."""
    persons = crowd(random, 60, [commune(1)])
    neighbours = [person[0] for person in persons[:4]]
    targets = [(coin(random), person_id) for person_id in person_ids(random, _TARGETS)]
    persons += [person(random, target, commune(1)) for truth, target in targets if truth == "yes"]
    aids = beneficiaries(random, persons)
    return [
        Trial(truth, leaves(findings([*neighbours, target], aids))) for truth, target in targets
    ]


def _narrowing(random: Random) -> Sequence[Trial]:
    """No member is known: uploads of ever other parts of a list show where the count turns."""
    candidates = [(coin(random), person_id) for person_id in person_ids(random, 2 * _TARGETS)]
    persons = crowd(random, 60, [commune(1)])
    persons += [
        person(random, candidate, commune(1)) for truth, candidate in candidates if truth == "yes"
    ]
    aids = beneficiaries(random, persons)
    ids = [candidate for _, candidate in candidates]
    turn = next((n for n in range(1, _TARGETS) if findings(ids[:n], aids)), _TARGETS)
    almost = ids[: turn - 1]
    return [
        Trial(truth, leaves(findings([*almost, candidate], aids)))
        for truth, candidate in candidates[_TARGETS:]
    ]


ATTACKS = (
    Attack("fifth_of_an_upload", "membership by the joins found", _fifth),
    Attack("narrowing_uploads", "membership by sixty uploads", _narrowing),
)
