"""What places are called by their codes.

They are read when the first name is asked for, which takes about a second, or by `read_names`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from shared.engine.places import Name, Place, rows
from shared.language.french import french_list

BODIES = ("cc", "ca", "cu")
"""What the names of EPCI begin with that people leave out: `CU Caen la Mer`."""

KINDS = ("region", "departement", "epci", "commune")


class Gazetteer(NamedTuple):
    """Places by their codes of today, their names' words and the first of these; what lies in."""

    by_code: Mapping[str, Place]
    by_name: Mapping[Name, list[Place]]
    by_word: Mapping[str, list[Place]]
    inside: Mapping[str, list[str]]


@cache
def gazetteer() -> Gazetteer:
    """The places of today, read once."""
    by_code: dict[str, Place] = {}
    by_name, by_word = defaultdict[Name, list[Place]](list), defaultdict[str, list[Place]](list)
    for place, words, _postcodes in rows():
        # Communes that became part of another have its code, and no inhabitants.
        if place.code not in by_code or place.population > by_code[place.code].population:
            by_code[place.code] = place
        own = words[1:] if words and words[0] in BODIES else words
        if own:
            by_name[own].append(place)
            by_word[own[0]].append(place)
            if own != words:
                by_name[words].append(place)
    inside = defaultdict[str, list[str]](list)
    for place in by_code.values():
        for larger in place.within:
            inside[larger].append(place.code)
    return Gazetteer(by_code, by_name, by_word, inside)


def read_names() -> None:
    """Read them now, in a thread: who asks for the first name does not keep others waiting."""
    gazetteer()


def name_of(code: str) -> str:
    """What a place is called today; its code where nobody knows it."""
    place = gazetteer().by_code.get(code)
    return place.name if place else code


def labelled(codes: Iterable[str]) -> list[str]:
    """The names of places with their codes: `Caen (14118)`, which codes_of understands again."""
    return [f"{name_of(code)} ({code})" if name_of(code) != code else code for code in codes]


def in_french(codes: Iterable[str]) -> str:
    """Places by their names, the larger ones first: `Calvados, Bernay et Rouen`.

    All communes of an EPCI are told as that EPCI.
    """
    places_today, left = gazetteer(), set(codes)
    bodies = {
        body
        for code in left
        if code in places_today.by_code
        for body in places_today.by_code[code].within
    }
    for body in sorted(body for body in bodies if places_today.by_code[body].kind == "epci"):
        if left.issuperset(places_today.inside[body]):
            left = left.difference(places_today.inside[body]) | {body}
    return french_list([name_of(code) for code in sorted(left, key=_by_size)])


def _by_size(code: str) -> tuple[int, str]:
    place = gazetteer().by_code.get(code)
    return (KINDS.index(place.kind) if place else len(KINDS), code)
