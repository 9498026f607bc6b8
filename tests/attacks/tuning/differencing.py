"""What does one person get? By two results that differ by that person alone."""

from collections.abc import Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Table, Treatment, aggregate, cross, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, own, person, person_ids

_AMOUNTS = {"no": 150, "yes": 900}
_MIDDLE = 500
_GROUPS = 15
_UPLOADS = 8


def _with_and_without(random: Random) -> Sequence[Trial]:
    """Sums over a list of twenty known members, with the target and without it."""
    persons, upload, targets = crowd(random, 20, [commune(1), commune(2)]), [], {}
    for number in range(_GROUPS):
        *members, target = person_ids(random, 21)
        truth, group = coin(random), f"liste{number}"
        persons += [person(random, member, commune(3)) for member in members]
        persons.append(person(random, target, commune(3), amount=_AMOUNTS[truth]))
        upload += [(person_id, group) for person_id in (*members, target)]
        targets[target] = truth, group
    aids, ledger = beneficiaries(random, persons), Ledger()
    seen = [
        release(_summed(rows, aids), ledger)
        for rows in (upload, [row for row in upload if row[0] not in targets])
    ]
    return [
        Trial(
            truth,
            {
                "more": _more(*(view.cell("montant", groupe=group) for view in seen)),
                "rows": tuple(view.has(groupe=group) for view in seen),
                **signs(seen[1], target),
            },
        )
        for target, (truth, group) in targets.items()
    ]


def _summed(upload: Sequence[Sequence[str]], aids: Table) -> Treatment:
    steps = [cross("depot", "aides"), aggregate("croise", ["groupe"], sums=["montant"])]
    return Treatment(steps, {"depot": own(("id", "groupe"), upload), "aides": aids})


def _more(larger: float | None, smaller: float | None) -> bool | None:
    """Whether the target's amount is the larger one, None where that does not show."""
    return None if larger is None or smaller is None else larger - smaller > _MIDDLE


def _nested(random: Random) -> Sequence[Trial]:
    """Zones of one's own over communes: the same zone twice, once without a hamlet of one."""
    persons, zones, hamlets = [], [], []
    for number in range(_GROUPS):
        town, hamlet, zone = commune(2 * number), commune(2 * number + 1), f"zone{number}"
        truth = coin(random)
        persons += crowd(random, 25, [town])
        target = person_ids(random, 1)[0]
        persons.append(person(random, target, hamlet, aid={"yes": "rsa", "no": "apl"}[truth]))
        zones += [(town, zone), (hamlet, zone)]
        hamlets.append((truth, hamlet, zone))
    aids, ledger = beneficiaries(random, persons), Ledger()
    without = {hamlet for _, hamlet, _ in hamlets}
    seen = [
        release(_by_zone(rows, aids), ledger)
        for rows in (zones, [row for row in zones if row[0] not in without])
    ]
    trials = []
    for truth, hamlet, zone in hamlets:
        pairs = {
            aid: tuple(view.cell("id_nombre", zone=zone, aide=aid) for view in seen)
            for aid in ("rsa", "apl")
        }
        difference_by_aid = {
            aid: None if None in pair else pair[0] - pair[1] for aid, pair in pairs.items()
        }
        trials.append(Trial(truth, {**difference_by_aid, **signs(seen[1], hamlet)}))
    return trials


def _by_zone(zones: Sequence[Sequence[str]], aids: Table) -> Treatment:
    steps = [
        cross("aides", "zones", left_key="commune", right_key="commune"),
        aggregate("croise", ["zone", "aide"], counts=["id"]),
    ]
    return Treatment(steps, {"aides": aids, "zones": own(("commune", "zone"), zones)})


def _again_and_again(random: Random) -> Sequence[Trial]:
    """Eight uploads of chance parts of the known members, the target in half of them."""
    persons, groups = crowd(random, 20, [commune(1), commune(2)]), []
    for number in range(_GROUPS):
        *members, target = person_ids(random, 31)
        truth = coin(random)
        persons += [person(random, member, commune(3)) for member in members]
        if truth == "yes":
            persons.append(person(random, target, commune(3)))
        groups.append((truth, f"liste{number}", members, target))
    aids, ledger = beneficiaries(random, persons), Ledger()
    over: dict[str, list[float]] = {group: [] for _, group, _, _ in groups}
    error = ""
    for at in range(_UPLOADS):
        upload, sizes = [], {}
        for _, group, members, target in groups:
            some = random.sample(members, random.randint(12, 25))
            upload += [(person_id, group) for person_id in (*some, *[target] * (at % 2))]
            sizes[group] = len(some)
        steps = [cross("depot", "aides"), aggregate("croise", ["groupe"], counts=["commune"])]
        tables = {"depot": own(("id", "groupe"), upload), "aides": aids}
        seen = release(Treatment(steps, tables), ledger)
        error = error or seen.error
        for group, size in sizes.items():
            count = seen.cell("commune_nombre", groupe=group)
            if count is not None:
                over[group].append((count - size) * (1 if at % 2 else -1))
    return [
        Trial(truth, {"over": sum(over[group]) > _UPLOADS / 4, "error": error})
        for truth, group, _, _ in groups
    ]


ATTACKS = (
    Attack("with_and_without", "the amount that one person gets", _with_and_without),
    Attack("nested_zones", "the aid of the only one in a hamlet", _nested),
    Attack("eight_uploads", "membership by the mean of many uploads", _again_and_again, 2, 2, 4),
)
