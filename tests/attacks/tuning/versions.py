"""What does one person get? By results of a table, and of the same with one row changed."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Table, Treatment, aggregate, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, person, person_ids

_PLACES = [commune(number) for number in range(20)]
_AID = {"yes": "rsa", "no": "apl"}
_AMOUNTS = {"no": 150, "yes": 900}
_MIDDLE = 500


def _summed(aids: Table, ledger: Ledger) -> Seen:
    steps = [aggregate("aides", ["commune"], sums=["montant"], rows="n")]
    return release(Treatment(steps, {"aides": aids}), ledger)


def _newcomer(random: Random) -> Sequence[Trial]:
    """A person more in each commune: the sum of it, less that of the version before."""
    persons, newcomers, asked = crowd(random, 30, _PLACES), [], []
    for place in _PLACES:
        (target,), truth = person_ids(random, 1), coin(random)
        newcomers.append(person(random, target, place, amount=_AMOUNTS[truth]))
        asked.append((truth, place))
    ledger = Ledger()
    seen = [
        _summed(beneficiaries(random, some, version), ledger)
        for version, some in enumerate((persons, persons + newcomers), 1)
    ]
    return [Trial(truth, _more(seen, "montant", place, _MIDDLE)) for truth, place in asked]


def _changed(random: Random) -> Sequence[Trial]:
    """The same persons, with another amount of one in each commune."""
    persons, changed, asked = crowd(random, 30, _PLACES), [], []
    for place in _PLACES:
        (target,), truth = person_ids(random, 1), coin(random)
        target_row = person(random, target, place, amount=200)
        persons.append(target_row)
        changed.append((*target_row[:-1], str(200 + _AMOUNTS[truth])))
        asked.append((truth, place))
    gone = {changed_row[0] for changed_row in changed}
    later = [*(person for person in persons if person[0] not in gone), *changed]
    ledger = Ledger()
    seen = [
        _summed(beneficiaries(random, some, version), ledger)
        for version, some in enumerate((persons, later), 1)
    ]
    return [Trial(truth, _more(seen, "montant", place, _MIDDLE)) for truth, place in asked]


def _dated(random: Random) -> Sequence[Trial]:
    """A person more or not in each commune, in a table that says of each row when it was made."""
    persons, newcomers, asked = crowd(random, 30, _PLACES), [], []
    for place in _PLACES:
        truth = coin(random)
        if truth == "yes":
            newcomers.append(person(random, person_ids(random, 1)[0], place))
        asked.append((truth, place))
    ledger = Ledger()
    seen = []
    for version, some in enumerate((persons, persons + newcomers), 1):
        table = beneficiaries(random, some, version)
        days = tuple(f"2024-0{version}-15" for _ in some)
        seen.append(_summed(replace(table, cells={**table.cells, "extrait": days}), ledger))
    return [Trial(truth, _more(seen, "n", place, 0)) for truth, place in asked]


def _more(seen: Sequence[Seen], figure: str, place: str, than: int) -> dict[str, object]:
    before, after = (view.cell(figure, commune=place) for view in seen)
    is_more = None if before is None or after is None else after - before > than
    rows = tuple(view.has(commune=place) for view in seen)
    return {"more": is_more, "rows": rows, **signs(seen[1]), "first": seen[0].error}


def _filled(random: Random) -> Sequence[Trial]:
    """Of how many an amount is known, in a commune where perhaps one has none: sum by mean."""
    persons, asked = [], []
    for place in _PLACES:
        (target,), truth = person_ids(random, 1), coin(random)
        persons += crowd(random, 30, [place])
        target_row = person(random, target, place)
        persons.append((*target_row[:4], "" if truth == "yes" else target_row[4]))
        asked.append((truth, place))
    steps = [aggregate("aides", ["commune"], sums=["montant"], means=["montant"])]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [
        Trial(truth, {"n": _number(seen, place), "row": seen.has(commune=place), **signs(seen)})
        for truth, place in asked
    ]


def _number(seen: Seen, place: str) -> int | None:
    total, mean = (seen.cell(name, commune=place) for name in ("montant", "montant_moyenne"))
    return round(total / mean) if total and mean else None


ATTACKS = (
    Attack("newcomer", "the amount of one who is new in a version", _newcomer),
    Attack("changed_amount", "what changed of one between versions", _changed),
    Attack("newcomer_of_dated", "whether one is new, where all rows are", _dated),
    Attack("not_filled", "whether one has an amount", _filled),
)
