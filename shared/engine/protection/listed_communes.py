"""Rows of all communes below hidden areas, so that nobody takes one without a row for an empty one.

Below a hidden area no row tells who is in the data. Where all of them are official codes, the
official list has every commune that may be there, and those of its shown areas are no matter of it.
"""

from collections.abc import Sequence

import pyarrow as pa

from shared.engine.codes.cog import load_cog
from shared.engine.contract.policy import AREA_LEVELS, COUNT, NOTHING, TABLE, PolicyDimension
from shared.engine.database import Database, literal, quoted
from shared.engine.protection.lattice import domain_name
from shared.engine.reading.linkage.crosswalk_lookup import map_keys

_COMMUNE = AREA_LEVELS[-1]


def list_communes(
    database: Database, name: str, dimensions: Sequence[PolicyDimension], tables: Sequence[str]
) -> tuple[str, ...]:
    """Add these rows to the protected tables `name`; returns the levels that have all of them."""
    listed = []
    for at, dimension in enumerate(dimensions):
        if dimension.levels[-1] == _COMMUNE and len(dimension.levels) > 1 and _COMMUNE in tables:
            communes = _communes(dimension.levels[:-1])
            database.register("listed", communes)
            if _are_all(database, domain_name(at, len(dimension.levels))):
                _add(database, name, dimension.levels[:-1])
                listed.append(_COMMUNE)
            database.unregister("listed")
    return tuple(listed)


def _communes(levels: Sequence[str]) -> pa.Table:
    """Return all present communes with the areas of these levels that each lies in, and none."""
    lists = load_cog().communes
    codes = pa.array([code.decode() for code in lists["code"][lists["kind"] == b"commune"]])
    columns: dict[str, list[str]] = {_COMMUNE: [*codes.to_pylist(), NOTHING]}
    for level in levels:
        areas = codes.to_pylist()
        at, targets = map_keys(f"{_COMMUNE}_{level}", codes)
        for place, target in zip(at.to_pylist(), targets.to_pylist(), strict=True):
            areas[place] = target
        columns[level] = [*areas, NOTHING]
    return pa.table(columns)


def _are_all(database: Database, domain: str) -> bool:
    """Return whether the data has no other communes."""
    ((others,),) = database.execute(
        f"SELECT count(*) FROM {quoted(domain)} WHERE value NOT IN (SELECT {_COMMUNE} FROM listed)"
    ).fetchall()
    return not others


def _add(database: Database, name: str, levels: Sequence[str]) -> None:
    rows = f"FROM {quoted(name)} WHERE {quoted(TABLE)} ="
    hidden = " OR ".join(
        f"{level} IN (SELECT {level} {rows} {literal(level)} AND {quoted(COUNT)} IS NULL)"
        for level in levels
    )
    database.execute(
        f"INSERT INTO {quoted(name)} BY NAME"
        f" SELECT {literal(_COMMUNE)} AS {quoted(TABLE)}, * FROM listed WHERE ({hidden})"
        f" AND {_COMMUNE} NOT IN (SELECT {_COMMUNE} {rows} {literal(_COMMUNE)})"
    )
