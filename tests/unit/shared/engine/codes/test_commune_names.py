"""Names of communes lead to the codes that they were judged to mean."""

from collections import Counter

import pytest

from shared.engine.codes.commune_names import find_commune
from tests.benchmarks.judged.commune_names import judged
from tests.benchmarks.judged.halves import HALVES


@pytest.mark.parametrize("half", HALVES)
def test_names_have_the_codes_that_they_were_judged_to_have(half: str) -> None:
    """How many do not is all that is told: rules are tuned on one half."""
    counts = Counter(judged_name.verdict for judged_name in judged(half))
    assert (counts["wrong"], counts["missed"]) == (0, 0)
    assert counts["right"] >= 60


@pytest.mark.parametrize("beside", ["14", "14 - Calvados", "Calvados (14)", "calvados", "14700"])
def test_departement_may_be_told_in_many_ways(beside: str) -> None:
    """By its code, its name, both, or a postcode."""
    assert find_commune("Falaise", beside) == ("14258", "present")


@pytest.mark.parametrize(("beside", "code"), [("1", "01"), ("01", "01"), ("1000", "01")])
def test_a_lost_zero_is_no_other_departement(beside: str, code: str) -> None:
    """Of codes and of postcodes that a spreadsheet took for numbers."""
    assert find_commune("Bourg-en-Bresse", beside).code == f"{code}053"


@pytest.mark.parametrize(
    ("name", "beside", "code"),
    [
        ("Flers", "CA Flers Agglo", "61169"),
        ("Flers", "Communauté d'agglomération Flers Agglo", "61169"),
        ("Flers", "200035814", "61169"),
        ("Aubusson", "flers agglo", "61011"),
        ("Caen", "CA Flers Agglo", ""),
    ],
)
def test_epci_tells_which_commune_is_meant(name: str, beside: str, code: str) -> None:
    """By its name, with or without what kind it is, or its SIREN; no other has the name there."""
    assert find_commune(name, beside).code == code


@pytest.mark.parametrize("territory", [["61"], ["200035814"], ["61169", "61011"], ["14", "61"]])
def test_territory_tells_communes_of_one_name_apart(territory: list[str]) -> None:
    """Its codes are of départements, EPCI or communes; names that only others have keep theirs."""
    assert find_commune("Flers") == ("", "several")
    assert find_commune("Flers", "", territory).code == "61169"
    assert find_commune("Flers", "80", territory).code == "80314"
    assert find_commune("Bordeaux", "", territory).code == "33063"
    assert find_commune("Flers", "", ["75"]).outcome == "several"


def test_nothing_names_no_commune() -> None:
    """Neither signs nor spaces."""
    for text in ("", " ", "()", "-", "(14)", "14000", "s/"):
        assert find_commune(text).code == ""
