"""Members of the restricted table, by lists of one's own that say more than which keys meet."""

from collections.abc import Sequence
from random import Random

from tests.attacks.adapter import findings, release
from tests.attacks.lab import Ledger, Treatment, aggregate, cross, leaves, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import (
    beneficiaries,
    coin,
    commune,
    crowd,
    enterprises,
    once_or_twice,
    own,
    person,
    person_ids,
    siren,
    siret,
)

_PLACES = [commune(number) for number in range(5)]
_DIGITS = 14


def _weights(random: Random) -> Sequence[Trial]:
    """Each target weighs another power of ten: one sum in the report tells of all."""
    targets, persons = _targets(random, _DIGITS)
    upload = [(target, str(10**at), "tous") for at, (_, target) in enumerate(targets)]
    tables = {
        "depot": own(("id", "poids", "groupe"), upload),
        "aides": beneficiaries(random, persons),
    }
    steps = [
        cross("depot", "aides", weight="poids"),
        aggregate("croise", ["groupe"], counts=["commune"]),
    ]
    seen = release(Treatment(steps, tables), Ledger())
    matched_figures = seen.reports[0].get("keys", {}).get("found", {}) if seen.reports else {}
    weight = int(matched_figures.get("weight") or 0)
    return [
        Trial(truth, {"digit": weight // 10**at % 10, **signs(seen)})
        for at, (truth, _) in enumerate(targets)
    ]


def _powers(random: Random) -> Sequence[Trial]:
    """Each target brings another power of two into one large group, whose sum tells of all."""
    targets, persons = _targets(random, 20)
    members = [person[0] for person in persons[:60]]
    upload = [(target, str(2**at), "tous") for at, (_, target) in enumerate(targets)]
    upload += [(member, "0", "tous") for member in members]
    tables = {
        "depot": own(("id", "poids", "groupe"), upload),
        "aides": beneficiaries(random, persons),
    }
    steps = [cross("depot", "aides"), aggregate("croise", ["groupe"], sums=["poids"])]
    seen = release(Treatment(steps, tables), Ledger())
    total = seen.cell("poids", groupe="tous")
    return [
        Trial(truth, {"bit": None if total is None else int(total) >> at & 1, **signs(seen)})
        for at, (truth, _) in enumerate(targets)
    ]


def _targets(random: Random, number: int) -> tuple[list[tuple[str, str]], list[tuple[str, ...]]]:
    persons: list[tuple[str, ...]] = [*crowd(random, 40, _PLACES)]
    targets = [(coin(random), person_id) for person_id in person_ids(random, number)]
    persons += [person(random, target, _PLACES[0]) for truth, target in targets if truth == "yes"]
    return targets, persons


def _establishments(random: Random) -> Sequence[Trial]:
    """Enterprises by their establishments, with three known ones beside each."""
    rows, upload, asked = [], [], []
    for number in range(20):
        *neighbours, target = (siren(random) for _ in range(4))
        truth, group = coin(random), f"zone{number}"
        members = [*neighbours, *[target] * (truth == "yes")]
        rows += [(member, random.choice(_PLACES), random.randint(50, 99)) for member in members]
        upload += [(siret(enterprise_id), group) for enterprise_id in (*neighbours, target)]
        asked.append((truth, group, target))
    tables = {"depot": own(("siret", "groupe"), upload), "entreprises": enterprises(random, rows)}
    steps = [
        cross("depot", "entreprises", left_key="siret", right_key="siren", left_via="siret_siren"),
        aggregate("croise", ["groupe"], counts=["chiffre"]),
    ]
    seen = release(Treatment(steps, tables), Ledger())
    return [
        Trial(
            truth,
            {
                "count": seen.cell("chiffre_nombre", groupe=group),
                "row": seen.has(groupe=group),
                **signs(seen, target),
            },
        )
        for truth, group, target in asked
    ]


def _twice(random: Random) -> Sequence[Trial]:
    """Whether the target has two rows: how often a row of one's own is repeated."""
    truth, tables = once_or_twice(random, _PLACES, mine=1)
    steps = [
        cross("depot", "aides", many_to_many="refused"),
        aggregate("croise", ["groupe"], counts=["commune"]),
    ]
    seen = release(Treatment(steps, tables), Ledger())
    return [Trial(truth, {**leaves(seen.reports), **leaves(seen.rows), **signs(seen)})]


def _names_of_columns(random: Random) -> Sequence[Trial]:
    """Each value of the key becomes a column, and the names of columns are no figures."""
    targets, persons = _targets(random, 20)
    wide = {"index": ["commune"], "names": "id", "values": "montant", "figure": "count"}
    step = {
        "application": "pivot",
        "inputs": {"table": "aides"},
        "output": "large",
        "parameters": {"wide": wide},
    }
    seen = release(Treatment([step], {"aides": beneficiaries(random, persons)}), Ledger())
    return [Trial(truth, signs(seen, target)) for truth, target in targets]


def _repeated_upload(random: Random) -> Sequence[Trial]:
    """Six known members and the target in five rows: rows are counted in fives as well."""
    targets, persons = _targets(random, 30)
    neighbours = [person[0] for person in persons[:6]]
    aids = beneficiaries(random, persons)
    return [
        Trial(truth, leaves(findings([*neighbours, *[target] * 5], aids)))
        for truth, target in targets
    ]


ATTACKS = (
    Attack("powers_of_ten", "membership by the weight of keys", _weights),
    Attack("powers_of_two", "membership by a sum of one's own figures", _powers),
    Attack("establishments", "an enterprise's membership through a crosswalk", _establishments),
    Attack("rows_of_one", "how many rows one person has", _twice, practice=16, worlds=24),
    Attack("names_of_columns", "membership by what columns are called", _names_of_columns),
    Attack("repeated_upload", "membership by rows of an upload", _repeated_upload),
)
