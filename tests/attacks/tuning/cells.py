"""What is in a hidden cell? By margins, by its only large part, and by what all have in common."""

from collections.abc import Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import OWNER, Ledger, Table, Treatment, aggregate, cross, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import (
    beneficiaries,
    coin,
    columns,
    commune,
    crowd,
    enterprises,
    own,
    person,
    person_ids,
    siren,
)

_PLACES = 20
_AMOUNTS = {"no": 150, "yes": 900}
_MIDDLE = 500


def _two_groupings(random: Random) -> Sequence[Trial]:
    """The only man of a commune: its sum, less that of its women."""
    persons, targets = [], []
    for number in range(_PLACES):
        place, truth = commune(number), coin(random)
        women = person_ids(random, 30)
        persons += [person(random, woman, place, sex="F") for woman in women]
        (man,) = person_ids(random, 1)
        persons.append(person(random, man, place, sex="H", amount=_AMOUNTS[truth]))
        targets.append((truth, place))
    tables, ledger = {"aides": beneficiaries(random, persons)}, Ledger()
    seen = [
        release(Treatment([aggregate("aides", by, sums=["montant"])], tables), ledger)
        for by in (["commune", "sexe"], ["commune"])
    ]
    trials = []
    for truth, place in targets:
        women_sum = seen[0].cell("montant", commune=place, sexe="F")
        total, own_cell = (
            seen[1].cell("montant", commune=place),
            seen[0].cell("montant", commune=place, sexe="H"),
        )
        guess = None if None in (women_sum, total) else total - women_sum > _MIDDLE
        here = None if own_cell is None else own_cell > _MIDDLE
        trials.append(Trial(truth, {"rest": guess, "here": here, **signs(seen[1])}))
    return trials


def _margin(random: Random) -> Sequence[Trial]:
    """The only one in a small commune: the sum of its zone, less those of the other communes."""
    persons, zones, targets = [], [], []
    for number in range(_PLACES):
        small, *large = (commune(4 * number + at) for at in range(4))
        truth, zone = coin(random), f"zone{number}"
        persons += crowd(random, 15, large)
        persons.append(person(random, person_ids(random, 1)[0], small, amount=_AMOUNTS[truth]))
        zones += [(place_name, zone) for place_name in (small, *large)]
        targets.append((truth, zone, small, large))
    tables = {"aides": beneficiaries(random, persons), "zones": own(("commune", "zone"), zones)}
    ledger = Ledger()
    joined = cross("aides", "zones", left_key="commune", right_key="commune")
    seen = [
        release(Treatment([joined, aggregate("croise", [by], sums=["montant"])], tables), ledger)
        for by in ("commune", "zone")
    ]
    trials = []
    for truth, zone, small, large in targets:
        parts = [seen[0].cell("montant", commune=place_name) for place_name in large]
        total = seen[1].cell("montant", zone=zone)
        is_complete = None not in (*parts, total)
        guess = total - sum(parts) > _MIDDLE if is_complete else None
        here = seen[0].cell("montant", commune=small)
        direct_guess = None if here is None else here > _MIDDLE
        trials.append(Trial(truth, {"rest": guess, "here": direct_guess, **signs(seen[1])}))
    return trials


def _dominant(random: Random) -> Sequence[Trial]:
    """The turnover of the one large enterprise among seven: nearly the sum of its commune."""
    rows, targets = [], []
    for number in range(_PLACES):
        place, truth = commune(number), coin(random)
        rows += [(siren(random), place, random.randint(20, 60)) for _ in range(6)]
        rows.append((siren(random), place, {"no": 6_000, "yes": 9_000}[truth]))
        targets.append((truth, place))
    steps = [aggregate("entreprises", ["commune"], sums=["chiffre"])]
    seen = release(Treatment(steps, {"entreprises": enterprises(random, rows)}), Ledger())
    trials = []
    for truth, place in targets:
        total = seen.cell("chiffre", commune=place)
        guess = None if total is None else total > 7_500
        trials.append(Trial(truth, {"large": guess, **signs(seen)}))
    return trials


def _homogeneous(random: Random) -> Sequence[Trial]:
    """All of a commune get the same aid: no cell is small, and each one's aid is known."""
    persons, targets = [], []
    for number in range(_PLACES):
        place, truth = commune(number), coin(random)
        aid = {"yes": "rsa", "no": "apl"}[truth]
        persons += [
            person(random, person_id, place, aid=aid) for person_id in person_ids(random, 18)
        ]
        targets.append((truth, place))
    steps = [aggregate("aides", ["commune", "aide"], counts=["id"])]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [
        Trial(
            truth,
            {
                "some": seen.cell("id_nombre", commune=place, aide="rsa"),
                "row": seen.has(commune=place, aide="rsa"),
                "other": seen.has(commune=place, aide="apl"),
                **signs(seen),
            },
        )
        for truth, place in targets
    ]


def _page(random: Random) -> Sequence[Trial]:
    """The page of a report on sums by commune, with hamlets of one."""
    persons, targets = crowd(random, 30, [commune(200), commune(201)]), []
    for number in range(_PLACES):
        truth, amounts = coin(random), {"no": 40_001 + number, "yes": 90_001 + number}
        (target,) = person_ids(random, 1)
        persons.append(person(random, target, commune(number), amount=amounts[truth]))
        targets.append((truth, amounts))
    steps = [
        aggregate("aides", ["commune"], "sommes", sums=["montant"]),
        {
            "application": "report",
            "inputs": {"table": "sommes"},
            "output": "page",
            "parameters": {"title": "Aides", "question": "Où aide-t-on ?", "rows": 100},
        },
    ]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    text = "".join(seen.text.replace("\\u202f", "").replace("&nbsp;", "").split())
    return [
        Trial(truth, {answer: str(amount) in text for answer, amount in amounts.items()})
        for truth, amounts in targets
    ]


def _months(random: Random) -> Sequence[Trial]:
    """The only one of a commune, by twelve rows, one a month: the owner says whose each is."""
    rows, targets = [], []
    for number in range(_PLACES):
        place, truth = commune(number), coin(random)
        (file,) = person_ids(random, 1)
        rows += [
            (file, place, f"2024-{month:02}", f"{_AMOUNTS[truth] * random.uniform(0.8, 1.2):.0f}")
            for month in range(1, 13)
        ]
        targets.append((truth, place))
    table = Table(
        columns(("dossier", "commune", "mois", "montant"), rows),
        OWNER,
        "quasi",
        unit="dossier",
        dataset_id="dts_mois",
        is_unit_stated=True,
    )
    steps = [aggregate("mois", ["commune"], sums=["montant"])]
    seen = release(Treatment(steps, {"mois": table}), Ledger())
    trials = []
    for truth, place in targets:
        total = seen.cell("montant", commune=place)
        trials.append(Trial(truth, {"sum": None if total is None else total > 12 * _MIDDLE}))
    return trials


ATTACKS = (
    Attack("months", "the monthly amount of the only one of a commune", _months),
    Attack("report_page", "the amount of the only one of a commune", _page),
    Attack("two_groupings", "the amount of the only man of a commune", _two_groupings),
    Attack("margin", "the amount of the only one of a commune", _margin),
    Attack("dominant", "the turnover of a large enterprise", _dominant),
    Attack("homogeneous", "the aid that all of a commune get", _homogeneous),
)
