"""Recognises the columns that hold official identifiers, by their values."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stdnum.fr import siren

_ENOUGH = 0.95
"""Share of a column's distinct values that must be valid: real files have a few faults."""

_SIREN = re.compile(r"[0-9]{9}")
_POSTCODE = re.compile(r"[0-9]{5}")
_POSTCODE_NAME = re.compile(r"post|(^|_)cp(_|$)", re.IGNORECASE)
_REFERENCE = Path(__file__).resolve().parents[1] / "reference"


@dataclass(frozen=True)
class Reference:
    """The valid codes of France (see `services/compute/reference`)."""

    communes: frozenset[str]
    epci: frozenset[str]
    postcode_prefixes: frozenset[str]


def load_reference() -> Reference:
    """Read the reference files."""
    lines = {line["prefix"]: line["suffixes"].split() for line in _lines("communes.csv")}
    epci = frozenset(line["code"] for line in _lines("epci.csv"))
    communes = frozenset(prefix + suffix for prefix in lines for suffix in lines[prefix])
    # Postcodes know one Corsica, numbered as before its departments.
    prefixes = frozenset(prefix for prefix in lines if prefix.isdigit()) | {"20"}
    return Reference(communes, epci, prefixes)


def _lines(name: str) -> list[dict[str, str]]:
    with (_REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def find_key(name: str, values: Sequence[str], reference: Reference) -> str | None:
    """The kind of identifier that these distinct values are: commune, postcode, epci or siren.

    Most postcodes of a region are commune codes of other places as well, so a column that fits
    both is taken by its name for postcodes, and for communes otherwise.
    """
    if not values:
        return None
    if _share(value in reference.epci for value in values) >= _ENOUGH:
        return "epci"
    if _share(_is_siren(value) for value in values) >= _ENOUGH:
        return "siren"
    communes = _share(value in reference.communes for value in values)
    postcodes = _share(_is_postcode(value, reference) for value in values)
    if communes >= _ENOUGH and not (postcodes >= _ENOUGH and _POSTCODE_NAME.search(name)):
        return "commune"
    return "postcode" if postcodes >= _ENOUGH else None


def _share(valid: Iterable[bool]) -> float:
    found = list(valid)
    return sum(found) / len(found)


def _is_siren(value: str) -> bool:
    """Nine digits, the last of which checks the others (Luhn)."""
    return bool(_SIREN.fullmatch(value)) and bool(siren.is_valid(value))


def _is_postcode(value: str, reference: Reference) -> bool:
    return bool(_POSTCODE.fullmatch(value)) and value[:2] in reference.postcode_prefixes
