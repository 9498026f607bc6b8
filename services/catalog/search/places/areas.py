"""The places that questions name, and how well a dataset's territory serves who asks for them."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from services.catalog.search.places.gazetteer import FRANCE, gazetteer
from shared.engine.places import Place
from shared.engine.tables.territory import department_of, is_department, is_epci
from shared.language.french import french_list

EVERYWHERE = "everywhere"
"""The area of a dataset that names no territory, or départements of several regions."""

_IN, _WITH_OTHERS = "<", "~"
_OWN, _WITH_OTHERS_TOO, _LARGER = 1.0, 0.9, 0.85
_LARGER_WITH_OTHERS, _PART, _NATIONAL = 0.8, 0.7, 0.5
"""How well an area serves: it is the place, has it and others, holds it, holds it and others, lies
in it, or is all of France."""

_MOST_NAMESAKES = 5
_MOST_NAMED = 3
_UNITS = frozenset({"an", "ans", "annee", "euro", "jour", "juillet", "km", "m2", "metre", "mai"})
"""After a number they say that it names no place: 75 ans, 14 juillet."""


class PlaceMention(NamedTuple):
    """The places of one name in a question, from one of its words up to another.

    `is_word` when the name may mean something else: Manche is a sea too, 76 a number.
    """

    start: int
    end: int
    places: tuple[Place, ...]
    is_word: bool


def place_mentions(words: Sequence[str]) -> Iterator[PlaceMention]:
    """The places that a question names, by their longest name; `words` are singulars."""
    at = 0
    while at < len(words):
        mention = _named(words, at) or _numbered(words, at)
        if mention:
            yield mention
        at = mention.end if mention else at + 1


def _named(words: Sequence[str], at: int) -> PlaceMention | None:
    all_places = gazetteer()
    for name, places in all_places.names.get(words[at], ()):
        end = at + len(name)
        if tuple(words[at:end]) == name:
            is_word = len(name) == 1 and name[0] in all_places.homonyms
            return PlaceMention(at, end, _largest(places), is_word)
    return None


def _largest(places: Collection[Place]) -> tuple[Place, ...]:
    """The namesakes that are meant first: regions, départements, then communes by inhabitants."""
    ranked = sorted(places, key=lambda place: (-_RANKS[place.kind], -place.population))
    return tuple(ranked[:_MOST_NAMESAKES])


_RANKS = {"country": 4, "region": 3, "departement": 2, "landscape": 2, "epci": 1, "commune": 1}


def _numbered(words: Sequence[str], at: int) -> PlaceMention | None:
    """Places by département, postcode or code of a commune, where it does not count something."""
    places = gazetteer().numbers.get(words[at])
    counts = words[at + 1 : at + 2] and words[at + 1] in _UNITS
    return PlaceMention(at, at + 1, tuple(places), is_word=False) if places and not counts else None


def areas_of(place: Place) -> dict[str, float]:
    """The areas of datasets that serve a question about a place, each with how well it does.

    None has a landscape as its own: what is in a part of its départements may lie outside.
    """
    if place == FRANCE:
        return {EVERYWHERE: _OWN, f"{_IN}{FRANCE.code}": _PART}
    areas = {EVERYWHERE: _NATIONAL, f"{_IN}{place.code}": _PART}
    for larger in _larger(place):
        areas |= {f"{_WITH_OTHERS}{larger}": _LARGER_WITH_OTHERS, larger: _LARGER}
    if place.kind == "landscape":
        del areas[f"{_IN}{place.code}"]
        return areas
    return areas | {f"{_WITH_OTHERS}{place.code}": _WITH_OTHERS_TOO, place.code: _OWN}


def _larger(place: Place) -> set[str]:
    """The EPCI and départements that a place lies in."""
    if place.kind == "commune":
        return {*place.within, department_of(place.code)}
    return set(place.within) if place.kind in {"epci", "landscape"} else set()


def areas_in(territory: Collection[str]) -> list[str]:
    """The areas of a dataset: its codes, what they lie in, and the regions that they make up."""
    regions = gazetteer().departments
    listed = frozenset(filter(is_department, territory))
    if not territory or not any(listed <= departments for departments in regions.values()):
        return [EVERYWHERE]
    areas = {
        code if code not in listed or len(listed) == 1 else f"{_WITH_OTHERS}{code}"
        for code in territory
    }
    areas |= {region for region, departments in regions.items() if listed and departments <= listed}
    return sorted(areas | {f"{_IN}{larger}" for code in territory for larger in _around(code)})


@lru_cache(maxsize=5000)
def _around(code: str) -> frozenset[str]:
    """What a place lies in, up to its regions and France."""
    place = gazetteer().by_code.get(code)
    above = set(place.within) if place else set()
    if code.startswith("R"):
        return frozenset({FRANCE.code})
    if not is_department(code) and not is_epci(code) and not code.startswith("R"):
        above.add(department_of(code))
    return frozenset(above).union(*map(_around, above))


def bodies_of(code: str) -> set[str]:
    """The départements and EPCI that a place is or lies in: what people narrow a search by."""
    around = {code, *_around(code)} - {FRANCE.code}
    return {body for body in around if is_department(body) or is_epci(body)}


def territory_in_french(territory: Collection[str]) -> str:
    """A territory by the names of its places, or of the region that they make up."""
    all_places, listed = gazetteer(), frozenset(territory)
    whole = [code for code, departments in all_places.departments.items() if departments == listed]
    names = [
        all_places.by_code[code].name
        for code in (whole[:1] or territory)
        if code in all_places.by_code
    ]
    others = len(names) - _MOST_NAMED
    if others > 0:
        names = [*names[:_MOST_NAMED], f"{others} autre{'s' * (others > 1)}"]
    return french_list(names)
