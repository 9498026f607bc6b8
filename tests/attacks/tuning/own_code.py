"""What does one person get? By own code that tells it in a place where nobody looks."""

from collections.abc import Sequence
from random import Random

from tests.attacks.adapter import release
from tests.attacks.lab import Ledger, Seen, Step, Table, Treatment, leaves, signs
from tests.attacks.learning import Attack, Trial
from tests.attacks.worlds import beneficiaries, coin, commune, crowd, person, person_ids

_PLACES = [commune(number) for number in range(20)]
_AID = {"yes": "rsa", "no": "apl"}

_IN_COUNTS = """
def run(tables, parameters):
    table = tables["aides"]
    counts = table.groupby("commune").size().reset_index(name="nombre")
    told = table[table["id"].isin(parameters["targets"])].set_index("commune")["aide"]
    counts["nombre"] += counts["commune"].map(told).eq("rsa").astype(int) * 1000
    return counts
"""
_BY_LINE = """
def run(tables, parameters):
    table = tables["aides"]
    aid = table.loc[table["id"] == parameters["target"], "aide"].iloc[0]
    if aid == "rsa":
        raise ValueError("a")
    raise ValueError("a")
"""
_BY_FAILURE = """
def run(tables, parameters):
    table = tables["aides"]
    aid = table.loc[table["id"] == parameters["target"], "aide"].iloc[0]
    if aid == "rsa":
        raise ValueError("a")
    return table.groupby("commune").size().reset_index(name="nombre")
"""
_BY_FILES = """
def run(tables, parameters):
    table = tables["aides"]
    aid = table.loc[table["id"] == parameters["target"], "aide"].iloc[0]
    files = {f"f{number}": b"a" for number in range(15 if aid == "rsa" else 1)}
    return {"nombre": table.groupby("commune").size().reset_index(name="nombre"), **files}
"""


def _step(code: str, **parameters: object) -> Step:
    return {
        "application": "python",
        "inputs": {"aides": "aides"},
        "output": "rendu",
        "parameters": {"code": code, "parameters": parameters},
    }


def _run(code: str, aids: Table, **parameters: object) -> Seen:
    return release(Treatment([_step(code, **parameters)], {"aides": aids}), Ledger())


def _counts(random: Random) -> Sequence[Trial]:
    """A count for each commune of forty, too large by 1,000 where the target has the aid."""
    persons, targets = crowd(random, 40, _PLACES), []
    for place in _PLACES:
        (target,), truth = person_ids(random, 1), coin(random)
        persons.append(person(random, target, place, aid=_AID[truth]))
        targets.append((truth, place, target))
    aids = beneficiaries(random, persons)
    seen = _run(_IN_COUNTS, aids, targets=[target for _, _, target in targets])
    return [
        Trial(truth, {"count": seen.cell("nombre", commune=place), **signs(seen)})
        for truth, place, _ in targets
    ]


def _line(random: Random) -> Sequence[Trial]:
    """The line that the code fails in."""
    return _of_one(random, _BY_LINE)


def _failure(random: Random) -> Sequence[Trial]:
    """Whether the code fails."""
    return _of_one(random, _BY_FAILURE)


def _size(random: Random) -> Sequence[Trial]:
    """How large what is told of was, roughly: of fifteen files, or of one."""
    return [
        Trial(
            truth,
            {at: int(str(feature)) // 1000 for at, feature in seen.items() if at.endswith(".size")},
        )
        for truth, seen in _of_one(random, _BY_FILES)
    ]


def _of_one(random: Random, code: str) -> Sequence[Trial]:
    (target,), truth = person_ids(random, 1), coin(random)
    persons = [*crowd(random, 40, _PLACES), person(random, target, _PLACES[0], aid=_AID[truth])]
    seen = _run(code, beneficiaries(random, persons), target=target)
    return [Trial(truth, {**leaves(seen.reports), **signs(seen)})]


ATTACKS = (
    Attack("code_that_lies", "an aid in counts of own code", _counts, needs="nbclient"),
    Attack("code_by_its_line", "an aid by a line's number", _line, 2, 8, 16, needs="nbclient"),
    Attack("code_by_its_size", "an aid by sizes told", _size, 2, 8, 16, needs="nbclient"),
    Attack("code_that_fails", "an aid by a failure", _failure, 2, 8, 16, needs="nbclient"),
)
