"""Sets of the official codes of France, from services/compute/reference."""

from dataclasses import dataclass

import pyarrow.compute as pc

from services.compute.runner.columns.cog import load_cog, read_reference
from services.compute.runner.columns.identifiers import Texts


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


def unfolded(name: str) -> Texts:
    """Texts that stand in their file by prefix."""
    lines = read_reference(name)
    suffixes = pc.split_pattern(lines["suffixes"].combine_chunks(), " ")
    prefixes = lines["prefix"].combine_chunks().take(pc.list_parent_indices(suffixes))
    return pc.binary_join_element_wise(prefixes, pc.list_flatten(suffixes), "")
