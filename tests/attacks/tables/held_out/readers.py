"""Does this person get the RSA? By all protected tables together, as everybody reads them."""

from collections.abc import Hashable, Mapping, Sequence
from random import Random
from typing import Any

from shared.engine.contract.policy import ReleasePolicy
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.doors import published
from tests.attacks.tables.equations import Cell, Equations, pattern
from tests.attacks.tables.towns import Target, World, among_others, communes, only_women, policy

_PLACES = 16
_MEN = 45
_BY_SEX = policy("commune", "sexe", "rsa")
_BY_AGE = policy("commune", "sexe", "age", "rsa")
_OF_FEW = policy("commune", "sexe", "rsa", minimum=3)


def trials(world: World, rows: Sequence[Mapping[str, Any]]) -> list[Trial]:
    """Let one guess by what is hidden, and by the bounds of the cell where the target may be."""
    equations = Equations({row.commune for row in world.rows})
    equations.read(rows)
    return [
        Trial(target.truth, {**pattern(rows, target.row.commune), **_bounds(equations, target)})
        for target in world.targets
    ]


def _read(world: World, made_by: ReleasePolicy) -> list[Trial]:
    return trials(world, published(world.table, made_by).rows)


def _bounds(equations: Equations, target: Target) -> dict[str, Hashable]:
    own = Cell.of(target.row)
    cells = equations.where(
        lambda cell: (cell.commune, cell.sexe, cell.rsa) == (own.commune, own.sexe, "oui")
    )
    bounds = equations.bounds(cells)
    if bounds is None:
        return {"fits": False}
    low, high = bounds
    return {"some": low > 0.5, "none": high < 0.5, "low": round(low), "high": round(high)}


def _only_women(random: Random) -> Sequence[Trial]:
    return _read(only_women(random, communes(_PLACES), _MEN), _BY_SEX)


def _only_women_by_age(random: Random) -> Sequence[Trial]:
    return _read(only_women(random, communes(_PLACES), _MEN), _BY_AGE)


def _among_others(random: Random) -> Sequence[Trial]:
    return _read(among_others(random, communes(_PLACES), _MEN), _BY_SEX)


def _among_few(random: Random) -> Sequence[Trial]:
    return _read(among_others(random, communes(_PLACES), 12), _OF_FEW)


ATTACKS = (
    Attack("only_woman_in_tables", "the aid of the only woman of a commune", _only_women, 2, 3, 4),
    Attack(
        "only_woman_by_age", "the same, where ages are counted, too", _only_women_by_age, 2, 3, 4
    ),
    Attack("one_of_many_in_tables", "the aid of anybody in a commune", _among_others, 2, 3, 4),
    Attack("one_of_few_in_tables", "the same, of few, at a minimum of three", _among_few, 2, 3, 4),
)
