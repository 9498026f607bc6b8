"""Communes in published areas, and the codes that lead to them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial

import numpy as np

from shared.engine.codes.cog import load_cog
from shared.engine.codes.crosswalk_lookup import map_keys
from shared.engine.places.names import name_of

AREAS = ("commune", "epci", "departement", "region")
"""Kinds of areas that communes lie in, themselves included."""


@cache
def areas_of(kind: str) -> Mapping[str, str]:
    """Return the area of that kind by the code of the commune, for all communes of today."""
    communes = load_cog().communes
    codes = communes["code"][communes["kind"] == b"commune"]
    if kind == "commune":
        return {code: code for code in _texts(codes)}
    at, targets = map_keys(f"commune_{kind}", codes)
    return dict(zip(_texts(codes[at]), _texts(targets), strict=True))


@cache
def communes_in(kind: str, area: str) -> tuple[str, ...]:
    """Return the communes of today in the area of that kind and code; empty for no such area."""
    return tuple(commune for commune, code in areas_of(kind).items() if code == area)


def communes_of(territory: Sequence[str]) -> tuple[str, ...]:
    """Return the communes in the départements, communes and EPCI of these codes.

    Without any all are meant but Corsica's, as not every column of codes has letters.
    """
    kinds = ("commune", "epci", "departement")
    communes = {
        commune for kind in kinds for code in territory for commune in communes_in(kind, code)
    }
    everywhere = (commune for commune in areas_of("commune") if commune.isdigit())
    return tuple(sorted(communes or everywhere))


def _area(kind: str, commune: str) -> str | None:
    return areas_of(kind).get(commune)


@cache
def _postcodes() -> Mapping[str, str]:
    lists = load_cog().postcodes
    return dict(zip(_texts(lists["commune"]), _texts(lists["postcode"]), strict=True))


CODES: Mapping[str, Callable[[str], str | None]] = {
    **{kind: partial(_area, kind) for kind in AREAS},
    # So is called the only IRIS of a commune that has no smaller ones (INSEE).
    "iris": lambda commune: f"{commune}0000",
    "postcode": lambda commune: _postcodes().get(commune),
}
"""What makes a code of a type that leads to a commune."""


def name_of_commune(commune: str) -> str:
    """Return what a commune is called."""
    return name_of(commune)


def _texts(codes: Iterable[np.bytes_]) -> list[str]:
    return [code.decode() for code in codes]
