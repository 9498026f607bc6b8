"""Places in questions, and the territories that serve who asks for them."""

import pytest

from services.catalog.search.places.areas import (
    areas_in,
    areas_of,
    place_mentions,
    territory_in_french,
)
from shared.language.folding import sequence


def _words(question: str) -> list[str]:
    return [word for word, _written in sequence(question)]


def places(question: str) -> list[list[str]]:
    """The codes of the places that a question names, by name."""
    return [[place.code for place in one.places] for one in place_mentions(_words(question))]


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        ("lycées Seine-Maritime", "76"),
        ("accidents dans le CALVADOS", "14"),
        ("dans la manche", "50"),
        ("écoles 76", "76"),
        ("écoles 2A", "2A"),
        ("le havre", "76351"),
        ("Evreux", "27229"),
        ("14118", "14118"),
        ("bus de Caen la Mer", "200065597"),
        ("CU Caen la Mer", "200065597"),
        ("Rouen Métropole", "200023414"),
        ("métropole Rouen Normandie", "200023414"),
        ("Normandie", "R28"),
        ("Basse-Normandie", "R25"),
        ("Seine-Inférieure", "76"),
        ("Cherbourg", "50129"),
        ("Octeville-l'Avenel", "50384"),
        ("élevage dans le Pays de Caux", "Pays de Caux"),
        ("vexin normand", "Vexin normand"),
        ("logements en France", "FR"),
        ("Île-de-France", "R11"),
    ],
)
def test_places_are_known_by_name_and_number(question: str, codes: str) -> None:
    """Of communes, EPCI, landscapes, départements, regions and France, of former ones too."""
    assert codes in places(question)[0]


@pytest.mark.parametrize("question", ["plus de 75 ans", "bus", "en 2024", "les parcs et routes"])
def test_other_words_and_numbers_are_no_places(question: str) -> None:
    """Nor are small communes that are called by a word."""
    assert places(question) == []


def test_names_that_are_words_too_say_so() -> None:
    """Manche is a sea, the Havre is a place."""
    ambiguous = {
        name: next(place_mentions([name])).is_word for name in ("manche", "nord", "havre", "caen")
    }
    assert ambiguous == {"manche": True, "nord": True, "havre": False, "caen": False}


def served(code: str, *territories: tuple[str, ...]) -> list[float]:
    """How well territories serve who asks for the place of that code, best first."""
    place = next(place_mentions(_words(code))).places[0]
    areas = areas_of(place)
    return [max(areas.get(area, 0) for area in areas_in(territory)) for territory in territories]


NORMANDY = ("14", "27", "50", "61", "76")


def test_a_department_is_served_by_itself_then_its_region_then_all_of_france() -> None:
    """And by its parts; not by another department."""
    own, region, part, national, other = served("76", ("76",), NORMANDY, ("76351",), (), ("14",))
    assert own > region > part > national > other == 0


def test_a_commune_is_served_by_what_it_lies_in() -> None:
    """Its EPCI and its department, less by the region; not by the next commune."""
    territories = ("14118",), ("200065597",), ("14",), NORMANDY, (), ("14366",), ("76",)
    own, body, department, region, national, next_one, other = served("14118", *territories)
    assert own > body >= department > region > national > next_one == other == 0


def test_a_landscape_is_served_by_its_departments() -> None:
    """Not by a commune of theirs, which may lie outside, and not by another department."""
    territories = ("76",), NORMANDY, (), ("76351",), ("14",), ("34063",)
    own, region, national, *others = served("pays caux", *territories)
    assert own > region > national > 0
    assert others == [0, 0, 0]


def test_all_datasets_serve_who_asks_for_france() -> None:
    """Those of all of it first."""
    national, *parts = served("france", (), ("76",), ("14118",), NORMANDY)
    assert national > parts[0] > 0
    assert len(set(parts)) == 1


def test_many_departments_are_all_of_france() -> None:
    """A territory that no region holds is nobody's own."""
    assert areas_in(("14", "75")) == areas_in(()) == ["everywhere"]


@pytest.mark.parametrize(
    ("territory", "said"),
    [
        (NORMANDY, "Normandie"),
        (("76", "27"), "Haute-Normandie"),
        (("14",), "Calvados"),
        (("14118", "14366"), "Caen et Lisieux"),
        (("50129",), "Cherbourg-en-Cotentin"),
        (("14118", "14366", "14047", "14762", "14258"), "Caen, Lisieux, Bayeux et 2 autres"),
    ],
)
def test_territories_are_named_in_french(territory: tuple[str, ...], said: str) -> None:
    """By the region that they make up, or the first of their places."""
    assert territory_in_french(territory) == said
