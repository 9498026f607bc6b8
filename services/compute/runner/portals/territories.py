"""French places as other catalogues name them, as codes of communes, departments and EPCI.

Sources: INSEE, code officiel géographique 2026, for the departments of each region; identifiers of
data.gouv.fr's zones (`fr:commune:14118`) and of INSEE's linked data (`.../geo/commune/14118`).
"""

import re
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter, ValidationError

from shared.tables.territory import Place

_REGIONS = {
    "01": "971",
    "02": "972",
    "03": "973",
    "04": "974",
    "06": "976",
    "11": "75 77 78 91 92 93 94 95",
    "24": "18 28 36 37 41 45",
    "27": "21 25 39 58 70 71 89 90",
    "28": "14 27 50 61 76",
    "32": "02 59 60 62 80",
    "44": "08 10 51 52 54 55 57 67 68 88",
    "52": "44 49 53 72 85",
    "53": "22 29 35 56",
    "75": "16 17 19 23 24 33 40 47 64 79 86 87",
    "76": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "84": "01 03 07 15 26 38 42 43 63 69 73 74",
    "93": "04 05 06 13 83 84",
    "94": "2A 2B",
}
_NAMED = re.compile(
    r"(?:^fr[:/]|\bgeo/)(commune|town|departement|county|region|epci|intercommunalite)[:/]"
    r"(\w{2,9})(?:@|$)"
)
_TERRITORY: TypeAdapter[str] = TypeAdapter(Place)


def territory_of(names: Iterable[str]) -> tuple[str, ...]:
    """The codes that some of `names` stand for, sorted; names of other places are left out."""
    return tuple(sorted({code for name in names for code in _codes(name) if _is_known(code)}))


def _codes(name: str) -> Iterator[str]:
    named = _NAMED.search(name)
    if named is None:
        yield name
    elif named[1] == "region":
        yield from _REGIONS.get(named[2], "").split()
    else:
        yield named[2]


def _is_known(code: str) -> bool:
    try:
        _TERRITORY.validate_python(code)
    except ValidationError:
        return False
    return True
