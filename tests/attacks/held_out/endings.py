"""One unit, by how a treatment ends: it fails or waits, rows of others move, a picture is drawn."""

from collections.abc import Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Step, Treatment, aggregate, leaves, query, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, person, person_ids

_TOWNS = [commune(number) for number in range(1, 11)]
_HAMLET = commune(0)
_AID = {"yes": "rsa", "no": "apl"}


def _unless_this_aid(random: Random) -> Sequence[Trial]:
    """A count of all, then without a rare aid: it is less by the target alone, or by nobody."""
    (target,), truth = person_ids(random, 1), coin(random)
    persons = crowd(random, 30, _TOWNS)
    persons.append(person(random, target, _TOWNS[0], aid={"yes": "aeeh", "no": "apl"}[truth]))
    tables, ledger = {"aides": beneficiaries(random, persons)}, Ledger()
    all_of_them, others = (
        release(Treatment([query(sql, "aides")], tables), ledger)
        for sql in (
            "SELECT commune, count(*) AS n FROM aides GROUP BY commune",
            "SELECT commune, count(*) AS n FROM aides WHERE aide <> 'aeeh' GROUP BY commune",
        )
    )
    return [
        Trial(
            truth,
            {
                "is_less": _counts(all_of_them) != _counts(others),
                "rows": len(others.rows),
                "first": all_of_them.error,
                **signs(others),
            },
        )
    ]


def _counts(seen: Seen) -> list[object]:
    return [seen.cell("n", commune=place) for place in _TOWNS]


def _ninth_series(random: Random) -> Sequence[Trial]:
    """A chart has eight series at most, of as many aids; the target gets a ninth one, or not."""
    (target,), truth = person_ids(random, 1), coin(random)
    aids = [f"aide {number}" for number in range(8)]
    persons = [
        (*resident[:3], random.choice(aids), resident[4])
        for resident in crowd(random, 150, _TOWNS[:4])
    ]
    persons.append(person(random, target, _TOWNS[0], aid={"yes": "aide 9", "no": aids[0]}[truth]))
    chart = {"kind": "points", "label": "n", "value": "montant", "series": "aide", "title": "Aides"}
    steps = [
        aggregate("aides", ["commune", "aide"], "sommes", sums=["montant"], rows="n"),
        _step("chart", "sommes", "dessin", **chart),
        aggregate("aides", ["sexe"], counts=["id"]),
    ]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [Trial(truth, {"rows": len(seen.rows), **leaves(seen.reports), **signs(seen)})]


def _step(application: str, table: str, output: str, **parameters: object) -> Step:
    return {
        "application": application,
        "inputs": {"table": table},
        "output": output,
        "parameters": parameters,
    }


def _row_that_moves(random: Random) -> Sequence[Trial]:
    """The first ten communes, of eleven if somebody lives in a hamlet, which comes first."""
    truth = coin(random)
    persons = crowd(random, 30, _TOWNS)
    persons += crowd(random, 1, [_HAMLET]) * (truth == "yes")
    sql = "SELECT commune, count(*) AS n FROM aides GROUP BY commune ORDER BY commune LIMIT 10"
    seen = release(
        Treatment([query(sql, "aides")], {"aides": beneficiaries(random, persons)}), Ledger()
    )
    last = seen.has(commune=_TOWNS[-1])
    return [Trial(truth, {"rows": len(seen.rows), "last": last, **signs(seen)})]


def _chart_on_the_way(random: Random) -> Sequence[Trial]:
    """Three hamlets of one, in a chart of a table that is not the result, which is harmless."""
    persons, asked = crowd(random, 30, _TOWNS), []
    for number in range(3):
        place, truth, (target,) = commune(100 + number), coin(random), person_ids(random, 1)
        persons.append(person(random, target, place, amount={"no": 701, "yes": 901}[truth]))
        asked.append((truth, place))
    chart = {"label": "commune", "value": "montant_moyenne", "title": "Aides"}
    steps = [
        aggregate("aides", ["commune"], "moyennes", means=["montant"]),
        _step("chart", "moyennes", "dessin", **chart),
        aggregate("aides", ["sexe"], counts=["id"]),
    ]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [
        Trial(
            truth,
            {
                **{answer: f"{place} : {answer}" in seen.text for answer in ("701", "901")},
                **signs(seen, place),
            },
        )
        for truth, place in asked
    ]


ATTACKS = (
    Attack("unless_this_aid", "an aid by what waits", _unless_this_aid, 2, 16, 24),
    Attack("ninth_series", "an aid that one alone has", _ninth_series, 2, 16, 24),
    Attack("row_that_moves", "whether one lives there", _row_that_moves, 2, 16, 24),
    Attack("chart_on_the_way", "the amount of the only one", _chart_on_the_way, 2, 6, 10),
)
