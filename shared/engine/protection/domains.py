"""The classes of dimensions that noisy tables have, whoever is in them.

They come of the policy and of official lists alone, and each value is looked up by itself. That a
class is there tells nothing then: a table has the same rows, whatever data it is made of. Proof:
`domain_of` reads no row; two data sets under one policy have the same domains. What has no class is
one together, `OTHER`, and so is what has no value, `NOTHING`: both are always there.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.engine.codes.cog import load_cog
from shared.engine.contract.policy import (
    AREA_LEVELS,
    DATE_LEVELS,
    NOTHING,
    OTHER,
    LevelKind,
    PolicyDimension,
)
from shared.engine.database import filled
from shared.engine.protection.lattice import Ids
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.language.french import quoted

_IRIS, _COMMUNE = "iris", "commune"
_CODE_LENGTH = 5
"""Of a commune, with which the code of an IRIS begins."""

Path = tuple[str, ...]
"""The class at each level, the coarsest first."""


@dataclass(frozen=True)
class Domain:
    """The classes of a dimension's levels, the coarsest first.

    `outer` gives for each class of a level the place of the coarser one that it lies in; at the
    coarsest level that is 0. `place_of` leads values as the finest level has them to their place.
    """

    levels: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    outer: tuple[Ids, ...]
    place_of: Mapping[str, int]

    def place(self, value: str | None) -> int:
        """Return the place of a value's class at the finest level."""
        finest = self.classes[-1]
        return len(finest) - 1 if value is None else self.place_of.get(value, len(finest) - 2)


def domain_of(dimension: PolicyDimension, column: Column, field: str) -> Domain:
    """Return the classes of a dimension of that column.

    Raises Invalid at a field within `field` for values that make none, or no levels of each other.
    """
    if dimension.is_area:
        paths, finest_of = _areas(dimension, column, field)
    else:
        paths = dict.fromkeys(_paths(dimension, f"{field}.values"))
        finest_of = {path[-1]: path[-1] for path in paths}
    classes = tuple(
        (*sorted({path[depth] for path in paths}), OTHER, NOTHING)
        for depth in range(len(dimension.levels))
    )
    finest = {value: at for at, value in enumerate(classes[-1])}
    return Domain(
        dimension.level_names,
        classes,
        tuple(_outer(classes, paths, depth, field) for depth in range(len(classes))),
        {value: finest[inner] for value, inner in finest_of.items()},
    )


def _outer(classes: Sequence[Path], paths: Iterable[Path], depth: int, field: str) -> Ids:
    if depth == 0:
        return np.zeros(len(classes[0]), np.int64)
    outer_of = {OTHER: OTHER, NOTHING: NOTHING}
    for path in paths:
        if outer_of.setdefault(path[depth], path[depth - 1]) != path[depth - 1]:
            raise Invalid(f"{quoted(path[depth])} est dans deux classes plus grandes", field)
    places = {value: at for at, value in enumerate(classes[depth - 1])}
    return np.array([places[outer_of[value]] for value in classes[depth]])


def _paths(dimension: PolicyDimension, field: str) -> Iterator[Path]:
    """Yield the finest classes of dates, of numbers or of values as written."""
    if {*DATE_LEVELS} & set(dimension.levels):
        for month in _months(dimension.values, field):
            yield tuple(month[level] for level in dimension.levels)
    elif dimension.levels == ("classes",):
        yield from ((name,) for name in dimension.class_names)
    else:
        yield from (_path_of(dimension, value, field) for value in dimension.values)


def _months(values: Sequence[str], field: str) -> Iterator[Mapping[LevelKind, str]]:
    """Yield the months from the first year to the last, by level."""
    if not all(len(year) == len("2026") and year.isdecimal() for year in values):
        raise Invalid("ce sont des années, comme 2026", field)
    for year in range(int(min(values)), int(max(values)) + 1):
        for month in range(12):
            quarter = f"{year}-T{1 + month // 3}"
            yield {"year": f"{year}", "quarter": quarter, "month": f"{year}-{month + 1:02}"}


def _path_of(dimension: PolicyDimension, value: str, field: str) -> Path:
    names = {"value": value}
    if "classes" in dimension.levels:
        try:
            number = float(value.replace(" ", "").replace(",", "."))
        except ValueError:
            raise Invalid(f"{quoted(value)} n'est pas un nombre", field) from None
        names["classes"] = dimension.class_names[bisect_right(dimension.bounds, number)]
    return tuple(names[level] for level in dimension.levels)


def _areas(
    dimension: PolicyDimension, column: Column, field: str
) -> tuple[dict[Path, None], dict[str, str]]:
    """Return the paths of the areas in the territory, and the finest area that each code means."""
    communes = {area[_COMMUNE]: area for area in _communes(dimension.values)}
    if not communes:
        raise Invalid(
            "ce ne sont des codes ni de départements, ni d'EPCI, ni de communes", f"{field}.values"
        )
    kind = _COMMUNE if column.type == _IRIS else column.type
    if kind not in AREA_LEVELS:
        raise Invalid(f"la colonne {quoted(column.name)} n'a pas de codes d'aires", field)
    paths = dict.fromkeys(
        tuple(area[level] for level in dimension.levels) for area in communes.values()
    )
    finest = dimension.levels[-1]
    meant: dict[str, str] = {}
    for area in communes.values():
        if meant.setdefault(area[kind], area[finest]) != area[finest]:
            raise Invalid(
                f"la colonne {quoted(column.name)} ne mène pas à une seule zone de ce niveau", field
            )
    if kind == _COMMUNE:
        # A code of the past, or of a part, leads to what the commune is now.
        cog = load_cog().communes
        pairs = zip(cog["code"].tolist(), cog["commune"].tolist(), strict=True)
        meant = {
            code.decode(): meant[present.decode()]
            for code, present in pairs
            if present.decode() in meant
        }
    return paths, meant


def _communes(territory: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the present communes in these areas, or in France: their code at each level."""
    cog, chosen = load_cog(), frozenset(territory)
    listed = (cog.departements[name].tolist() for name in ("code", "region"))
    regions = {code.decode(): region.decode() for code, region in zip(*listed, strict=True)}
    columns = (cog.communes[name].tolist() for name in ("code", "kind", "epci"))
    for code, kind, epci in zip(*columns, strict=True):
        departement = code[: 3 if code.startswith(b"97") else 2].decode()
        area = {_COMMUNE: code.decode(), "epci": epci.decode() or OTHER, "departement": departement}
        is_chosen = not chosen or bool(chosen & {*area.values()})
        if kind == b"commune" and departement in regions and is_chosen:
            yield area | {"region": regions[departement]}


def area_key(column: Column) -> str:
    """Return in SQL what of a value its area is looked up by: an IRIS lies in its commune."""
    code = filled(column.name)
    return f"left({code}, {_CODE_LENGTH})" if column.type == _IRIS else code
