"""What places are called by their codes, and which codes a name that people type means.

They are read when the first name is asked for, which takes about a second, or by `read_names`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from shared.places import Name, Place, rows
from shared.words import fold, french_list, quoted, sequence

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


class _Known(NamedTuple):
    """Places by their codes of today, their names' words and the first of these; what lies in."""

    by_code: Mapping[str, Place]
    by_name: Mapping[Name, list[Place]]
    by_word: Mapping[str, list[Place]]
    inside: Mapping[str, list[str]]


@cache
def _known() -> _Known:
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
    return _Known(by_code, by_name, by_word, inside)


def read_names() -> None:
    """Read them now, in a thread: who asks for the first name does not keep others waiting."""
    _known()


def name_of(code: str) -> str:
    """What a place is called today; its code where nobody knows it."""
    place = _known().by_code.get(code)
    return place.name if place else code


def labelled(codes: Iterable[str]) -> list[str]:
    """The names of places with their codes: `Caen (14118)`, which codes_of understands again."""
    return [f"{name_of(code)} ({code})" if name_of(code) != code else code for code in codes]


def in_french(codes: Iterable[str]) -> str:
    """Places by their names, the larger ones first: `Calvados, Bernay et Rouen`.

    All communes of an EPCI are told as that EPCI.
    """
    known = _known()
    left = set(codes)
    bodies = {one for code in left if code in known.by_code for one in known.by_code[code].within}
    for body in sorted(one for one in bodies if known.by_code[one].kind == "epci"):
        if left.issuperset(known.inside[body]):
            left = left.difference(known.inside[body]) | {body}
    return french_list([name_of(code) for code in sorted(left, key=_by_size)])


def _by_size(code: str) -> tuple[int, str]:
    place = _known().by_code.get(code)
    return (_KINDS.index(place.kind) if place else len(_KINDS), code)


def codes_of(text: str, *, takes_epci: bool) -> tuple[str, ...]:
    """The codes of the place that a name means: of a region its départements.

    Of an EPCI that is its SIREN or, unless that can be taken, its communes. Raises ValueError,
    in French and with the candidates, where no place is called so, or several are.
    """
    written = _OWN_CODE.fullmatch(text)
    name, own = written.groups() if written else (text, "")
    found = _called(name)
    if own:
        found = [one for one in found if own == one.code or one.code.startswith(own)]
    meant = {one.code: _codes(one, takes_epci=takes_epci) for one in found}
    if len(set(meant.values())) == 1:
        return next(iter(meant.values()))
    raise ValueError(_several(text, found) if found else _none(text))


def _called(name: str) -> list[Place]:
    """The places of that name: as it is written, of today rather than of before.

    A département comes before its city of the same name.
    """
    known = _known()
    places = known.by_name.get(_words(name), [])
    for spelt in (_spelt, lambda text: _spelt(fold(text))):
        places = [one for one in places if spelt(one.name) == spelt(name)] or places
    current = [one for one in places if known.by_code[one.code].name == one.name] or places
    departments = {one.code for one in current if one.kind == "departement"}
    return [one for one in current if one.kind != "commune" or one.code[:2] not in departments]


def _codes(place: Place, *, takes_epci: bool) -> tuple[str, ...]:
    if place.kind == "region" or (place.kind == "epci" and not takes_epci):
        return tuple(sorted(_known().inside[place.code]))
    return (place.code,)


def _spelt(name: str) -> str:
    """A name without case, hyphens, apostrophes, and what the names of EPCI begin with."""
    return _BODY.sub("", " ".join(_PART.split(name.casefold())), count=1)


def _words(text: str) -> Name:
    return tuple(word for word, _written in sequence(text))


def _several(text: str, found: Sequence[Place]) -> str:
    largest = _ranked(found)[0]
    example = quoted(f"{largest.name} ({largest.code})")
    return f"{_echoed(text)} peut être {_listed(found)} : écrivez par exemple {example}"


def _none(text: str) -> str:
    words = _words(text)
    near = _known().by_word.get(words[0], []) if words else []
    of_today = [one for one in near if one.population >= 0]
    asked = f" ; vouliez-vous dire {_listed(of_today)} ?" if of_today else ""
    return (
        f"{_echoed(text)} n'est le nom ni le code d'aucun département, d'aucun EPCI ni d'aucune"
        f" commune{asked}"
    )


def _echoed(text: str) -> str:
    """What was written, or how it begins, in guillemets."""
    return quoted(text if len(text) <= _MOST_ECHOED else f"{text[: _MOST_ECHOED - 1]}…")


def _listed(places: Iterable[Place]) -> str:
    """Some of them, the largest first, each with what it is."""
    ranked = _ranked(places)
    told = [f"{one.name} ({_what(one)})" for one in ranked[:_TOLD]]
    if len(ranked) > _TOLD:
        return ", ".join([*told, "…"])
    return " ou ".join(filter(None, (", ".join(told[:-1]), told[-1])))


def _ranked(places: Iterable[Place]) -> list[Place]:
    """As they are today, each once, the largest first."""
    known = _known()
    found = (known.by_code[code] for code in {one.code for one in places})
    return sorted(found, key=lambda one: (_KINDS.index(one.kind), -one.population))


def _what(place: Place) -> str:
    """A place's kind and code; a commune's département, by which people tell it from others."""
    told = f"{_FRENCH[place.kind]} {place.code}"
    if place.kind != "commune":
        return told
    return f"{told}, {name_of(place.code[: 3 if place.code.startswith('97') else 2])}"
