"""What is true of one person? By all that two members were answered, put together."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from tests.attacks.lab import Seen, Step, Table, Treatment, aggregate, cross
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.doors import WAITING, ask
from tests.attacks.tables.equations import Cell, Equations
from tests.attacks.tables.towns import communes, only_women, policy, restricted
from tests.attacks.worlds import own

_PLACES, _MEN = 16, 45
_POLICY = policy("commune", "sexe", "age", "rsa")
_KEYS: Mapping[str, Callable[[Cell], str]] = {
    "commune": lambda cell: cell.commune,
    "sexe": lambda cell: cell.sexe,
    "rsa": lambda cell: cell.rsa,
}
_FILTERS: Sequence[tuple[str, str, str, Callable[[Cell], bool]]] = (
    ("sexe", "=", "F", lambda cell: cell.sexe == "F"),
    ("sexe", "<>", "H", lambda cell: cell.sexe != "H"),
    ("rsa", "=", "oui", lambda cell: cell.rsa == "oui"),
    ("age", ">=", "65", lambda cell: cell.age == "65 et plus"),
    ("age", "<", "25", lambda cell: cell.age == "moins de 25"),
)


class Request(NamedTuple):
    """Counts by some columns, of the rows that filters choose, by zones of one's own or not."""

    by: tuple[str, ...]
    filters: tuple[int, ...]
    zones: Mapping[str, str] | None

    def steps(self) -> list[Step]:
        """Return the treatment."""
        table, steps = "aides", list[Step]()
        for number, (column, comparison, value, _) in enumerate(
            map(_FILTERS.__getitem__, self.filters)
        ):
            parameters = {"column": column, "comparison": comparison, "value": value}
            output = f"choisis{number}"
            steps.append(
                {
                    "application": "filter",
                    "inputs": {"table": table},
                    "output": output,
                    "parameters": parameters,
                }
            )
            table = output
        if self.zones is not None:
            steps.append(cross(table, "zones", left_key="commune", right_key="lieu"))
            table = "croise"
        return [*steps, aggregate(table, self.by, rows="n")]

    def note(self, seen: Seen, equations: Equations) -> None:
        """Put what was answered among the equations."""
        for row in seen.rows:
            equations.add(equations.where(partial(self._is_of, row)), row["n"])

    def _is_of(self, row: Mapping[str, object], cell: Cell) -> bool:
        if self.zones is not None and cell.commune not in self.zones:
            return False
        if "zone" in self.by and (self.zones or {}).get(cell.commune) != row["zone"]:
            return False
        is_chosen = all(_FILTERS[number][3](cell) for number in self.filters)
        return is_chosen and all(
            key(cell) == row[name] for name, key in _KEYS.items() if name in self.by
        )


def request(random: Random, places: Sequence[str]) -> Request:
    """Return any request; half of them are by zones that overlap with those of others."""
    zones = None
    by = random.sample([*_KEYS], random.randint(0, 3))
    if random.random() < 0.5:
        chosen = random.sample(places, random.randint(len(places) // 2, len(places)))
        zones = {place: f"z{random.randrange(4)}" for place in chosen}
        by = ["zone", *(name for name in by if name != "commune")]
    filters = random.sample(range(len(_FILTERS)), random.choice((0, 0, 1, 2)))
    return Request(tuple(by) or ("sexe",), tuple(sorted(filters)), zones)


def _colluding(random: Random, requests: int) -> Sequence[Trial]:
    """Two ask in turns, of two versions, by lists of their own as well."""
    places = communes(_PLACES)
    world = only_women(random, places, _MEN)
    newer = restricted(random, world.rows[1:], version=2)
    equations, waiting = Equations(places), 0
    for number in range(requests):
        asked = request(random, places)
        # Tables of the second version wait to be an edition: those of the first answer.
        seen = ask(_treatment(asked, world.table), _POLICY)
        asked.note(seen, equations)
        if number % 10 == 0:
            listed = [world.targets[number % _PLACES].row.id]
            waiting += ask(_of_list(listed, newer), _POLICY) == WAITING
    return [
        Trial(target.truth, {**_bounds(equations, Cell.of(target.row)), "waiting": waiting})
        for target in world.targets
    ]


def _treatment(asked: Request, table: Table) -> Treatment:
    tables = {"aides": table}
    if asked.zones is not None:
        tables["zones"] = own(("lieu", "zone"), [*asked.zones.items()])
    return Treatment(asked.steps(), tables)


def _of_list(listed: Sequence[str], table: Table) -> Treatment:
    upload = own(("id", "groupe"), [(identifier, "un") for identifier in listed])
    steps = [cross("depot", "aides"), aggregate("croise", ["groupe", "rsa"], rows="n")]
    return Treatment(steps, {"depot": upload, "aides": table})


def _bounds(equations: Equations, target: Cell) -> dict[str, object]:
    cells = equations.where(
        lambda cell: (cell.commune, cell.sexe, cell.rsa) == (target.commune, "F", "oui")
    )
    bounds = equations.bounds(cells)
    if bounds is None:
        return {"fits": False}
    low, high = bounds
    return {"some": low > 0.5, "none": high < 0.5, "low": round(low), "high": round(high, 1)}


def _colluders(requests: int) -> Attack:
    """Return two who ask so many times."""
    world, name = partial(_colluding, requests=requests), f"colluders_{requests}_requests"
    return Attack(name, "the aid of the only woman", world, 2, 1, 4, is_long=requests > _FEW)


_FEW = 8
ATTACKS = (_colluders(100), _colluders(_FEW))
