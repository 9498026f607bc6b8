"""Codes of the COG as the sandbox has them: columns of Arrow, and sets of texts."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.codes import cog
from shared.engine.codes.code_lists import CodeArray
from shared.engine.codes.cog import Fit, load_cog
from shared.engine.reading.values.value_tests import Texts

_LONGEST = 14
"""Signs of a SIRET: no code is longer."""

_NO_CODE = "?"


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
        """Return the first two digits; in postcodes Corsica has one number, as it once had."""
        starts = {code[:2] for code in self.communes}
        return frozenset(start if start.isdigit() else "20" for start in starts)


@cache
def load_codes() -> Codes:
    """Return all codes of communes since 1943, and the present codes of the other areas."""
    lists = load_cog()
    return Codes(
        communes=_set(lists.communes["code"]),
        epci=_set(lists.communes["epci"]),
        postcodes=_set(lists.postcodes["postcode"]),
        departements=_set(lists.departements["code"]),
        regions=_set(lists.departements["region"]),
    )


def _set(column: CodeArray) -> frozenset[str]:
    return frozenset(code.decode() for code in np.unique(column).tolist() if code)


def best_year(values: Texts, least: float = 0.0) -> Fit | None:
    """The COG that codes of communes were most likely written by, see `shared.engine.codes.cog`."""
    return cog.best_year(code_array(pc.unique(values).drop_null()), least)


def code_array(values: Texts) -> CodeArray:
    """Return texts as an array of codes, with a placeholder for null and impossible codes."""
    may_be = pc.and_(pc.string_is_ascii(values), pc.less_equal(pc.binary_length(values), _LONGEST))
    codes = pc.if_else(pc.fill_null(may_be, False), values, _NO_CODE)
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.combine_chunks()
    padded = (
        pc.ascii_rpad(codes, _LONGEST, padding="\0").cast(pa.binary()).cast(pa.binary(_LONGEST))
    )
    return np.frombuffer(padded.buffers()[1], f"S{_LONGEST}", len(padded))
