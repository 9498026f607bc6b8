"""The types that columns are tried with."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from string import ascii_uppercase, digits

import pyarrow.compute as pc

from shared.engine.reading.columns.cog import Codes
from shared.engine.reading.columns.contacts import EMAIL, PHONE
from shared.engine.reading.columns.identifiers import (
    FINESS,
    RNB,
    is_nir,
    is_siren,
    is_siret,
    is_uai,
    is_vat,
    ungrouped,
)
from shared.engine.reading.values.dates import FORMATS, MONTHS, WRITTEN, any_of, is_date, is_month
from shared.engine.reading.values.geometry import LATITUDE, LONGITUDE, is_wkt
from shared.engine.reading.values.numbers import STYLES, format_of, written
from shared.engine.reading.values.value_tests import Flags, Test, Texts, among, matching, within

_MOST = 0.95
"""Of short codes, so many must be codes once they begin with a zero."""

_SOME = 0.3
"""Of codes of a shape, so many must be listed for the rest to be taken for codes as well."""


def iris(communes: Test) -> Test:
    """A commune's code and four digits (INSEE, documentation of the IRIS)."""

    def test(texts: Texts) -> Flags:
        shaped = matching("[0-9][0-9AB][0-9]{7}")(texts)
        return shaped & communes(pc.utf8_slice_codeunits(texts, 0, 5))

    return test


def beside(valid: Test, shape: str) -> Test:
    """Return the test for texts of that shape; it passes none where too few are valid codes."""

    def test(texts: Texts) -> Flags:
        return matching(shape)(texts) & bool(valid(texts).mean() >= _SOME)

    return test


def with_corsica(valid: Test) -> Test:
    """Return the test for valid codes; it passes none unless a code is Corsica's."""
    return lambda texts: valid(texts) & matching("2[AB]")(texts).any()


def nearly_all(valid: Test, least: int) -> Test:
    """Return the test that passes all values if all are valid and there are at least `least`."""

    def test(texts: Texts) -> Flags:
        flags = valid(texts)
        return flags & bool(flags.all() and len(flags) >= least)

    return test


_MANY = 0.9
"""Share of the short values that must be codes once they begin with a zero."""


def shortened(valid: Test, width: int) -> Test:
    """Return the test for codes of `width` that lost a leading zero; no other may be shorter.

    Of all numbers of four digits one in three is the end of some commune's code.
    """

    def test(texts: Texts) -> Flags:
        short = matching(f"[1-9][0-9]{{{width - 2}}}")(texts)
        repairable = short & valid(pc.utf8_lpad(texts, width, padding="0"))
        return repairable & bool(short.any() and repairable[short].mean() >= _MANY)

    return test


def lost_zero(valid: Test, width: int) -> Test:
    """Return the test for codes that a spreadsheet read as numbers: `1053` for `01053`.

    Of the short ones nearly all must be codes with a zero before them, else they are mistakes.
    """

    def test(texts: Texts) -> Flags:
        short = matching(f"[1-9][0-9]{{{width - 2}}}")(texts)
        padded = valid(pc.utf8_lpad(texts, width, padding="0"))
        padded &= matching("[1-9][0-9AB]*")(texts)
        if short.any() and padded[short].mean() < _MOST:
            padded[:] = False
        return padded

    return test


_COMMUNE_CHANCE = 0.4
"""Of all numbers of five digits, so many are the code of a commune."""

_POSTCODE_CHANCE = 0.1


@dataclass(frozen=True)
class ColumnType:
    """A type of values; `chance` is how often a random value of its shape passes its test.

    `header` finds the names that speak for it, `against` those of columns that must have many such
    values to be of it; a type that `needs_name` is taken by a name of the first only. A `personal`
    type shows none of its column's values. A column all of whose values are valid is of the `kind`,
    unless it is a key. Values of a type are also valid as `part_of`; where it `takes_numbers`, so
    are those of the numbers before it in the list. One that is `last` is not tried on values that
    are all of another type. A `repair` would make of them what the type is called. Each valid value
    has one of the `signs`, if there are any: columns without them are not tried.
    """

    name: str
    test: Test
    chance: float
    header: str = "(?!)"
    against: str = "(?!)"
    is_key: bool = False
    needs_name: bool = False
    personal: bool = False
    kind: str = ""
    format: str | None = None
    part_of: str = ""
    takes_numbers: bool = False
    last: bool = False
    repair: str | None = None
    shortened: Test | None = None
    signs: bytes = digits.encode()

    def is_named_by(self, column: str) -> bool:
        """Whether the column's name suggests this type."""
        return re.search(self.header, column, re.IGNORECASE) is not None

    def may_be(self, column: str) -> bool:
        """Whether a column of that name may have this type."""
        return self.is_named_by(column) or not self.needs_name

    def is_unlikely(self, column: str) -> bool:
        """Whether the column's name suggests another type, and does not suggest this one."""
        is_against = re.search(self.against, column, re.IGNORECASE) is not None
        return is_against and not self.is_named_by(column)


@cache
def all_types(codes: Codes) -> tuple[ColumnType, ...]:
    """Return all types, the most specific first."""
    listed = {
        "epci": among(codes.epci),
        "postcode": among(codes.postcodes),
        "commune": among(codes.communes),
        "departement": among(codes.departements),
        "region": among(codes.regions),
    }
    shape = f"({'|'.join(sorted(codes.postcode_prefixes))})[0-9]{{3}}"
    return (
        *_identifiers(listed),
        *_codes(listed, shape),
        *_SHAPES,
        *_lost_zeros(listed),
        *_numbers(),
    )


def _identifiers(listed: Mapping[str, Test]) -> Iterator[ColumnType]:
    yield ColumnType("nir", is_nir, 0.01, r"nir|secu", personal=True)
    yield ColumnType("siret", ungrouped(is_siret), 0.01, "siret", is_key=True)
    yield ColumnType("tva", is_vat, 0.01, "tva|vat", is_key=True, signs=b"F")
    epci = ungrouped(listed["epci"])
    yield ColumnType("epci", epci, 0.01, "epci", part_of="siren", is_key=True)
    yield ColumnType("siren", ungrouped(is_siren), 0.1, "siren", is_key=True)
    yield ColumnType("uai", is_uai, 0.05, "uai|rne", is_key=True, signs=_CAPITALS)
    rna = matching("W[0-9][0-9A-Z][0-9]{7}")
    yield ColumnType("rna", rna, 0.01, "rna|waldec", is_key=True, signs=b"W")
    yield ColumnType("rnb", matching(RNB), 0.3, "rnb|batiment", is_key=True, signs=b"")
    # Nine signs (arrêté of 13 November 2013 on FINESS, art. 2) of which the first two are a
    # department, 97 or 98 (documentation of the SNDS). No source at hand tells a check digit, and
    # so many other numbers look alike that the name must speak for it.
    yield ColumnType("finess", matching(FINESS), 0.9, "finess", needs_name=True, is_key=True)
    naf = matching(r"[0-9]{2}\.?[0-9]{2}[A-Z]")
    yield ColumnType("naf", naf, 0.01, "naf|ape|activite", is_key=True, signs=_CAPITALS)


def _codes(listed: Mapping[str, Test], shape: str) -> Iterator[ColumnType]:
    """Codes of places; a postcode's `shape` is a pattern."""
    yield ColumnType("iris", iris(listed["commune"]), _COMMUNE_CHANCE, "iris", is_key=True)
    short = matching("[1-9][0-9]{3}")
    yield ColumnType(
        "postcode", listed["postcode"], _POSTCODE_CHANCE, _POSTCODE, is_key=True, shortened=short
    )
    cut = shortened(listed["commune"], 5)
    yield ColumnType(
        "commune", listed["commune"], _COMMUNE_CHANCE, _COMMUNE, is_key=True, shortened=cut
    )
    # The list is without CEDEX: with the name, the shape is enough of those beside it.
    cedex = beside(listed["postcode"], shape)
    yield ColumnType(
        "postcode", cedex, 0.9, _POSTCODE, needs_name=True, is_key=True, shortened=short
    )
    # Too coarse to advise a dataset by: nearly every table has them.
    digit = matching("[1-9]")
    yield ColumnType(
        "departement", listed["departement"], 0.9, "dep|dpt", needs_name=True, shortened=digit
    )
    yield ColumnType("region", listed["region"], 0.9, "reg", needs_name=True)
    yield from _whole_lists(listed)


def _whole_lists(listed: Mapping[str, Test]) -> Iterator[ColumnType]:
    """Return types of two-digit codes: some are Corsica's, or nearly all codes of a list occur.

    Twenty is none: days, weeks, minutes and divisions of the NAF count through it.
    """
    for name, least in (("departement", 85), ("region", 12)):
        yield ColumnType(name, nearly_all(listed[name], least), 0.5)
    yield ColumnType("departement", with_corsica(listed["departement"]), 0.7)


def _dates() -> Iterator[ColumnType]:
    """A type for each format, French before American, and one for columns that mix them."""
    for timed in (False, True):
        name = "datetime" if timed else "date"
        for shape in FORMATS:
            column = "" if shape == "%Y%m%d" else "date"
            test, signs = is_date(shape, timed=timed), b":" if timed else _signs_of(shape)
            yield ColumnType(name, test, 0.01, "date", kind=column, format=shape, signs=signs)
    for shape in WRITTEN:
        yield ColumnType("date", is_date(shape), 0.01, "date", format=shape, signs=_signs_of(shape))
    clear = [shape for shape in FORMATS if shape not in {"%m/%d/%Y", "%Y%m%d"}]
    mixed = any_of(tuple(is_date(shape, timed=timed) for shape in clear for timed in (False, True)))
    yield ColumnType("date", mixed, 0.01, "date", kind="date", signs=b"-/.")


def _months() -> Iterator[ColumnType]:
    """A type for each format; six digits are a month by the name of their column only."""
    for shape in MONTHS:
        needs_name = shape == "%Y%m"
        yield ColumnType(
            "month",
            is_month(shape),
            0.9 if needs_name else 0.01,
            _MONTH,
            needs_name=needs_name,
            format=shape,
            signs=_signs_of(shape),
        )


def _signs_of(shape: str) -> bytes:
    """Return the signs that separate day, month and year in that format, or the digits."""
    return re.sub("%.", "", shape).encode() or digits.encode()


def _lost_zeros(listed: Mapping[str, Test]) -> Iterator[ColumnType]:
    """Return types for codes that a spreadsheet read as numbers."""
    for name, width, chance, header in (
        ("postcode", 5, _POSTCODE_CHANCE, _POSTCODE),
        ("commune", 5, _COMMUNE_CHANCE, _COMMUNE),
        ("departement", 2, 0.9, "dep|dpt"),
    ):
        test, needs_name = lost_zero(listed[name], width), name == "departement"
        yield ColumnType(
            name, test, chance, header, _MEASURE, needs_name=needs_name, repair="leading_zero"
        )
    test = with_corsica(lost_zero(listed["departement"], 2))
    yield ColumnType("departement", test, 0.7, repair="leading_zero")


def _numbers() -> Iterator[ColumnType]:
    """Plain numbers first, then those with groups, units, or parentheses for a minus."""
    for name, shape, pattern in (
        ("integer", None, f"{_SIGN}{_WHOLE}"),
        ("integer", "# ##0", f"{_SIGN}({_WHOLE}|{_GROUPED})"),
        ("decimal", "0,0", f"{_SIGN}({_PLAIN}(,[0-9]+)?|,[0-9]+)"),
        ("decimal", "# ##0,0", f"{_SIGN}({_PLAIN}|{_GROUPED})(,[0-9]+)?"),
        ("decimal", "0.0", rf"{_SIGN}({_PLAIN}(\.[0-9]+)?|\.[0-9]+)"),
    ):
        takes_numbers = _GROUPED in pattern
        yield ColumnType(
            name, matching(pattern), 0.01, kind=name, format=shape, takes_numbers=takes_numbers
        )
    for style in STYLES:
        for name, whole in (("integer", True), ("decimal", False)):
            test, shape = written(style, whole=whole), format_of(style, whole=whole)
            yield ColumnType(
                name, test, 0.01, kind=name, format=shape, takes_numbers=True, last=True
            )


_CAPITALS = ascii_uppercase.encode()
_POSTCODE = r"post|(^|[_ .-])(cp|zip)([_ .-]|code|ville|$)|zip_?code"
_COMMUNE = r"insee|commune|(^|[_ ])com([_ ]|$)|cog"
_YEAR = r"ann[eé]e|mill[eé]sime|year|(^|[_ ])an([_ ]|$)"
_MONTH = "mois|month|p[ée]riode"
_MEASURE = (
    r"surface|superficie|montant|prix|co[uû]t|budget|salaire|revenu|loyer|effectif|population"
    r"|nombre|(^|[_ ])nbr?e?([_ ]|$)|total|longueur|largeur|hauteur|altitude|distance|puissance"
    r"|capacit|volume|poids"
)
"""Of two thousand square metres a year is a likely number, too."""
_POINT = r"\[?-?[0-9]{1,3}\.[0-9]+ ?[,;] ?-?[0-9]{1,3}\.[0-9]+\]?"
_BOOLEAN = "(?i:true|false|vrai|faux|oui|non|yes|no|o|n|y)"
_VERSION = r"v?[0-9]+(\.[0-9]+)+"
"""3.4 and 3.40 are two of them: no numbers, where the name says so."""

_SIGN = "[+-]?"
_WHOLE = "(0|[1-9][0-9]{0,17})"
"""What a whole number of 64 bits holds; a code with leading zeros, or longer, is no number."""

_PLAIN = _WHOLE
_GROUPED = "[1-9][0-9]{0,2}([ \u00a0\u202f][0-9]{3})+"


_SHAPES = (
    ColumnType("email", matching(EMAIL), 0.01, "mail|courriel", personal=True, signs=b"@"),
    ColumnType("phone", matching(PHONE), 0.1, "tel|phone|mobile", personal=True),
    ColumnType("url", matching(r"https?://\S+"), 0.01, "url|site|lien", signs=b"/"),
    ColumnType("geo_point", matching(_POINT), 0.01, "geo|coord|point", signs=b",;"),
    ColumnType("latitude", within(90), 0.9, LATITUDE, needs_name=True, signs=b",."),
    ColumnType("longitude", within(180), 0.9, LONGITUDE, needs_name=True, signs=b",."),
    *_dates(),
    *_months(),
    ColumnType("wkt", is_wkt, 0.01, "wkt|geom|the_geom", signs=b""),
    ColumnType("boolean", matching(_BOOLEAN), 0.01, kind="boolean", signs=b""),
    ColumnType("boolean", matching("[01]"), 0.3, "^(is|has|est|a)[_A-Z]"),
    ColumnType("boolean", matching("[xX✓✔]"), 0.05, signs=b""),
    ColumnType("version", matching(_VERSION), 0.9, "version", needs_name=True, signs=b"."),
    ColumnType("year", matching("(1[89]|20)[0-9]{2}"), 0.3, _YEAR, _MEASURE),
)
