"""The official codes of France, from services/compute/reference."""

import csv
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "reference"
_OVERSEAS = "97"
_REGIONS = "01 02 03 04 06 11 24 27 28 32 44 52 53 75 76 84 93 94"
"""INSEE, Code officiel géographique 2026."""


@dataclass(frozen=True)
class Codes:
    """Sets of valid codes."""

    communes: frozenset[str]
    epci: frozenset[str]
    postcodes: frozenset[str]
    regions: frozenset[str] = frozenset(_REGIONS.split())

    @property
    def departements(self) -> frozenset[str]:
        """The first signs of the communes' codes: two, and three overseas."""
        return frozenset(
            code[:3] if code.startswith(_OVERSEAS) else code[:2] for code in self.communes
        )

    @property
    def postcode_prefixes(self) -> frozenset[str]:
        """The first two digits: postcodes know one Corsica, numbered as before it was two."""
        starts = {code[:2] for code in self.communes}
        return frozenset(start if start.isdigit() else "20" for start in starts)


def load_codes() -> Codes:
    """Read the reference files."""
    return Codes(
        communes=unfolded("communes.csv"),
        epci=frozenset(line["code"] for line in _lines("epci.csv")),
        postcodes=unfolded("postcodes.csv"),
    )


def unfolded(name: str) -> frozenset[str]:
    """Codes that stand in their file by prefix."""
    return frozenset(
        line["prefix"] + suffix for line in _lines(name) for suffix in line["suffixes"].split()
    )


def _lines(name: str) -> list[dict[str, str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))
