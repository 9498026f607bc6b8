"""Geometries that cells hold as well-known text (OGC 06-103r4), and columns of coordinates."""

import pyarrow.compute as pc

from shared.engine.reading.values.value_tests import Flags, Texts, matching

_KINDS = (
    "(?:MULTI)?(?:POINT|LINESTRING|POLYGON)"
    "|GEOMETRYCOLLECTION|CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE"
)
_BODY = rf"(?:[-+0-9eE., ()\s]|{_KINDS}|ZM|Z|M|EMPTY)*"
_WKT = rf"(?is:(?:SRID=[0-9]+;)?\s*(?:{_KINDS})\s*(?:ZM|Z|M)?\s*(?:EMPTY|\({_BODY}\)))"

_NO_LENGTH = r"(?![\W_]+[kcm]?m(?![^\W\d_]))"
LATITUDE = r"latitude|(?<![^\W\d_])[xy]?lat(?![^\W\d_])|(?-i:[a-z]Lat(?![a-z]))"
LONGITUDE = (
    rf"longitude|(?<![^\W\d_])[xy]?(lon|lng|long{_NO_LENGTH})(?![^\W\d_])"
    r"|(?-i:[a-z](Lon|Lng|Long)(?![a-z]))"
)
"""What columns of them are called: as a word, or in `stopLon`; not in `longueur`, `plat`, `colonne`
nor `long (m)`."""


def is_wkt(texts: Texts) -> Flags:
    """Whether each text is a geometry in well-known text, with or without PostGIS's SRID."""
    return matching(_WKT)(texts)


def kinds_of(texts: Texts) -> tuple[str, ...]:
    """Return the kinds of geometry in these texts, each once, sorted: POINT, POLYGON, ..."""
    matches = pc.extract_regex(texts, rf"(?i)^(?:SRID=[0-9]+;)?\s*(?P<kind>{_KINDS})")
    kinds = pc.unique(pc.utf8_upper(pc.struct_field(matches.drop_null(), "kind")))
    return tuple(sorted(kinds.to_pylist()))
