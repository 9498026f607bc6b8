"""What does one person get? By queries and pivots that look like plain sums and counts."""

from collections.abc import Callable, Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Step, Table, Treatment, aggregate, query, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import (
    beneficiaries,
    coin,
    commune,
    crowd,
    one_in_each,
    person,
    person_ids,
)

_PLACES = [commune(number) for number in range(20)]
_AID = {"yes": "rsa", "no": "apl"}
_AMOUNTS = {"no": 150, "yes": 900}
_MIDDLE = 500
_BY = " FROM aides GROUP BY commune"


def _run(aids: Table, ledger: Ledger, *steps: Step) -> Seen:
    return release(Treatment(steps, {"aides": aids}), ledger)


def _asked(sql: str) -> Callable[[Random], Sequence[Trial]]:
    """One query that names the target of each commune; what it shows of the commune."""

    def world(random: Random) -> Sequence[Trial]:
        aids, targets = one_in_each(random, _AID, _PLACES)
        listed = ", ".join(f"'{target}'" for _, _, target in targets)
        seen = _run(aids, Ledger(), query(sql.format(targets=listed), "aides"))
        return [
            Trial(truth, {"n": seen.cell("n", commune=place), **_row(seen, place)})
            for truth, place, _ in targets
        ]

    return world


def _row(seen: Seen, place: str) -> dict[str, bool | str]:
    return {"row": seen.has(commune=place), **signs(seen)}  # type: ignore[dict-item]


def _known_in_each(random: Random) -> Sequence[Trial]:
    """Twelve persons of each commune who are known to get the aid, and the target, by number."""
    persons, asked, ids = [], [], []
    for place in _PLACES:
        *neighbours, target = person_ids(random, 13)
        truth = coin(random)
        persons += [person(random, text, place, aid="rsa") for text in neighbours]
        persons.append(person(random, target, place, aid=_AID[truth]))
        persons += crowd(random, 20, [place])
        ids += [*neighbours, target]
        asked.append((truth, place))
    listed = ", ".join(f"'{identifier}'" for identifier in ids)
    sql = (
        "SELECT commune, count(*) AS n FROM aides"
        " WHERE id IN (LISTE) AND aide = 'rsa' GROUP BY commune"
    ).replace("LISTE", listed)
    seen = _run(beneficiaries(random, persons), Ledger(), query(sql, "aides"))
    return [
        Trial(truth, {"n": seen.cell("n", commune=place), **_row(seen, place)})
        for truth, place in asked
    ]


def _different(step: Step, figure: str) -> Callable[[Random], Sequence[Trial]]:
    """All of a commune get the same aid, but perhaps the target: how many aids there are."""

    def world(random: Random) -> Sequence[Trial]:
        persons, asked = [], []
        for place in _PLACES:
            (target,), truth = person_ids(random, 1), coin(random)
            persons += [
                person(random, person_id, place, aid="apl", amount=200)
                for person_id in person_ids(random, 30)
            ]
            persons.append(person(random, target, place, aid=_AID[truth], amount=300))
            asked.append((truth, place))
        seen = _run(beneficiaries(random, persons), Ledger(), step)
        return [
            Trial(truth, {"n": seen.cell(figure, commune=place), **_row(seen, place)})
            for truth, place in asked
        ]

    return world


def _only_man(*steps: Step) -> Callable[[Random], Sequence[Trial]]:
    """Two results of which one leaves out the only man of each commune, or shows him apart."""

    def world(random: Random) -> Sequence[Trial]:
        persons, asked = [], []
        for place in _PLACES:
            (man,), truth = person_ids(random, 1), coin(random)
            persons += [
                person(random, person_id, place, sex="F") for person_id in person_ids(random, 30)
            ]
            persons.append(person(random, man, place, sex="H", amount=_AMOUNTS[truth]))
            asked.append((truth, place))
        aids, ledger = beneficiaries(random, persons), Ledger()
        seen = [_run(aids, ledger, step) for step in steps]
        return [Trial(truth, _of_the_man(seen, place)) for truth, place in asked]

    return world


def _of_the_man(seen: Sequence[Seen], place: str) -> dict[str, object]:
    names = ("montant", "F", "H")
    cells = [view.cell(name, commune=place) for view in seen for name in names]
    sums = [cell for cell in cells if cell is not None]
    rest = {
        f"{a}-{b}": cell - other > _MIDDLE
        for a, cell in enumerate(cells)
        for b, other in enumerate(cells)
        if a != b and cell is not None and other is not None
    }
    alone = [sum_shown > _MIDDLE for sum_shown in sums if sum_shown < 1_000]
    return {**rest, "alone": tuple(alone), **signs(seen[-1]), "first": seen[0].error}


def _all_get(random: Random) -> Sequence[Trial]:
    """All of a commune get the same aid: a count of those who do, beside that of all."""
    persons, asked = [], []
    for place in _PLACES:
        truth = coin(random)
        persons += [
            person(random, person_id, place, aid=_AID[truth])
            for person_id in person_ids(random, 30)
        ]
        asked.append((truth, place))
    aids, ledger = beneficiaries(random, persons), Ledger()
    sqls = (
        f"SELECT commune, count(*) AS n{_BY}",
        "SELECT commune, count(*) AS n FROM aides WHERE aide = 'rsa' GROUP BY commune",
    )
    seen = [_run(aids, ledger, query(sql, "aides")) for sql in sqls]
    return [
        Trial(truth, {"all": seen[1].cell("n", commune=place) is not None, **_row(seen[1], place)})
        for truth, place in asked
    ]


def _one_or_other(random: Random) -> Sequence[Trial]:
    """A large known group, or the only man of a commune: his aid, without his number."""
    persons, asked = [], []
    for place in _PLACES:
        (man,), truth = person_ids(random, 1), coin(random)
        women = person_ids(random, 30)
        persons += [person(random, woman, place, sex="F", aid="aah") for woman in women]
        persons.append(person(random, man, place, sex="H", aid=_AID[truth]))
        asked.append((truth, place))
    sql = (
        "SELECT commune, count(*) AS n FROM aides"
        " WHERE sexe = 'F' OR (sexe = 'H' AND aide = 'rsa') GROUP BY commune"
    )
    seen = _run(beneficiaries(random, persons), Ledger(), query(sql, "aides"))
    return [
        Trial(truth, {"n": seen.cell("n", commune=place), **_row(seen, place)})
        for truth, place in asked
    ]


def _sum_as_label(random: Random) -> Sequence[Trial]:
    """Communes of which one person has nearly all: their sums as names of groups."""
    persons, asked = [], []
    for number, place in enumerate(_PLACES):
        (target,), truth = person_ids(random, 1), coin(random)
        sums = {answer: amount * 1_000 + number for answer, amount in _AMOUNTS.items()}
        small = person_ids(random, 20)
        persons += [person(random, place_name, place, amount=200) for place_name in small]
        persons.append(person(random, target, place, amount=sums[truth]))
        asked.append((truth, str(sums["yes"] + 200 * len(small))))
    steps = (
        aggregate("aides", ["commune"], "sommes", sums=["montant"], rows="n"),
        aggregate("sommes", ["montant"], sums=["n"]),
    )
    seen = _run(beneficiaries(random, persons), Ledger(), *steps)
    return [Trial(truth, {"label": large in seen.text, **signs(seen)}) for truth, large in asked]


_IS_TARGET = "(id IN ({targets}) AND aide = 'rsa')"
_WOMEN = query(
    "SELECT commune, sum(montant) AS montant FROM aides WHERE sexe = 'F' GROUP BY commune", "aides"
)
_ALL = aggregate("aides", ["commune"], sums=["montant"])
_PIVOT: Step = {
    "application": "pivot",
    "inputs": {"table": "aides"},
    "output": "resultat",
    "parameters": {
        "wide": {
            "index": ["commune"],
            "names": "sexe",
            "values": "montant",
            "figure": "sum",
            "columns": ["F", "H"],
        }
    },
}

ATTACKS = (
    Attack(
        "query_having",
        "an aid by which groups there are",
        _asked(f"SELECT commune, count(*) AS n{_BY} HAVING count(*) FILTER {_IS_TARGET} = 0"),
    ),
    Attack(
        "query_filtered_count",
        "an aid by a count with a condition",
        _asked(f"SELECT commune, 1000 * count(*) FILTER {_IS_TARGET} + count(*) AS n{_BY}"),
    ),
    Attack(
        "query_nested",
        "an aid by a sum of what is worked out within",
        _asked(
            "SELECT commune, sum(v) AS n FROM (SELECT commune, CASE WHEN id IN ({targets})"
            " AND aide = 'rsa' THEN 100000 ELSE 1 END AS v FROM aides) GROUP BY commune"
        ),
    ),
    Attack("query_of_numbers", "an aid by numbers of twelve known and one", _known_in_each),
    Attack(
        "query_distinct",
        "whether one gets another aid",
        _different(query(f"SELECT commune, count(DISTINCT aide) AS n{_BY}", "aides"), "n"),
    ),
    Attack(
        "aggregate_distinct",
        "whether one gets another aid",
        _different(aggregate("aides", ["commune"], distinct=["aide"]), "aide_distincts"),
    ),
    Attack(
        "query_less_aggregate", "the amount of the only man of a commune", _only_man(_ALL, _WOMEN)
    ),
    Attack(
        "aggregate_less_query", "the amount of the only man of a commune", _only_man(_WOMEN, _ALL)
    ),
    Attack("pivot_margins", "the amount of the only man of a commune", _only_man(_PIVOT, _ALL)),
    Attack("query_of_all", "the aid that all of a commune get", _all_get),
    Attack("query_one_or_other", "the aid of the only man of a commune", _one_or_other),
    Attack("sum_as_label", "the amount that is nearly all of a commune's", _sum_as_label),
)
