"""Sets of the official codes of France, from services/compute/reference."""

import csv
from dataclasses import dataclass

from services.compute.runner.cog import FOLDER, load_cog
from services.compute.runner.identifiers import Texts


@dataclass(frozen=True)
class Codes:
    """Sets of valid codes."""

    communes: frozenset[str]
    epci: frozenset[str]
    postcodes: frozenset[str]
    departements: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def postcode_prefixes(self) -> frozenset[str]:
        """The first two digits: postcodes know one Corsica, numbered as before it was two."""
        starts = {code[:2] for code in self.communes}
        return frozenset(start if start.isdigit() else "20" for start in starts)


def load_codes() -> Codes:
    """All codes of communes since 1943, and of the rest the present ones."""
    cog = load_cog()
    return Codes(
        communes=_set(cog.communes["code"]),
        epci=_set(cog.communes["epci"]),
        postcodes=_set(cog.postcodes["postcode"]),
        departements=_set(cog.departements["code"]),
        regions=_set(cog.departements["region"]),
    )


def _set(column: Texts) -> frozenset[str]:
    return frozenset(column.drop_null().unique().to_pylist())


def unfolded(name: str) -> frozenset[str]:
    """Texts that stand in their file by prefix."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    return frozenset(
        line["prefix"] + suffix for line in lines for suffix in line["suffixes"].split()
    )
