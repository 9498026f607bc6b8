"""What stands in one cell of a restricted table? By what the catalogue says of its columns."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from random import Random

from tests.attacks.lab import OWNER, Table, leaves
from tests.attacks.learning import Attack, Trial
from tests.attacks.tables.catalogue import Catalogue
from tests.attacks.tables.towns import communes
from tests.attacks.worlds import coin, person_ids

_COLUMNS, _ROWS = 20, 80


def _number(random: Random) -> str:
    return str(random.randint(100, 600))


def _category(random: Random) -> str:
    return random.choice(("apl", "aah", "paje"))


def _day(random: Random) -> str:
    return f"{random.randint(1, 12):02}/{random.randint(1, 12):02}/2024"


def _code(random: Random) -> str:
    return random.choice(("14118", "14366", "14047", "14327", "14220", "14715", "14333", "14258"))


def _any_code(random: Random) -> str:
    return random.choice(communes(160))


Cell = Callable[[Random], str]
_CELLS: Mapping[str, tuple[Cell, str]] = {
    "empty_cell": (_number, ""),
    "rare_value": (_category, "rsa"),
    "missing_mark": (_number, "NA"),
    "secret_mark": (_number, "s"),
    "word_among_numbers": (_number, "inconnu"),
    "decimal_among_integers": (_number, "250.5"),
    "late_day": (_day, "25/03/2024"),
    "unknown_commune": (_any_code, "14999"),
    "former_commune": (_code, "14011"),
}
"""What others have in a column, and what the target perhaps has."""


def _profiled(name: str, random: Random) -> Sequence[Trial]:
    """A target in each column, of which one knows what everybody else has."""
    others, own = _CELLS[name]
    truths = [coin(random) for _ in range(_COLUMNS)]
    cells: dict[str, list[str]] = {"id": person_ids(random, _ROWS)}
    cells["commune"] = random.choices(communes(40), k=_ROWS)
    for number, truth in enumerate(truths):
        column = [others(random) for _ in range(_ROWS - 1)]
        cells[f"champ{number}"] = [*column, own if truth == "yes" else others(random)]
    table = Table(cells, OWNER, "direct", "id", "dts_aides")
    catalogue = Catalogue()
    catalogue.deposit(table)
    found = leaves(catalogue.seen("aides").reports)
    return [Trial(truth, _about(found, f"champ{number}")) for number, truth in enumerate(truths)]


def _about(found: Mapping[str, Hashable], column: str) -> dict[str, Hashable]:
    """What is said of a column, anywhere, by what it is said as."""
    parents = [path.rpartition(".")[0] for path, leaf in found.items() if leaf == column]
    return {
        f"{at} {path.removeprefix(parent)}": leaf
        for at, parent in enumerate(parents)
        for path, leaf in found.items()
        if path.startswith(f"{parent}.") and leaf != column
    }


ATTACKS = tuple(
    Attack(name, "one cell, by what is said of its column", partial(_profiled, name), 2, 2, 4)
    for name in _CELLS
)
