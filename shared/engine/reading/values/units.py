"""Units of numbers, as cells and the names of columns write them."""

import re
from collections.abc import Mapping

UNITS: Mapping[str, str] = {
    "%": "%",
    "‰": "‰",
    "€": "€",
    "(?:EUR|[eE]uros?)": "€",
    "[kK] ?(?:€|EUR|[eE]uros?)": "k€",
    "M ?(?:€|EUR|[eE]uros?)": "M€",
    "(?:Md|Mrd) ?(?:€|EUR|[eE]uros?)": "Md€",
    r"\$": "$",
    "£": "£",
    "€ ?HT": "€ HT",
    "€ ?TTC": "€ TTC",
    r"€ ?/ ?m[²2]": "€/m²",
    "€ ?/ ?mois": "€/mois",
    "€ ?/ ?an": "€/an",
    "€ ?/ ?h": "€/h",
    "m[²2]": "m²",
    "m[³3]": "m³",
    "km": "km",
    "km[²2]": "km²",
    "km/h": "km/h",
    "cm": "cm",
    "mm": "mm",
    "ha": "ha",
    "kg": "kg",
    "kW": "kW",
    "MW": "MW",
    "kWh": "kWh",
    "MWh": "MWh",
    "GWh": "GWh",
    "kVA": "kVA",
    r"kWh/m[²2](?:[./]an)?": "kWh/m²",
    r"[°º] ?C": "°C",
    r"[°º]": "°",
    "[µμ]g/m[³3]": "µg/m³",
    "mg/[lL]": "mg/L",
    r"dB(?:\(A\))?": "dB",
    "[kKMG]o": "octets",
    "ans?": "ans",
    "jours?": "jours",
    "mois": "mois",
    "heures?": "h",
    "min": "min",
    r"hab\.?|habitants?": "habitants",
    "(?:km[²2]|hab) ?/ ?(?:hab|km[²2])": "hab/km²",
}
"""How a unit is spelled, as a pattern, and what it is called."""

CURRENCIES = "(?:€|\\$|£)"
"""The signs that may stand before a number."""

UNIT_PATTERN = f"(?:{'|'.join(UNITS)})"

_TOLD: Mapping[str, str] = {
    "milliers? d['\u2019 ]?euros?": "k€",
    "millions? d['\u2019 ]?euros?": "M€",
    "milliards? d['\u2019 ]?euros?": "Md€",
    "pourcentages?|pourcents?|pour ?cent|pct|percent": "%",
    "m[èe]tres? carr[ée]s?": "m²",
    "m[èe]tres?": "m",
    "kilom[èe]tres?": "km",
    "hectares?": "ha",
    "tonnes?": "t",
    "litres?": "L",
    "eur|euros?": "€",
    "keur|kilo ?euros?": "k€",
    "minutes?": "min",
    "ann[ée]es?": "ans",
}
"""How names of columns spell units, besides."""

_WORDS = {**_TOLD, **UNITS}
_IN_NAME = "|".join(f"(?:{word})" for word in _WORDS)
_ENCLOSED = re.compile(rf"[(\[]\s*(?:en\s+)?({_IN_NAME}|[mtgL])\s*[)\]]", re.IGNORECASE)
_LAST = re.compile(rf"(?:\ben[ _]+|,\s*en\s+|,\s+)({_IN_NAME})$", re.IGNORECASE)
_SUFFIX = re.compile(
    r"[_ ](m2|m3|km2?|ha|kg|kwh|mwh|gwh|kw|mw|kva|eur|euros?|keur|k€|€|%|pct|pourcent|mm|cm)$",
    re.IGNORECASE,
)
_SUFFIXES = {"m2": "m²", "m3": "m³", "km2": "km²", "kwh": "kWh", "mwh": "MWh", "gwh": "GWh"}
_SUFFIXES |= {"kw": "kW", "mw": "MW", "kva": "kVA", "pourcent": "%"}

_NO_NAMES = ("ans", "jours", "mois", "h", "min", "habitants", "ha", "°")
"""Units whose names are those of columns, too."""


def canonical_unit(spelled: str) -> str:
    """Return the canonical name of a unit; an unknown spelling stays as it is."""
    text = spelled.strip()
    return next((name for pattern, name in UNITS.items() if re.fullmatch(pattern, text)), text)


def unit_of_name(name: str) -> str:
    """Return the unit in a column's name: `montant (k€)`, `surface_m2`, `kWh`."""
    text = name.strip()
    for pattern in (_ENCLOSED, _LAST, _SUFFIX):
        if match := pattern.search(text):
            return _called(match[1])
    unit = canonical_unit(text)
    return unit if unit in UNITS.values() and unit not in _NO_NAMES else ""


def _called(spelled: str) -> str:
    text = spelled.strip()
    if text.lower() in _SUFFIXES:
        return _SUFFIXES[text.lower()]
    for flags in (re.NOFLAG, re.IGNORECASE):
        for spelling, unit in _WORDS.items():
            if re.fullmatch(spelling, text, flags):
                return unit
    return text
