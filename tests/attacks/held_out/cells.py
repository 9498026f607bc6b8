"""Values of one unit, by one result: what is empty, what one knows oneself, what few have."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Treatment, aggregate, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, enterprises, siren

_PLACES = 20
_AID = {"yes": "rsa", "no": "apl"}


def _insider(random: Random) -> Sequence[Trial]:
    """The second largest of four enterprises takes its own turnover off the sum."""
    rows, targets = [], []
    for number in range(_PLACES):
        place, truth = commune(number), coin(random)
        mine = random.randint(3_000, 3_500)
        largest = {"no": 4_000, "yes": 5_000}[truth]
        rows += [(siren(random), place, amount) for amount in (largest, mine)]
        rows += [(siren(random), place, random.randint(100, 300)) for _ in range(2)]
        targets.append((truth, place, mine))
    steps = [aggregate("entreprises", ["commune"], sums=["chiffre"])]
    seen = release(Treatment(steps, {"entreprises": enterprises(random, rows)}), Ledger())
    trials = []
    for truth, place, mine in targets:
        total = seen.cell("chiffre", commune=place)
        guess = None if total is None else total - mine - 400 > 4_500
        trials.append(Trial(truth, {"largest": guess, **signs(seen)}))
    return trials


def _branches(random: Random) -> Sequence[Trial]:
    """Twelve rows of a commune are establishments of two enterprises."""
    rows, targets = [], []
    for number in range(_PLACES):
        place, truth = commune(number), coin(random)
        large, small = siren(random), siren(random)
        rows += [(large, place, {"no": 400, "yes": 700}[truth]) for _ in range(8)]
        rows += [(small, place, random.randint(380, 420)) for _ in range(4)]
        targets.append((truth, place))
    steps = [aggregate("entreprises", ["commune"], sums=["chiffre"], counts=["siren"])]
    seen = release(Treatment(steps, {"entreprises": enterprises(random, rows)}), Ledger())
    trials = []
    for truth, place in targets:
        total = seen.cell("chiffre", commune=place)
        trials.append(
            Trial(truth, {"large": None if total is None else total > 6_000, **signs(seen)})
        )
    return trials


def _few_have_it(random: Random) -> Sequence[Trial]:
    """Thirty persons of a commune, of whom the target alone has a bonus: the sum is its own."""
    seen, targets = _with_bonus(random, sums=["prime"])
    return [
        Trial(truth, {"bonus": _above(seen.cell("prime", commune=place), 500), **signs(seen)})
        for truth, place in targets
    ]


def _mean_of_few(random: Random) -> Sequence[Trial]:
    """The same by a mean and a ratio of ten decimals."""
    ratio = {
        "name": "taux",
        "numerator": "prime",
        "denominator": "montant",
        "percent": False,
        "digits": 10,
    }
    seen, targets = _with_bonus(random, sums=["prime", "montant"], means=["prime"], ratio=ratio)
    return [
        Trial(
            truth,
            {
                "mean": _above(seen.cell("prime_moyenne", commune=place), 500),
                "ratio": _above(seen.cell("taux", commune=place), 0.05),
                **signs(seen),
            },
        )
        for truth, place in targets
    ]


def _above(figure: float | None, limit: float) -> bool | None:
    return None if figure is None else figure > limit


def _with_bonus(random: Random, **figures: Any) -> tuple[Seen, list[tuple[str, str]]]:
    persons = crowd(random, 30, [commune(number) for number in range(_PLACES)])
    table = beneficiaries(random, persons)
    where, bonus, targets = table.cells["commune"], [""] * len(persons), []
    for number in range(_PLACES):
        truth = coin(random)
        bonus[where.index(commune(number))] = {"no": "150", "yes": "900"}[truth]
        targets.append((truth, commune(number)))
    with_it = replace(table, cells={**table.cells, "prime": tuple(bonus)})
    steps = [aggregate("aides", ["commune"], **figures)]
    return release(Treatment(steps, {"aides": with_it}), Ledger()), targets


ATTACKS = (
    Attack("insider", "the turnover of a competitor", _insider),
    Attack("branches", "the turnover of an enterprise of many rows", _branches),
    Attack("sum_of_one_value", "a bonus that one of thirty has", _few_have_it),
    Attack("mean_of_one_value", "the same by mean and ratio", _mean_of_few),
)
