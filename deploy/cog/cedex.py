"""Makes the list of codes of CEDEX and their communes: `python -m deploy.cog.cedex`.

GeoNames has each code with the name of its office.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from deploy.cog.cog_files import CODES, PLACES, geonames, rows_of, write
from shared.language.folding import fold

_CODE = re.compile(r"(\d{5}) CEDEX\b")
_DISTRICT = re.compile(r" \d+$")
_SHORT = {"saint": "st", "sainte": "ste"}


class CommuneNames:
    """Communes by the folded words of their names, past ones too, in each département."""

    def __init__(self, named: Iterable[tuple[str, str]], present: Mapping[str, str]) -> None:
        self._communes = defaultdict[str, dict[str, set[str]]](lambda: defaultdict(set))
        for code, name in named:
            self._communes[_start(code)][_folded(name)].add(present.get(code, code))

    def find(self, postcode: str, office: str) -> str | None:
        """Return the one commune whose name is, or begins with, the office's; None if ambiguous."""
        communes, name = self._communes[postcode[:2]], _folded(office)
        longer = (codes for other, codes in communes.items() if other.startswith(f"{name} "))
        codes = communes.get(name) or set[str]().union(*longer)
        return next(iter(codes)) if len(codes) == 1 else None


def _folded(name: str) -> str:
    """Without the number of a town's district."""
    words = re.findall("[a-z0-9]+", fold(name))
    return _DISTRICT.sub("", " ".join(_SHORT.get(word, word) for word in words))


def _start(commune: str) -> str:
    """What postcodes of its département begin with."""
    return commune[:2] if commune[:2].isdigit() else "20"


def offices(
    postcodes: Iterable[Mapping[str, str]], names: CommuneNames, ordinary: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the CEDEX codes whose office is named after one commune, with that commune."""
    for postcode in postcodes:
        code = _CODE.match(postcode["postal_code"])
        if code and code[1] not in ordinary and (commune := names.find(code[1], postcode["city"])):
            yield code[1], commune


def main() -> None:
    """Write the file anew."""
    present = {row["code"]: row["commune"] for row in rows_of(CODES / "communes.csv.gz")}
    named = ((row["code"], row["name"]) for row in rows_of(PLACES) if row["kind"] == "commune")
    ordinary = frozenset(row["postcode"] for row in rows_of(CODES / "postcodes.csv.gz"))
    cedex_codes = set(offices(geonames(), CommuneNames(named, present), ordinary))
    write(CODES / "cedex.csv.gz", "postcode;commune", sorted(cedex_codes))


if __name__ == "__main__":
    main()
