"""Recognises what a column holds by all its values; its name only breaks ties.

A kind fits when nearly all distinct values are valid, and so many that chance is no explanation:
of ten random numbers of nine digits one passes for a SIREN. Of several kinds that fit, the one
that the column's name speaks for is taken, else the first in the list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.codes import Codes
from services.compute.runner.identifiers import (
    Flags,
    Test,
    Texts,
    among,
    is_nir,
    is_siren,
    is_siret,
    is_uai,
    is_vat,
    matching,
)
from shared.manifest import Meaning

_ENOUGH = 0.95
"""Share of the distinct values that must be valid: real files have a few faults."""

_CERTAIN = 0.9
"""How sure it must be that the valid values are not so by chance."""

_SAMPLE = 400
_LIKELY = 0.6
"""Below this share of a sample, a kind is not tried on the whole column."""

_SPOKEN_FOR = 0.1
"""What a fitting name leaves of chance."""

_DOUBTFUL = 0.8
"""What is left of confidence when several kinds fit and the name speaks for none."""

_COMMUNE_CHANCE = 0.4
"""Of all numbers of five digits, so many are the code of a commune."""

_EXAMPLES = 3


@dataclass(frozen=True)
class Kind:
    """A kind of value; `chance` is how often a random value of its shape passes its test.

    `header` finds the names that speak for it; a `named` kind is taken by such a name only. A
    `personal` kind shows none of its column's values, and is no key.
    """

    name: str
    test: Test
    chance: float
    header: str
    is_key: bool = True
    named: bool = False
    personal: bool = False

    def is_spoken_for(self, column: str) -> bool:
        """Whether a column's name tells that it holds this."""
        return re.search(self.header, column, re.IGNORECASE) is not None


def kinds_of(codes: Codes) -> tuple[Kind, ...]:
    """All kinds, the most particular first."""
    communes = among(codes.communes)
    postcode = f"({'|'.join(sorted(codes.postcode_prefixes))})[0-9]{{3}}"
    return (
        Kind("nir", is_nir, 0.01, r"nir|secu", is_key=False, personal=True),
        Kind("siret", is_siret, 0.01, "siret"),
        Kind("tva", is_vat, 0.01, "tva|vat"),
        Kind("epci", among(codes.epci), 0.01, "epci"),
        Kind("siren", is_siren, 0.1, "siren"),
        Kind("uai", is_uai, 0.05, "uai|rne"),
        Kind("rna", matching("W[0-9][0-9A-Z][0-9]{7}"), 0.01, "rna|waldec"),
        Kind("iris", _iris(communes), _COMMUNE_CHANCE, "iris"),
        Kind("commune", communes, _COMMUNE_CHANCE, r"insee|commune|(^|[_ ])com([_ ]|$)|cog"),
        Kind("postcode", among(codes.postcodes), 0.1, _POSTCODE),
        # The list is of 2023 and without CEDEX: with the name, the shape is enough.
        Kind("postcode", matching(postcode), 0.9, _POSTCODE, named=True),
        # Too coarse to advise a dataset by: nearly every table has them.
        Kind("departement", among(codes.departements), 0.9, "dep|dpt", is_key=False, named=True),
        Kind("region", among(codes.regions), 0.9, "reg", is_key=False, named=True),
        Kind("naf", matching(r"[0-9]{2}\.?[0-9]{2}[A-Z]"), 0.01, "naf|ape|activite"),
        Kind("email", matching(_EMAIL), 0.01, "mail|courriel", is_key=False, personal=True),
        Kind("phone", matching(_PHONE), 0.1, "tel|phone|mobile", is_key=False, personal=True),
        Kind("url", matching(r"https?://\S+"), 0.01, "url|site|lien", is_key=False),
        Kind("geo_point", matching(_POINT), 0.01, "geo|coord|point", is_key=False),
        Kind("latitude", _within(90), 0.9, "lat", is_key=False, named=True),
        Kind("longitude", _within(180), 0.9, "lon|lng", is_key=False, named=True),
    )


_POSTCODE = r"post|(^|[_ ])cp([_ ]|$)"
_EMAIL = r"[\w.+'-]+@[\w-]+(\.[\w-]+)+"
_PHONE = r"(\+33|0033|0)[ .]?[1-9]([ .-]?[0-9]{2}){4}"
_DEGREES = r"-?[0-9]{1,3}[.,][0-9]+"
_POINT = r"\[?-?[0-9]{1,3}\.[0-9]+ ?[,;] ?-?[0-9]{1,3}\.[0-9]+\]?"


@dataclass(frozen=True)
class _Fit:
    """A kind that fits a column, and which values are valid."""

    kind: Kind
    flags: Flags
    certainty: float


def recognise(
    name: str, values: Texts, counts: Iterable[int], kinds: Iterable[Kind]
) -> tuple[Meaning, Kind] | None:
    """What the column `name` holds, given its distinct values and how often each occurs."""
    found = [fit for kind in kinds if (fit := _fit(kind, name, values))]
    if not found:
        return None
    spoken = [fit for fit in found if fit.kind.is_spoken_for(name)]
    best = (spoken or found)[0]
    doubt = 1.0 if spoken or len(found) == 1 else _DOUBTFUL
    weights = np.fromiter(counts, np.int64, len(values))
    wrong = values.filter(pa.array(~best.flags)).slice(0, _EXAMPLES).to_pylist()
    meaning = Meaning(
        type=best.kind.name,
        confidence=round(float(best.flags.mean()) * best.certainty * doubt, 3),
        valid=float(weights[best.flags].sum() / weights.sum()),
        invalid=() if best.kind.personal else tuple(text[:50] for text in wrong),
    )
    return meaning, best.kind


def lost_zero(values: Texts, codes: Codes) -> bool:
    """Whether these are commune codes that a spreadsheet took for numbers: `1053` for `01053`."""
    short = matching("[0-9]{4}")(values)
    if not short.any() or matching("0.*")(values).any():
        return False
    padded = pc.utf8_lpad(values, 5, padding="0")
    valid = among(codes.communes)(padded)
    return bool(valid.mean() >= _ENOUGH and _certainty(_COMMUNE_CHANCE, valid) >= _CERTAIN)


def _fit(kind: Kind, name: str, values: Texts) -> _Fit | None:
    spoken = kind.is_spoken_for(name)
    if not len(values) or (kind.named and not spoken):
        return None
    if len(values) > _SAMPLE:
        spread = np.linspace(0, len(values) - 1, _SAMPLE).astype(np.int64)
        if kind.test(values.take(pa.array(spread))).mean() < _LIKELY:
            return None
    flags = kind.test(values)
    certainty = _certainty(kind.chance * (_SPOKEN_FOR if spoken else 1), flags)
    if flags.mean() < _ENOUGH or certainty < _CERTAIN:
        return None
    return _Fit(kind, flags, certainty)


def _certainty(chance: float, flags: Flags) -> float:
    return float(1 - chance ** int(flags.sum()))


def _iris(communes: Test) -> Test:
    """A commune's code and four digits (INSEE, documentation of the IRIS)."""

    def test(texts: Texts) -> Flags:
        shaped = matching("[0-9][0-9AB][0-9]{7}")(texts)
        return shaped & communes(pc.utf8_slice_codeunits(texts, 0, 5))

    return test


def _within(degrees: int) -> Test:
    """Decimal numbers between the degrees below and above zero."""

    def test(texts: Texts) -> Flags:
        found = matching(_DEGREES)(texts)
        numbers = pc.replace_substring(texts.filter(pa.array(found)), ",", ".")
        values = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
        found[found] = np.abs(values) <= degrees
        return found

    return test
