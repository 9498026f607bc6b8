"""French territories by INSEE code: departments (`14`, `2A`, `971`) and communes (`14118`).

People may name them: `codes_of` tells which are meant.

Source: INSEE, code officiel geographique: a commune's code starts with its department's. Where a
body of communes (EPCI) is a place too, its SIREN (`200065597`) is its code.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from stdnum.fr import siren

from shared.engine.places import Name
from shared.engine.places import Place as NamedPlace
from shared.engine.places.names import BODIES, KINDS, gazetteer, name_of
from shared.language.folding import fold, sequence
from shared.language.french import quoted

_METROPOLITAN = r"(?:0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])"
_OVERSEAS = r"97[1-6]"
_CODE = re.compile(rf"(?:{_METROPOLITAN}(?:\d{{3}})?|{_OVERSEAS}(?:\d{{2}})?)", re.ASCII)
_EPCI = re.compile(r"2\d{8}", re.ASCII)

_OWN_CODE = re.compile(r"(.+?)\s*\((\w+)\)")
"""A name with its code, or its département's, to tell it from others: `Bernay (27)`."""

_BODY = re.compile(rf"({'|'.join(BODIES)}) ")
_PART = re.compile(r"[\W_]+")
_TOLD = 5
_MOST_ECHOED = 60
"""Characters of a text that are told again."""

_FRENCH = {"region": "région", "departement": "département", "epci": "EPCI", "commune": "commune"}


def _known(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise ValueError(
            "n'est pas le code INSEE d'un département (14, 2A, 971) ou d'une commune (14118)"
        )
    return code


Territory = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"pattern": f"^{_CODE.pattern}$"})
]
"""A department or commune code."""


def _known_place(code: str) -> str:
    if not (is_epci(code) and siren.is_valid(code)) and not _CODE.fullmatch(code):
        raise ValueError(
            "n'est le code INSEE ni d'un département (14, 2A, 971) ni d'une commune (14118), "
            "ni le SIREN d'un EPCI (200065597)"
        )
    return code


Place = Annotated[
    str,
    AfterValidator(_known_place),
    Field(json_schema_extra={"pattern": f"^(?:{_CODE.pattern}|{_EPCI.pattern})$"}),
]
"""A department or commune code, or the SIREN of an EPCI."""


_MOST = 5000
"""Places that are looked for by their names at most, of one list."""


def _spread(names: Any, *, takes_epci: bool) -> Any:  # noqa: ANN401 - whatever was sent
    """Replace place names by codes, each once; unknown names stay, to be checked as codes."""
    if not isinstance(names, list | tuple) or len(names) > _MOST:
        return names
    codes: list[Any] = []
    for name in names:
        is_name = isinstance(name, str) and name.strip()[:1].isalpha()
        codes += codes_of(name.strip(), takes_epci=takes_epci) if is_name else [name]
    return list(dict.fromkeys(codes)) if all(isinstance(code, str) for code in codes) else codes


Territories = Annotated[tuple[Territory, ...], BeforeValidator(partial(_spread, takes_epci=False))]
"""Departments and communes, by code or by name; of a region its departments, of an EPCI its
communes."""

Places = Annotated[tuple[Place, ...], BeforeValidator(partial(_spread, takes_epci=True))]
"""The same, where an EPCI is a place of its own."""


def is_epci(code: str) -> bool:
    """Whether a code is the SIREN of a public body: an EPCI, where it names a place."""
    return bool(_EPCI.fullmatch(code))


def department_of(code: str) -> str:
    """Return the department of a code; an EPCI, which may lie in two, stays itself."""
    if is_epci(code):
        return code
    return code[:3] if code.startswith("97") else code[:2]


def is_department(code: str) -> bool:
    """Whether a code names a department rather than a commune."""
    return code == department_of(code) and not is_epci(code)


def within(code: str, other: str) -> bool:
    """Whether the place `code` is `other` or lies in it."""
    return other in {code, department_of(code)}


def common(codes: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return the narrower code of each pair of overlapping places, sorted, each once."""
    held = tuple(others)
    narrower = {
        code if within(code, other) else other
        for code in codes
        for other in held
        if within(code, other) or within(other, code)
    }
    return tuple(sorted(narrower))


def kind_of(code: str) -> str:
    """Return the kind of place that a code names, in French."""
    if is_epci(code):
        return "EPCI"
    return "département" if is_department(code) else "commune"


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


def _called(name: str) -> list[NamedPlace]:
    """The places of that name: as it is written, of today rather than of before.

    A département comes before its city of the same name.
    """
    places_today = gazetteer()
    places = places_today.by_name.get(_words(name), [])
    for spelt in (_spelt, lambda text: _spelt(fold(text))):
        places = [place for place in places if spelt(place.name) == spelt(name)] or places
    current = [
        place for place in places if places_today.by_code[place.code].name == place.name
    ] or places
    departments = {place.code for place in current if place.kind == "departement"}
    return [
        place for place in current if place.kind != "commune" or place.code[:2] not in departments
    ]


def _codes(place: NamedPlace, *, takes_epci: bool) -> tuple[str, ...]:
    if place.kind == "region" or (place.kind == "epci" and not takes_epci):
        return tuple(sorted(gazetteer().inside[place.code]))
    return (place.code,)


def _spelt(name: str) -> str:
    """A name without case, hyphens, apostrophes, and what the names of EPCI begin with."""
    return _BODY.sub("", " ".join(_PART.split(name.casefold())), count=1)


def _words(text: str) -> Name:
    return tuple(word for word, _written in sequence(text))


def _several(text: str, places: Sequence[NamedPlace]) -> str:
    largest = _ranked(places)[0]
    example = quoted(f"{largest.name} ({largest.code})")
    return f"{_echoed(text)} peut être {_listed(places)} : écrivez par exemple {example}"


def _none(text: str) -> str:
    words = _words(text)
    near = gazetteer().by_word.get(words[0], []) if words else []
    of_today = [place for place in near if place.population >= 0]
    asked = f" ; vouliez-vous dire {_listed(of_today)} ?" if of_today else ""
    return (
        f"{_echoed(text)} n'est le nom ni le code d'aucun département, d'aucun EPCI ni d'aucune"
        f" commune{asked}"
    )


def _echoed(text: str) -> str:
    """What was written, or how it begins, in guillemets."""
    return quoted(text if len(text) <= _MOST_ECHOED else f"{text[: _MOST_ECHOED - 1]}…")


def _listed(places: Iterable[NamedPlace]) -> str:
    """Some of the places, the largest first, each with its kind and code."""
    ranked = _ranked(places)
    names = [f"{place.name} ({_what(place)})" for place in ranked[:_TOLD]]
    if len(ranked) > _TOLD:
        return ", ".join([*names, "…"])
    return " ou ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _ranked(places: Iterable[NamedPlace]) -> list[NamedPlace]:
    """The places as they are today, each once, the largest first."""
    places_today = gazetteer()
    present = (places_today.by_code[code] for code in {place.code for place in places})
    return sorted(present, key=lambda place: (KINDS.index(place.kind), -place.population))


def _what(place: NamedPlace) -> str:
    """A place's kind and code; a commune's département, by which people tell it from others."""
    label = f"{_FRENCH[place.kind]} {place.code}"
    if place.kind != "commune":
        return label
    return f"{label}, {name_of(place.code[: 3 if place.code.startswith('97') else 2])}"
