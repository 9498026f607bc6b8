"""France's communes, EPCI, départements and regions: what they are called, and which one is meant.

Source: INSEE's code officiel géographique and La Poste's postcodes; see README.md beside this file.
"""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["commune", "epci", "landscape", "departement", "region", "country"]
Name = tuple[str, ...]
"""The words of a name by their singular, without stop words."""


class Place(NamedTuple):
    """A place by the code that territories have, or that of a region with R before it.

    `population` is less than 0 where the name is a former one. A landscape lies `within` the
    départements that it is a part of; no territory has its code, which is its name.
    """

    kind: Kind
    code: str
    name: str
    within: tuple[str, ...]
    population: int


_KINDS: dict[str, Kind] = {
    "commune": "commune",
    "departement": "departement",
    "epci": "epci",
    "region": "region",
}


def rows() -> Iterator[tuple[Place, Name, list[str]]]:
    """Every name of every place, with its words and the postcodes of a commune."""
    packed = Path(__file__).with_name("places.csv.gz")
    for kind, code, name, words, within, postcodes, population in lines_of(packed):
        place = Place(_KINDS[kind], code, name, tuple(within.split()), int(population))
        yield place, tuple(words.split()), postcodes.split()


def lines_of(packed: Path) -> Iterator[list[str]]:
    """The fields of a packed list, but for its header."""
    with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        next(reader)
        yield from reader
