"""What places are called by their codes, and which codes a name that people type means.

They are read when the first name is asked for, which takes about a second, or by `read_names`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from shared.language.folding import fold, sequence
from shared.language.french import french_list, quoted
from shared.places import Name, Place, rows

_OWN_CODE = re.compile(r"(.+?)\s*\((\w+)\)")
"""A name with its code, or its département's, to tell it from others: `Bernay (27)`."""

_BODIES = ("cc", "ca", "cu")
"""What the names of EPCI begin with that people leave out: `CU Caen la Mer`."""

_BODY = re.compile(rf"({'|'.join(_BODIES)}) ")
_PART = re.compile(r"[\W_]+")
_TOLD = 5
_MOST_ECHOED = 60
"""Characters of a text that are told again."""

_KINDS = ("region", "departement", "epci", "commune")
_FRENCH = {"region": "région", "departement": "département", "epci": "EPCI", "commune": "commune"}


class _Gazetteer(NamedTuple):
    """Places by their codes of today, their names' words and the first of these; what lies in."""

    by_code: Mapping[str, Place]
    by_name: Mapping[Name, list[Place]]
    by_word: Mapping[str, list[Place]]
    inside: Mapping[str, list[str]]


@cache
def _gazetteer() -> _Gazetteer:
    by_code: dict[str, Place] = {}
    by_name, by_word = defaultdict[Name, list[Place]](list), defaultdict[str, list[Place]](list)
    for place, words, _postcodes in rows():
        # Communes that became part of another have its code, and no inhabitants.
        if place.code not in by_code or place.population > by_code[place.code].population:
            by_code[place.code] = place
        own = words[1:] if words and words[0] in _BODIES else words
        if own:
            by_name[own].append(place)
            by_word[own[0]].append(place)
            if own != words:
                by_name[words].append(place)
    inside = defaultdict[str, list[str]](list)
    for place in by_code.values():
        for larger in place.within:
            inside[larger].append(place.code)
    return _Gazetteer(by_code, by_name, by_word, inside)


def read_names() -> None:
    """Read them now, in a thread: who asks for the first name does not keep others waiting."""
    _gazetteer()


def name_of(code: str) -> str:
    """What a place is called today; its code where nobody knows it."""
    place = _gazetteer().by_code.get(code)
    return place.name if place else code


def labelled(codes: Iterable[str]) -> list[str]:
    """The names of places with their codes: `Caen (14118)`, which codes_of understands again."""
    return [f"{name_of(code)} ({code})" if name_of(code) != code else code for code in codes]


def in_french(codes: Iterable[str]) -> str:
    """Places by their names, the larger ones first: `Calvados, Bernay et Rouen`.

    All communes of an EPCI are told as that EPCI.
    """
    gazetteer = _gazetteer()
    left = set(codes)
    bodies = {
        body
        for code in left
        if code in gazetteer.by_code
        for body in gazetteer.by_code[code].within
    }
    for body in sorted(body for body in bodies if gazetteer.by_code[body].kind == "epci"):
        if left.issuperset(gazetteer.inside[body]):
            left = left.difference(gazetteer.inside[body]) | {body}
    return french_list([name_of(code) for code in sorted(left, key=_by_size)])


def _by_size(code: str) -> tuple[int, str]:
    place = _gazetteer().by_code.get(code)
    return (_KINDS.index(place.kind) if place else len(_KINDS), code)


def codes_of(text: str, *, takes_epci: bool) -> tuple[str, ...]:
    """The codes of the place that a name means: of a region its départements.

    Of an EPCI that is its SIREN or, unless that can be taken, its communes. Raises ValueError,
    in French and with the candidates, where no place is called so, or several are.
    """
    written = _OWN_CODE.fullmatch(text)
    name, own = written.groups() if written else (text, "")
    places = _called(name)
    if own:
        places = [place for place in places if own == place.code or place.code.startswith(own)]
    meant = {place.code: _codes(place, takes_epci=takes_epci) for place in places}
    if len(set(meant.values())) == 1:
        return next(iter(meant.values()))
    raise ValueError(_several(text, places) if places else _none(text))


def _called(name: str) -> list[Place]:
    """The places of that name: as it is written, of today rather than of before.

    A département comes before its city of the same name.
    """
    gazetteer = _gazetteer()
    places = gazetteer.by_name.get(_words(name), [])
    for spelt in (_spelt, lambda text: _spelt(fold(text))):
        places = [place for place in places if spelt(place.name) == spelt(name)] or places
    current = [
        place for place in places if gazetteer.by_code[place.code].name == place.name
    ] or places
    departments = {place.code for place in current if place.kind == "departement"}
    return [
        place for place in current if place.kind != "commune" or place.code[:2] not in departments
    ]


def _codes(place: Place, *, takes_epci: bool) -> tuple[str, ...]:
    if place.kind == "region" or (place.kind == "epci" and not takes_epci):
        return tuple(sorted(_gazetteer().inside[place.code]))
    return (place.code,)


def _spelt(name: str) -> str:
    """A name without case, hyphens, apostrophes, and what the names of EPCI begin with."""
    return _BODY.sub("", " ".join(_PART.split(name.casefold())), count=1)


def _words(text: str) -> Name:
    return tuple(word for word, _written in sequence(text))


def _several(text: str, places: Sequence[Place]) -> str:
    largest = _ranked(places)[0]
    example = quoted(f"{largest.name} ({largest.code})")
    return f"{_echoed(text)} peut être {_listed(places)} : écrivez par exemple {example}"


def _none(text: str) -> str:
    words = _words(text)
    near = _gazetteer().by_word.get(words[0], []) if words else []
    of_today = [place for place in near if place.population >= 0]
    asked = f" ; vouliez-vous dire {_listed(of_today)} ?" if of_today else ""
    return (
        f"{_echoed(text)} n'est le nom ni le code d'aucun département, d'aucun EPCI ni d'aucune"
        f" commune{asked}"
    )


def _echoed(text: str) -> str:
    """What was written, or how it begins, in guillemets."""
    return quoted(text if len(text) <= _MOST_ECHOED else f"{text[: _MOST_ECHOED - 1]}…")


def _listed(places: Iterable[Place]) -> str:
    """Some of the places, the largest first, each with its kind and code."""
    ranked = _ranked(places)
    names = [f"{place.name} ({_what(place)})" for place in ranked[:_TOLD]]
    if len(ranked) > _TOLD:
        return ", ".join([*names, "…"])
    return " ou ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _ranked(places: Iterable[Place]) -> list[Place]:
    """The places as they are today, each once, the largest first."""
    gazetteer = _gazetteer()
    present = (gazetteer.by_code[code] for code in {place.code for place in places})
    return sorted(present, key=lambda place: (_KINDS.index(place.kind), -place.population))


def _what(place: Place) -> str:
    """A place's kind and code; a commune's département, by which people tell it from others."""
    label = f"{_FRENCH[place.kind]} {place.code}"
    if place.kind != "commune":
        return label
    return f"{label}, {name_of(place.code[: 3 if place.code.startswith('97') else 2])}"
