"""Finds the territories that a table's rows are about, by the values of its key."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from shared.engine.drawing.outlines import LEVELS, areas
from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.linkage.crosswalk_lookup import map_keys
from shared.engine.tables.crosswalks import PRESENT

Several = Literal["not_drawn", "sum"]
"""What becomes of a territory with several rows."""

SEVERAL, NO_VALUE = "plusieurs lignes", "sans valeur"
HIDDEN = "masqué : secret statistique"


class KeyRows(NamedTuple):
    """The rows of one key: how many, how many have a value, their sum, and how many hide theirs."""

    key: str
    rows: int
    filled: int
    total: float
    hidden: int = 0


class Missing(NamedTuple):
    """A territory that has rows and no outline, and its value where it has one."""

    code: str
    name: str
    value: float | None


@dataclass
class Placed:
    """Where the rows are: values by code, and all that cannot be coloured, in rows.

    `blank` are territories with an outline and no one value, with the reason; `missing` those of
    Normandy without an outline. `elsewhere` are rows of other codes of France, `split` those whose
    code of another year is several communes today, `unknown` those whose key is no code.
    """

    level: str
    values: dict[str, float] = field(default_factory=dict)
    blank: dict[str, str] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    moved: int = 0
    elsewhere: int = 0
    split: int = 0
    unknown: int = 0


def level_of(keys: Sequence[str]) -> str | None:
    """Return the level that most of the keys are codes of; None without a code."""
    codes = load_codes()
    codes_by_level = {
        "commune": codes.communes,
        "epci": codes.epci,
        "departement": codes.departements,
    }
    matches = {level: len(codes_by_level[level].intersection(keys)) for level in LEVELS}
    best = max(matches, key=lambda level: matches[level])
    return best if matches[best] else None


def place(level: str, rows: Sequence[KeyRows], several: Several) -> Placed:
    """Find the territories of a level that the rows are about.

    A code of communes of another year, or of a delegated one, leads to the present commune.
    """
    placed = Placed(level)
    here = areas(level)
    targets, is_code = _targets(level, [key_rows.key for key_rows in rows])
    by_area: dict[str, list[KeyRows]] = defaultdict(list)
    for key_rows in rows:
        match targets.get(key_rows.key, []):
            case [code] if code in here:
                by_area[code].append(key_rows)
                placed.moved += key_rows.rows if code != key_rows.key else 0
            case [_]:
                placed.elsewhere += key_rows.rows
            case []:
                placed.elsewhere += key_rows.rows if is_code(key_rows.key) else 0
                placed.unknown += 0 if is_code(key_rows.key) else key_rows.rows
            case _:
                placed.split += key_rows.rows
    for code, rows_of_area in sorted(by_area.items()):
        _colour(placed, code, rows_of_area, several)
    return placed


def _targets(level: str, keys: Sequence[str]) -> tuple[dict[str, list[str]], Callable[[str], bool]]:
    """Return today's codes for each key, and the test for a key that is a code at all."""
    codes = load_codes()
    if level != "commune":
        valid_codes = codes.epci if level == "epci" else codes.departements
        return {key: [key] for key in keys if key in valid_codes}, valid_codes.__contains__
    at, target_codes = map_keys(PRESENT.name, pa.array(keys, pa.string()))
    targets: dict[str, list[str]] = defaultdict(list)
    for place_of_key, code in zip(at.to_pylist(), target_codes.to_pylist(), strict=True):
        targets[keys[place_of_key]].append(code)
    return targets, codes.communes.__contains__


def _colour(placed: Placed, code: str, rows_of_area: Sequence[KeyRows], several: Several) -> None:
    rows, filled = (
        sum(key_rows.rows for key_rows in rows_of_area),
        sum(key_rows.filled for key_rows in rows_of_area),
    )
    is_one = rows == 1 or several == "sum"
    is_hidden = any(key_rows.hidden for key_rows in rows_of_area)
    value = (
        sum(key_rows.total for key_rows in rows_of_area)
        if filled and is_one and not is_hidden
        else None
    )
    area: Any = areas(placed.level)[code]
    if area.outline is None:
        placed.missing.append(Missing(code, area.name, value))
    elif value is None:
        placed.blank[code] = HIDDEN if is_hidden else NO_VALUE if not filled else SEVERAL
    else:
        placed.values[code] = value
