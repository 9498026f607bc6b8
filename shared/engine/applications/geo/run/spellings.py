"""Reads latitudes and longitudes as people write them: degrees, minutes, pairs, WKT, GeoJSON."""

import json
import re
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from shared.engine.reading.values.value_tests import Flags, Numbers, Texts

_PLAIN = r"^\s*[+-]?[0-9]{1,9}([.,][0-9]*)?\s*$"
_ANGLE = re.compile(
    r"""\s*(?P<before>[NSEWO])?\s*(?P<sign>[+\u2212-])?\s*(?P<degrees>[0-9]{1,3}(?:[.,][0-9]+)?)
    \s*(?:[°ºd:]|deg\b)?\s*(?:(?P<minutes>[0-9]{1,2}(?:[.,][0-9]+)?)\s*(?:['\u2019\u2032m:]|min\b)?\s*
    (?:(?P<seconds>[0-9]{1,2}(?:[.,][0-9]+)?)\s*(?:["\u201d\u2033s]|'')?\s*)?)?(?P<after>[NSEWO])?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
_COMMA = r"[+-]?[0-9]+(?:,[0-9]+)?"
_WKT_POINT = (
    rf"(?i)^\s*(?:SRID=[0-9]+;)?\s*POINT\s*(?:ZM|Z|M)?\s*\(\s*(?P<x>{_NUMBER})\s+(?P<y>{_NUMBER})"
    rf"(?:\s+{_NUMBER})*\s*\)\s*$"
)
_PAIRS = (
    rf"^\s*[(\[]?\s*(?P<a>{_NUMBER})\s*[,;/ ]\s*(?P<b>{_NUMBER})\s*[)\]]?\s*$",
    rf"^\s*[(\[]?\s*(?P<a>{_COMMA})\s*[;/ ]\s*(?P<b>{_COMMA})\s*[)\]]?\s*$",
    rf"^\s*[(\[]?\s*(?P<a>{_COMMA})\s*,\s+(?P<b>{_COMMA})\s*[)\]]?\s*$",
)
_WKT = re.compile(r"(?i)^\s*(?:SRID=[0-9]+;)?\s*(?=[A-Z]{5,})")
_LETTERS = re.compile(r"(?i)^(.*?[NS].*?)[,;/]?\s+(.*[EWO].*)$|^(.*?[EWO].*?)[,;/]?\s+(.*[NS].*)$")
_SIXTY = 60


class Points(NamedTuple):
    """Latitudes and longitudes in degrees, NaN where there are none; `filled` cells had a text."""

    latitude: Numbers
    longitude: Numbers
    filled: int

    @property
    def is_read(self) -> Flags:
        """Return which of them are positions."""
        read: Flags = np.isfinite(self.latitude) & np.isfinite(self.longitude)
        return read


def read_pair(latitudes: Texts, longitudes: Texts) -> Points:
    """Read latitudes and longitudes of two columns of texts."""
    filled = count_filled(latitudes, longitudes)
    return _bounded(read_angles(latitudes, "NS"), read_angles(longitudes, "EWO"), filled)


def count_filled(first: Texts, second: Texts) -> int:
    """Return how many rows have a text in one of two columns."""
    has_text = (pc.fill_null(_has_text(texts), False) for texts in (first, second))
    return int(pc.sum(pc.or_(*has_text)).as_py() or 0)


def read_numbers(texts: Texts) -> Numbers:
    """Read plain numbers with a point or comma; NaN for others."""
    plain = pc.if_else(pc.match_substring_regex(texts, _PLAIN), texts, None)
    trimmed = pc.replace_substring(pc.utf8_trim_whitespace(plain), ",", ".")
    numbers: Numbers = trimmed.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def read_angles(texts: Texts, letters: str) -> Numbers:
    """Return angles in degrees, read with or without minutes, seconds and a direction's letter."""
    degrees = read_numbers(texts)
    others = np.isnan(degrees) & pc.fill_null(_has_text(texts), False).to_numpy(
        zero_copy_only=False
    )
    if others.any():
        encoded = texts.filter(pa.array(others)).dictionary_encode()
        angles = [_angle(text, letters) for text in encoded.dictionary.to_pylist()]
        degrees = degrees.copy()
        degrees[others] = np.array(angles)[encoded.indices.to_numpy()]
    return degrees


def _angle(text: str, letters: str) -> float:
    parts = _ANGLE.fullmatch(text)
    if parts is None:
        return np.nan
    direction = (parts["before"] or parts["after"] or "").upper()
    if (parts["before"] and parts["after"]) or (direction and direction not in letters):
        return np.nan
    degrees, minutes, seconds = (
        float((parts[name] or "0").replace(",", ".")) for name in ("degrees", "minutes", "seconds")
    )
    if minutes >= _SIXTY or seconds >= _SIXTY:
        return np.nan
    value = degrees + minutes / 60 + seconds / 3600
    is_negative = direction in ("S", "W", "O") or parts["sign"] in ("-", "\u2212")
    return -value if is_negative and direction not in ("N", "E") else value


def read_points(texts: Texts, *, lon_first: bool) -> Points:
    """Read one column: two numbers, two angles with letters, WKT or GeoJSON (longitude first).

    A shape that is no point stands for a point within it.
    """
    latitude, longitude = (np.full(len(texts), np.nan) for _ in range(2))
    left = pc.fill_null(_has_text(texts), False).to_numpy(zero_copy_only=False).copy()
    filled = int(left.sum())
    for pattern, is_lon_first in (
        (_WKT_POINT, True),
        *((pattern, lon_first) for pattern in _PAIRS),
    ):
        if not left.any():
            break
        parts = pc.extract_regex(texts, pattern)
        fits = left & parts.is_valid().to_numpy(zero_copy_only=False)
        first, second = (_floats(parts.filter(pa.array(fits)), at) for at in (0, 1))
        longitude[fits], latitude[fits] = (first, second) if is_lon_first else (second, first)
        left &= ~fits
    if left.any():
        encoded = texts.filter(pa.array(left)).dictionary_encode()
        pairs = np.array([_pair(text) for text in encoded.dictionary.to_pylist()])
        latitude[left], longitude[left] = pairs[encoded.indices.to_numpy()].T
    return _bounded(latitude, longitude, filled)


def read_shapes(texts: Texts) -> Any:  # noqa: ANN401 - shapely has no types
    """Read the shapes of a column of WKT or GeoJSON; None for what is neither."""
    encoded = texts.dictionary_encode()
    shapes = np.array([*map(_shape, encoded.dictionary.to_pylist()), None], dtype=object)
    return shapes[pc.fill_null(encoded.indices, len(shapes) - 1).to_numpy(zero_copy_only=False)]


def _floats(parts: Texts, at: int) -> Numbers:
    texts = pc.struct_field(parts, [at])
    numbers: Numbers = (
        pc.replace_substring(texts, ",", ".").cast(pa.float64()).to_numpy(zero_copy_only=False)
    )
    return numbers


def _pair(text: str) -> tuple[float, float]:
    """Read latitude and longitude of one text; NaN twice for none."""
    none = (np.nan, np.nan)
    if text.lstrip().startswith("{") or _WKT.match(text):
        return _of_shape(_shape(text), none)
    match = _LETTERS.match(text.strip())
    if match is None:
        return none
    north, east = match[1] or match[4], match[2] or match[3]
    return _angle(north, "NS"), _angle(east, "EWO")


def _shape(text: str) -> Any:  # noqa: ANN401 - shapely has no types
    if text.lstrip().startswith("{"):
        return _from_json(text)
    return shapely.from_wkt(_WKT.sub("", text), on_invalid="ignore")


def _of_shape(shape: Any, none: tuple[float, float]) -> tuple[float, float]:  # noqa: ANN401 - shapely has no types
    if shape is None or shape.is_empty:
        return none
    point = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
    return point.y, point.x


def _from_json(text: str) -> Any:  # noqa: ANN401 - shapely has no types
    try:
        read = json.loads(text)
        shape = read.get("geometry", read)
        return shapely.from_geojson(json.dumps(shape), on_invalid="ignore")
    except (ValueError, AttributeError, RecursionError):
        return None


def _has_text(texts: Texts) -> Texts:
    return pc.not_equal(pc.utf8_trim_whitespace(texts), "")


def _bounded(latitude: Numbers, longitude: Numbers, filled: int) -> Points:
    """Return what lies on the earth; the rest is no position."""
    with np.errstate(invalid="ignore"):
        wrong = ~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 180))  # noqa: PLR2004 - degrees
    return Points(np.where(wrong, np.nan, latitude), np.where(wrong, np.nan, longitude), filled)
