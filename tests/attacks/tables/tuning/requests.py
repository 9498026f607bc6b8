"""What is true of one person? By treatments that the first rules of release let pass, or held."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from random import Random
from typing import Any

from shared.engine.contract.policy import ReleasePolicy
from tests.attacks.lab import Seen, Step, Table, Treatment, aggregate, cross, query, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.doors import ask
from tests.attacks.tables.towns import (
    ANSWER,
    Inhabitant,
    Target,
    World,
    among_others,
    communes,
    inhabitant,
    inhabitants,
    only_women,
    policy,
    restricted,
    world_of,
)
from tests.attacks.worlds import coin, own, person_ids

_PLACES, _MEN = 16, 45
_POLICY = policy("commune", "sexe", "age", "rsa")
_COLLUDER = "mbr_complice"
_OF_LIST = ReleasePolicy.model_validate(
    {"minimum_units": 3, "dimensions": [{"column": "personne", "levels": ["value"]}]}
)
"""A colluder lets all be shown of its own list, where each stands twelve times."""


def step(application: str, table: str, output: str, **parameters: Any) -> Step:
    """A step over one table."""
    inputs = {"table": table}
    return {
        "application": application,
        "inputs": inputs,
        "output": output,
        "parameters": parameters,
    }


def trials(world: World, answers: Sequence[Seen]) -> list[Trial]:
    """Let one guess by all figures of rows about a target, whoever's column names it."""
    return [
        Trial(
            target.truth,
            {
                name: leaf
                for number, seen in enumerate(answers)
                for name, leaf in _figures(number, seen, target).items()
            },
        )
        for target in world.targets
    ]


def _figures(number: int, seen: Seen, target: Target) -> dict[str, Hashable]:
    figures: dict[str, Hashable] = {}
    for row in seen.rows:
        own_keys = {target.row.commune, target.row.id}
        if own_keys & {*map(str, row.values())}:
            others = " ".join(str(cell) for cell in row.values() if isinstance(cell, str))
            others = others.replace(target.row.commune, "").replace(target.row.id, "")
            figures |= {
                f"{number} {others} {name}": cell
                for name, cell in row.items()
                if not isinstance(cell, str)
            }
    return {**figures, **{f"{number} {name}": sign for name, sign in signs(seen).items()}}


def _fifteen(random: Random) -> Sequence[Trial]:
    """A list of fifteen of one's own, met by commune, then by commune, sex and age."""
    world = only_women(random, communes(_PLACES), _MEN)
    names = ("nom", "commune", "sexe", "age")
    listed = [
        (target.row.id, target.row.commune, "F", target.row.age) for target in world.targets[:15]
    ]
    tables = {"depot": own(names, listed), "aides": world.table}
    share = "avg(CASE WHEN a.rsa = 'oui' THEN 1 ELSE 0 END) AS part"
    questions = [
        [
            cross("depot", "aides", left_key="commune", right_key="commune"),
            aggregate("croise", ["nom", "rsa"], rows="n"),
        ],
        [_met_by("a.rsa, count(*) AS n", "commune", "sexe")],
        [_met_by("a.rsa, count(*) AS n", "commune", "sexe", "age")],
        [_met_by(share, "commune", "sexe")],
    ]
    return trials(world, [ask(Treatment(steps, tables), _POLICY) for steps in questions])


def _met_by(figures: str, *keys: str) -> Step:
    """Return a query on who is alike in these columns to each of a list."""
    alike = " AND ".join(f"a.{key} = d.{key}" for key in keys)
    sql = f"SELECT d.nom, {figures} FROM depot d JOIN aides a ON {alike} GROUP BY ALL"  # noqa: S608
    return query(sql, "depot", "aides")


def _listed(random: Random, owner: str) -> Sequence[Trial]:
    """A colluder's list of identifiers, open or restricted by a policy of the colluder's."""
    world = among_others(random, communes(_PLACES), _MEN)
    rows = [(target.row.id, f"liste{number}") for number, target in enumerate(world.targets)]
    cells = own(("personne", "groupe"), [row for row in rows for _ in range(12)]).cells
    complice = Table(cells, owner, "none", dataset_id="dts_complice")
    tables = {"liste": complice, "aides": world.table}
    crossed = cross("liste", "aides", left_key="personne")
    questions = [
        [crossed, aggregate("croise", ["groupe", "rsa"], rows="n")],
        [crossed, aggregate("croise", ["personne", "rsa"], rows="n")],
        [aggregate("aides", ["id", "rsa"], rows="n")],
    ]
    policies = {"liste": _OF_LIST} if complice.is_restricted else {}
    return trials(world, [ask(Treatment(q, tables), _POLICY, policies) for q in questions])


def _elderly(random: Random) -> Sequence[Trial]:
    """RSA from 65, then from 66, of a town with one person of 65."""
    rows, targets = list[Inhabitant](), []
    for place in communes(_PLACES):
        truth = coin(random)
        rows += inhabitants(random, 40, place, age=str(random.randint(18, 64)))
        rows += inhabitants(random, random.randint(6, 30), place, age="70", rsa="oui")
        (identifier,) = person_ids(random, 1)
        row = inhabitant(random, identifier, place, age="65", rsa=ANSWER[truth])
        targets.append(Target(truth, row))
    world = world_of(random, rows, targets)
    questions = [
        [
            step("filter", "aides", "ages", column="age", comparison=">=", value=str(age)),
            step("filter", "ages", "choisis", column="rsa", value="oui"),
            aggregate("choisis", ["commune"], rows="n"),
        ]
        for age in (65, 66)
    ]
    tables = {"aides": world.table}
    made_by = policy("commune", "age", "rsa")
    return trials(world, [ask(Treatment(steps, tables), made_by) for steps in questions])


def _flags(random: Random, groups: Callable[[Random], tuple[int, int]]) -> Sequence[Trial]:
    """Sums and means of a column of yes and no, as numbers, of the women of a commune."""
    rows, targets = list[Inhabitant](), []
    for place in communes(_PLACES):
        truth = coin(random)
        rows += inhabitants(random, _MEN, place, sexe="H")
        some, others = groups(random)
        rows += inhabitants(random, some, place, sexe="F", rsa="oui")
        rows += inhabitants(random, others, place, sexe="F", rsa="non")
        (identifier,) = person_ids(random, 1)
        targets.append(
            Target(truth, inhabitant(random, identifier, place, sexe="F", rsa=ANSWER[truth]))
        )
    world = world_of(random, rows, targets)
    flag = "CASE WHEN rsa = 'oui' THEN 1 ELSE 0 END"
    figures = f"sum({flag}) AS s, avg({flag}) AS m, count(*) AS n, max(rsa) AS le"
    tables = {"aides": world.table}
    made_by = policy("commune", "sexe", "rsa")
    questions = [
        [query(f"SELECT commune, sexe, {part} FROM aides GROUP BY ALL", "aides")]  # noqa: S608
        for part in figures.split(", ")
    ]
    return trials(world, [ask(Treatment(steps, tables), made_by) for steps in questions])


def _drawn(random: Random) -> Sequence[Trial]:
    """Pseudonyms, and dots that are drawn of them."""
    world = only_women(random, communes(_PLACES), _MEN)
    tables = {"aides": world.table}
    pseudonyms = step("pseudonymise", "aides", "masques", columns=["id"])
    chart = {"label": "id", "value": "n", "title": "Aides"}
    questions = [
        [pseudonyms, aggregate("masques", ["id", "commune", "rsa"], rows="n")],
        [
            pseudonyms,
            aggregate("masques", ["id"], rows="n", output="comptes"),
            step("chart", "comptes", "resultat", **chart),
        ],
        [pseudonyms],
    ]
    return trials(world, [ask(Treatment(steps, tables), _POLICY) for steps in questions])


def _months(random: Random) -> Sequence[Trial]:
    """Twelve rows of the one person of a hamlet, who is one unit; and its single months."""
    rows, targets = list[Inhabitant](), []
    for place in communes(_PLACES):
        truth = coin(random)
        rows += inhabitants(random, _MEN, place, sexe="H")
        (identifier,) = person_ids(random, 1)
        row = inhabitant(random, identifier, place, sexe="F", rsa=ANSWER[truth])
        targets.append(Target(truth, row))
        rows += [row] * 11
    everybody = [*rows, *(target.row for target in targets)]
    world = World(restricted(random, everybody), everybody, targets)
    tables = {"aides": world.table}
    by = (["id", "rsa"], ["commune", "sexe", "rsa"], ["commune", "sexe"])
    questions = [[aggregate("aides", keys, rows="n", sums=["montant"])] for keys in by]
    questions += [[aggregate("aides", keys, rows="n")] for keys in by]
    made_by = policy("commune", "sexe", "rsa", has_sums=True, units_repeat=True)
    return trials(world, [ask(Treatment(steps, tables), made_by) for steps in questions])


def _forty(random: Random) -> tuple[int, int]:
    some = random.randint(2, 5)
    return some, 39 - some


def _fourteen(_: Random) -> tuple[int, int]:
    return 13, 0


ATTACKS = (
    Attack("fifteen_of_one_s_own", "the aid of each of a list", _fifteen, 2, 3, 5),
    Attack(
        "open_list_of_colluder",
        "the same, by numbers",
        partial(_listed, owner="mbr_porteur"),
        2,
        3,
        4,
    ),
    Attack("restricted_list_of_colluder", "the same", partial(_listed, owner=_COLLUDER), 2, 3, 4),
    Attack("from_65_then_66", "the aid of the one of 65", _elderly, 2, 3, 4),
    Attack("four_of_forty", "the aid of one of forty", partial(_flags, groups=_forty), 2, 3, 4),
    Attack(
        "thirteen_of_fourteen", "of one of fourteen", partial(_flags, groups=_fourteen), 2, 3, 4
    ),
    Attack("drawn_pseudonyms", "the aid of the only woman", _drawn, 2, 3, 4),
    Attack("twelve_months_of_one", "the same, of twelve rows", _months, 2, 3, 4),
)
