"""Bars and a map of figures: geometry alone, which templates draw as SVG beside their tables."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from services.portal.french import decimal
from services.portal.lab import Json

FULL = 100
"""The length of the longest bar."""

_ID = re.compile(r"(?:^| \()(?:dts|prj)_\w+\)?$")
_FAINTEST, _STRONGEST = 0.1, 0.45


class Bar(NamedTuple):
    """A labelled value; `text` is the value as people read it, `length` a part of FULL."""

    label: str
    text: str
    length: float


class MapArea(NamedTuple):
    """A département of the map; `path` is SVG's, `strength` how strongly it is filled."""

    code: str
    name: str
    path: str
    across: int
    down: int
    value: int = 0
    strength: float = 0.0


def bars_of(rows: Iterable[Json]) -> list[Bar]:
    """Return the bars of a figure's rows; a hidden value has no bar."""
    bar_rows = list(rows)
    most = max((row["value"] or 0 for row in bar_rows), default=0)
    return [
        Bar(
            _called(row["group"]),
            said_of(row),
            round(FULL * (row["value"] or 0) / most, 1) if most else 0,
        )
        for row in bar_rows
    ]


def _called(group: str) -> str:
    """What a group is called without the id that tells it from others of that name."""
    return _ID.sub("", group) or "jeu jamais publié"


def said_of(row: Json) -> str:
    """A value as people read it, or what is told in its place."""
    value = row["value"]
    if value is None:
        return str(row["hidden"]) or "rien"
    return decimal(value, 0 if value == int(value) else 1)


def map_of(rows: Sequence[Json]) -> list[MapArea]:
    """Return the map's départements, shaded by value; even the lowest value is visible."""
    values: Mapping[str, int] = {row["code"]: int(row["value"] or 0) for row in rows}
    most = max((values.get(area.code, 0) for area in _places()), default=0)
    return [
        area._replace(value=values[area.code], strength=_strength(values[area.code] / most))
        if values.get(area.code)
        else area
        for area in _places()
    ]


def beyond_map(rows: Iterable[Json]) -> list[Json]:
    """Return the rows of places that are not on the map."""
    mapped_codes = {area.code for area in _places()}
    return [row for row in rows if row["code"] not in mapped_codes and row["value"]]


def _strength(part: float) -> float:
    return round(_FAINTEST + (_STRONGEST - _FAINTEST) * part, 2)


@cache
def _places() -> tuple[MapArea, ...]:
    """The map as deploy/cog/department_map.py made it."""
    text = (files("services.portal") / "departments.csv").read_text("utf-8")
    return tuple(
        MapArea(row["code"], row["name"], row["path"], int(row["across"]), int(row["down"]))
        for row in csv.DictReader(text.splitlines(), delimiter=";")
    )
