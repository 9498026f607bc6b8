"""The names and numbers of France's communes, EPCI, départements and regions.

Source: INSEE's code officiel géographique and La Poste's postcodes; see README.md beside this file.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.engine.places import Name, Place, rows
from shared.language.folding import sequence

_FOLDER = Path(__file__).parent
_LARGE = 2000
"""Inhabitants of a commune that is looked for although its name is a word or abbreviation too."""

_SHORT = 4

_KNOWN_BY_FIRST_WORD = 5000
"""Inhabitants of a commune that is called by the first word of its name: Cherbourg, Vire."""

_FIRST_WORD = re.compile(r"(\w+)(?:-| )(?:en|sur|lès|sous|normandie)\b", re.IGNORECASE)
_BODY_TYPES = frozenset({"cc", "ca", "cu", "met69"})
_CITY_BODIES: tuple[Name, ...] = (("metropole",), ("agglo",), ("agglomeration",), ("urbaine",))


FRANCE = Place("country", "FR", "France", (), 0)


class Gazetteer(NamedTuple):
    """Places by the first word of their names, the longest first, by number and by code.

    `homonyms` are names in one word that French has as a word too.
    """

    names: Mapping[str, list[tuple[Name, list[Place]]]]
    numbers: Mapping[str, list[Place]]
    by_code: Mapping[str, Place]
    departments: Mapping[str, frozenset[str]]
    homonyms: frozenset[str]


@cache
def gazetteer() -> Gazetteer:
    """All places; read once."""
    homonyms = frozenset((_FOLDER / "homonyms.csv").read_text(encoding="utf-8").split()[1:])
    rows = list(_rows())
    by_code: dict[str, Place] = {}
    numbers: defaultdict[str, list[Place]] = defaultdict(list)
    departments: defaultdict[str, set[str]] = defaultdict(set)
    for place, _words, postcodes in rows:
        # Communes that became part of another have its code, and no inhabitants.
        earlier = by_code.get(place.code)
        if place.population > (earlier.population if earlier else -1):
            by_code[place.code] = place
        if place.kind == "departement":
            for region in place.within:
                departments[region].add(place.code)
        if place.kind in {"departement", "commune"}:
            for number in {place.code.lower(), *postcodes}:
                if all(place.code != other.code for other in numbers[number]):
                    numbers[number].append(place)
    return Gazetteer(
        _by_first_word(_named(rows, homonyms)),
        dict(numbers),
        by_code,
        {region: frozenset(codes) for region, codes in departments.items()},
        homonyms,
    )


def _rows() -> Iterator[tuple[Place, Name, list[str]]]:
    yield from rows()
    yield FRANCE, _words_of(FRANCE.name), []
    with (_FOLDER / "landscapes.csv").open(encoding="utf-8", newline="") as file:
        for name, departments in list(csv.reader(file, delimiter=";"))[1:]:
            place = Place("landscape", name, name, tuple(departments.split()), 0)
            yield place, _words_of(name), []


def _words_of(name: str) -> Name:
    return tuple(word for word, _written in sequence(name))


def _named(
    rows: Iterable[tuple[Place, Name, list[str]]], homonyms: frozenset[str]
) -> Iterator[tuple[Name, Place]]:
    """Every name of every place; small communes that are called by a word are left out."""
    cities: defaultdict[str, list[tuple[int, Name]]] = defaultdict(list)
    bodies: list[tuple[Place, Name]] = []
    for place, words, _postcodes in rows:
        is_word = len(words) == 1 and (words[0] in homonyms or len(words[0]) <= _SHORT)
        if words and not (is_word and place.kind == "commune" and place.population < _LARGE):
            yield words, place
        if place.kind == "commune":
            first = _FIRST_WORD.match(place.name)
            if first and place.population >= _KNOWN_BY_FIRST_WORD:
                yield _words_of(first[1]), place
            for body in place.within:
                cities[body].append((place.population, words))
        if place.kind == "epci":
            bodies.append((place, words))
    for epci, words in bodies:
        yield from ((name, epci) for name in _called(words, cities[epci.code]))


def _called(words: Name, members: list[tuple[int, Name]]) -> Iterator[Name]:
    """What an EPCI is called beside its name: `rouen metropole`, `caen mer`."""
    if words[0] in _BODY_TYPES:
        yield words[1:]
    _population, city = max(members, default=(0, ()))
    if city and set(city) <= set(words):
        for kind in _CITY_BODIES:
            yield kind + city
            yield city + kind


def _by_first_word(
    named: Iterable[tuple[Name, Place]],
) -> dict[str, list[tuple[Name, list[Place]]]]:
    places: defaultdict[Name, list[Place]] = defaultdict(list)
    for name, place in named:
        if name and place not in places[name]:
            places[name].append(place)
    by_first_word: defaultdict[str, list[tuple[Name, list[Place]]]] = defaultdict(list)
    for name in sorted(places, key=len, reverse=True):
        by_first_word[name[0]].append((name, places[name]))
    return dict(by_first_word)
