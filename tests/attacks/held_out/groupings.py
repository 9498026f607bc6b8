"""One unit, by groups that the attacker draws, in applications that are not made for lists."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Step, Table, Treatment, aggregate, cross, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import AIDS, beneficiaries, coin, commune, crowd, own, person, person_ids

_PLACES = [commune(number) for number in range(20)]
_TOWNS = [commune(number) for number in range(100, 105)]
_AID = {"yes": "rsa", "no": "apl"}
_AMOUNTS = {"no": 150, "yes": 900}
_MIDDLE = 500


def _with(table: Table, **columns: Sequence[str]) -> Table:
    """The table with further columns."""
    added = {name: tuple(cells) for name, cells in columns.items()}
    return replace(table, cells={**table.cells, **added})


def _largest_class(random: Random) -> Sequence[Trial]:
    """The target and 28 others of a commune get the same aid, and one gets another."""
    persons, targets = [], []
    for place in _PLACES:
        truth = coin(random)
        persons += [
            person(random, person_id, place, aid=_AID[truth])
            for person_id in person_ids(random, 29)
        ]
        persons.append(person(random, person_ids(random, 1)[0], place, aid="aah"))
        targets.append((truth, place))
    steps = [aggregate("aides", ["commune", "aide"], counts=["id"])]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    return [
        Trial(
            truth,
            {
                **{aid: seen.has(commune=place, aide=aid) for aid in AIDS},
                "rsa_is_shown": bool(seen.cell("id_nombre", commune=place, aide="rsa")),
                **signs(seen),
            },
        )
        for truth, place in targets
    ]


def _empty_or_small(random: Random) -> Sequence[Trial]:
    """Hamlets of one's own list, where one person lives or nobody: none is a figure, too."""
    persons, targets = crowd(random, 30, _TOWNS), []
    for place in _PLACES:
        (target,), truth = person_ids(random, 1), coin(random)
        persons += [person(random, target, place)] * (truth == "yes")
        targets.append((truth, place))
    listed = own(
        ("commune", "lieu"),
        [(place_name, f"lieu {place_name}") for place_name in (*_PLACES, *_TOWNS)],
    )
    tables = {"depot": listed, "aides": beneficiaries(random, persons)}
    steps = [
        cross("depot", "aides", left_key="commune", right_key="commune", how="left"),
        aggregate("croise", ["lieu"], counts=["id"]),
    ]
    seen = release(Treatment(steps, tables), Ledger())
    return [
        Trial(truth, _counted(seen, "id_nombre", lieu=f"lieu {place_name}"))
        for truth, place_name in targets
    ]


def _counted(seen: Seen, figure: str, **group: str) -> dict[str, object]:
    return {"figure": seen.cell(figure, **group), "row": seen.has(**group), **signs(seen)}


def _four_weeks(random: Random) -> Sequence[Trial]:
    """The target alone has its day in the last week of February 2021, which is four weeks long."""
    persons, targets = [], []
    days: dict[str, str] = {}
    for place in _PLACES:
        truth, (target,) = coin(random), person_ids(random, 1)
        for week in range(3):
            some = crowd(random, 15, [place])
            persons += some
            days |= {
                resident[0]: f"2021-02-{1 + 7 * week + random.randrange(7):02}" for resident in some
            }
        persons.append(person(random, target, place, amount=_AMOUNTS[truth]))
        days[target] = f"2021-02-{random.randint(22, 28)}"
        targets.append((truth, place))
    aids = beneficiaries(random, persons)
    tables = {"aides": _with(aids, jour=[days[person_id] for person_id in aids.cells["id"]])}
    ledger = Ledger()
    weeks, months = (release(_by_time(step, tables), ledger) for step in ("week", "month"))
    return [Trial(truth, _last_week(weeks, months, place)) for truth, place in targets]


def _by_time(step: str, tables: Mapping[str, Table]) -> Treatment:
    times = [{"column": "jour", "step": step, "name": "quand"}]
    return Treatment([aggregate("aides", ["commune"], times=times, sums=["montant"])], tables)


def _last_week(weeks: Seen, months: Seen, place: str) -> dict[str, object]:
    first = [weeks.cell("montant", commune=place, quand=f"2021-W0{week}") for week in (5, 6, 7)]
    total = months.cell("montant", commune=place, quand="2021-02")
    guess = None if None in (*first, total) else total - sum(first) > _MIDDLE
    here = weeks.cell("montant", commune=place, quand="2021-W08")
    direct_guess = None if here is None else here > _MIDDLE
    return {"rest": guess, "here": direct_guess, **signs(months), "first": weeks.error}


def _share_of_the_rest(random: Random) -> Sequence[Trial]:
    """The only man of a commune: women's sum and their share of the commune's are shown."""
    persons, targets = [], []
    for place in _PLACES:
        truth, (man,) = coin(random), person_ids(random, 1)
        persons += [
            person(random, person_id, place, sex="F") for person_id in person_ids(random, 30)
        ]
        persons.append(person(random, man, place, sex="H", amount=_AMOUNTS[truth]))
        targets.append((truth, place))
    shares = [{"of": "montant", "within": ["commune"], "name": "part", "digits": 10}]
    steps = [aggregate("aides", ["commune", "sexe"], sums=["montant"], shares=shares)]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    trials = []
    for truth, place in targets:
        women, share = (
            seen.cell(figure, commune=place, sexe="F") for figure in ("montant", "part")
        )
        guess = women * (100 / share - 1) > _MIDDLE if women and share else None
        trials.append(Trial(truth, {"rest": guess, **signs(seen)}))
    return trials


def _multiplied_rows(random: Random) -> Sequence[Trial]:
    """The only one of a commune: without its number, and copied into fifteen rows."""
    persons, targets = crowd(random, 30, _TOWNS), []
    for place in _PLACES:
        truth, (target,) = coin(random), person_ids(random, 1)
        persons.append(person(random, target, place, amount=_AMOUNTS[truth]))
        targets.append((truth, place))
    names = [f"copie{number}" for number in range(15)]
    copies = [{"op": "copy", "columns": {"montant": name}} for name in names]
    long = {
        "application": "pivot",
        "inputs": {"table": "nettoye"},
        "output": "long",
        "parameters": {"long": {"columns": names, "values_to": "valeur"}},
    }
    steps = [
        _cleaned({"op": "drop", "columns": ["id"]}, *copies),
        long,
        aggregate("long", ["commune"], means=["valeur"], rows="n"),
    ]
    seen = release(Treatment(steps, {"aides": beneficiaries(random, persons)}), Ledger())
    trials = []
    for truth, place in targets:
        mean = seen.cell("valeur_moyenne", commune=place)
        guess = None if mean is None else mean > _MIDDLE
        trials.append(Trial(truth, {"mean": guess, "row": seen.has(commune=place), **signs(seen)}))
    return trials


def _recoded_list(random: Random) -> Sequence[Trial]:
    """Ten known members and the target of each list, which a cleaning puts in place of numbers."""
    persons, upload, asked = crowd(random, 40, _TOWNS), [], []
    for number in range(20):
        *members, target = person_ids(random, 11)
        truth, group = coin(random), f"liste{number}"
        persons += [person(random, member, _TOWNS[0]) for member in members]
        persons += [person(random, target, _TOWNS[0])] * (truth == "yes")
        upload += [(person_id, group) for person_id in (*members, target)]
        asked.append((truth, group))
    tables = {"aides": beneficiaries(random, persons), "depot": own(("id", "groupe"), upload)}
    recode = {
        "op": "recode",
        "columns": ["id"],
        "from_column": "id",
        "to_column": "groupe",
        "others": "empty",
    }
    steps = [_cleaned(recode, codes="depot"), aggregate("nettoye", ["id"], counts=["commune"])]
    seen = release(Treatment(steps, tables), Ledger())
    return [Trial(truth, _counted(seen, "commune_nombre", id=group)) for truth, group in asked]


def _cleaned(*operations: Step, **roles: str) -> Step:
    return {
        "application": "clean",
        "inputs": {"table": "aides", **roles},
        "output": "nettoye",
        "parameters": {"operations": operations},
    }


def _nearest_place(random: Random) -> Sequence[Trial]:
    """Ten neighbours are known at each of twenty places of one's own, and the target may be."""
    persons, places, asked = crowd(random, 60, [commune(150)]), [], []
    where = {person[0]: (49.5, -0.3) for person in persons}
    for number in range(20):
        truth, at = coin(random), (48.9 + number / 50, -0.3)
        some = person_ids(random, 10 + (truth == "yes"))
        persons += [person(random, person_id, commune(150)) for person_id in some]
        where |= {person_id: (at[0] + random.random() / 500, at[1]) for person_id in some}
        places.append((f"lieu{number}", str(at[0]), str(at[1])))
        asked.append((truth, f"lieu{number}"))
    aids = beneficiaries(random, persons)
    points = [where[person_id] for person_id in aids.cells["id"]]
    latitudes, longitudes = ([f"{point[at]:.6f}" for point in points] for at in (0, 1))
    tables = {
        "aides": _with(aids, latitude=latitudes, longitude=longitudes),
        "depot": own(("lieu", "latitude", "longitude"), places),
    }
    steps = [_situated("aides", "depot"), aggregate("situe", ["pres"], counts=["id"])]
    seen = release(Treatment(steps, tables), Ledger())
    return [Trial(truth, _counted(seen, "id_nombre", pres=place)) for truth, place in asked]


def _situated(table: str, places: str) -> Step:
    position = {"latitude": "latitude", "longitude": "longitude"}
    nearest = {"position": position, "label": "lieu", "name": "pres"}
    return {
        "application": "geo",
        "inputs": {"table": table, "places": places},
        "output": "situe",
        "parameters": {"position": position, "nearest": nearest},
    }


ATTACKS = (
    Attack("largest_class", "the aid that nearly all of a commune get", _largest_class),
    Attack("empty_or_small", "whether one lives where nobody may", _empty_or_small),
    Attack("four_weeks", "an amount by a month less its weeks", _four_weeks),
    Attack("share_of_the_rest", "the amount of the only man of a commune", _share_of_the_rest),
    Attack("multiplied_rows", "the amount of the only one of a commune", _multiplied_rows),
    Attack("recoded_list", "membership in lists that are codes", _recoded_list),
    Attack("nearest_place", "membership by where one is", _nearest_place),
)
