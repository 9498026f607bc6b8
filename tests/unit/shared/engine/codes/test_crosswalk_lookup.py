"""Ways from key to key, on codes of the real COG."""

import numpy as np
import pytest

from shared.engine.codes.cog import load_cog
from shared.engine.codes.crosswalk_lookup import map_keys
from shared.engine.tables.crosswalks import CROSSWALKS
from tests.unit.shared.engine.codes.test_cog import texts, valid_in


def led(name: str, *values: str) -> list[tuple[str, str]]:
    """Each value with a key that it leads to."""
    at, targets = map_keys(name, np.array(values, "S"))
    return [(values[a], target) for a, target in zip(at, texts(targets), strict=True)]


@pytest.mark.parametrize("name", sorted(CROSSWALKS))
def test_every_crosswalk_takes_what_it_does_not_know(name: str) -> None:
    """An empty value and a foreign one lead nowhere, and are no error."""
    assert led(name, "", "xyz") == []
    assert led(name) == []


@pytest.mark.parametrize(
    ("code", "present"),
    [
        ("14011", "14581"),  # Aurseulles moved its seat, and took another code in 2025
        ("14712", "14712"),
        ("27058", "27676"),  # a commune nouvelle that was undone
        ("20004", "2A004"),  # Ajaccio, before Corsica was two
        ("75101", "75056"),
        ("97105", "97105"),
        ("14002", "14150"),  # a delegated commune
        ("99999", None),
    ],
)
def test_commune_of_any_year_leads_to_the_present_one(code: str, present: str | None) -> None:
    """Gone, delegated, moved or a district: the present commune is where it lies."""
    assert led("commune", code) == ([(code, present)] if present else [])


def test_codes_of_normandy_that_went_since_2019_lead_to_present_ones() -> None:
    """Nine codes that the list of 2019 has and that of 2026 has not."""
    of_year = {year: set(valid_in(year)) for year in (2019, 2026)}
    normandy = ("14", "27", "50", "61", "76")
    gone = sorted(code for code in of_year[2019] - of_year[2026] if code.startswith(normandy))
    present = dict(led("commune", *gone))
    assert len(gone) == len(present) == 9
    assert set(present.values()) <= of_year[2026]
    assert (present["14011"], present["76358"]) == ("14581", "76455")


def test_split_commune_leads_to_all_its_parts() -> None:
    """Saline (14712) of 2019 is two communes since 2020: Sannerville was restored.

    Cheuge (21213) is there until 2019 only, and so tells that the column is not of today.
    """
    assert led("commune", "14712", "21213") == [
        ("14712", "14666"),
        ("14712", "14712"),
        ("21213", "21452"),
    ]
    assert led("commune", "14712") == [("14712", "14712")]


@pytest.mark.parametrize(
    ("crosswalk", "value", "targets"),
    [
        ("siret_siren", "21140001500013", ["211400015"]),
        ("siret_siren", "2114000150001", []),
        ("siren_commune", "211400015", ["14001"]),
        ("siren_commune", "200000172", []),  # an EPCI
        ("iris_commune", "140110000", ["14581"]),
        ("iris_commune", "2A0040101", ["2A004"]),
        ("iris_commune", "14011", []),
        ("postcode_commune", "76111", ["76194", "76726", "76754"]),
        ("commune_epci", "14011", ["200069524"]),
        ("commune_epci", "29083", []),  # Île-de-Sein, a member of none
        ("commune_departement", "20004", ["2A"]),
        ("commune_departement", "98735", []),
        ("commune_region", "14011", ["28"]),
        ("epci_departement", "200069524", ["14"]),
        ("epci_departement", "200066462", ["27", "28"]),
        ("epci_region", "200066462", ["24", "28"]),
        ("departement_region", "76", ["28"]),
    ],
)
def test_key_leads_to_its_targets(crosswalk: str, value: str, targets: list[str]) -> None:
    """Real keys, by INSEE's and the DGCL's lists of 2026."""
    assert led(crosswalk, value) == [(value, target) for target in targets]


def test_positions_ascend_and_repeat_with_several_targets() -> None:
    """The positions are those of the values, whatever the order of the reference."""
    at, _ = map_keys("postcode_commune", np.array(["76540", "xyz", "75001", "76540"], "S"))
    positions = at.tolist()
    assert positions == sorted(positions)
    assert set(positions) == {0, 2, 3}
    assert positions.count(0) == positions.count(3) > 1


@pytest.mark.parametrize(
    ("code", "communes"),
    [
        ("14027", {"14118"}),  # Caen
        ("76123", {"76322"}),  # Le Grand-Quevilly
        ("20090", {"2A004"}),  # an ordinary code of Ajaccio
        ("29299", {"29151"}),  # Morlaix, though 29200 is Brest's
        ("76059", {"76351"}),  # Le Havre: Rouen's begin alike
        ("59059", {"59512"}),  # Roubaix, among many offices
        ("97491", set()),  # Sainte-Clotilde is a quarter of Saint-Denis
        ("92042", set()),  # Paris La Défense is in several
        ("99999", set()),
    ],
)
def test_code_of_cedex_leads_to_the_commune_of_its_office(code: str, communes: set[str]) -> None:
    """Where the office is called after one; of others nothing is said."""
    assert communes == {target for _, target in led("postcode_commune", code)}


def test_ordinary_postcodes_lead_where_they_did() -> None:
    """Whatever codes of CEDEX stand beside them."""
    postcodes = load_cog().postcodes
    codes = sorted(set(texts(postcodes["postcode"])))
    pairs = set(led("postcode_commune", *codes, "14038", "76059"))
    ordinary = zip(texts(postcodes["postcode"]), texts(postcodes["commune"]), strict=True)
    assert {pair for pair in pairs if pair[0] not in {"14038", "76059"}} == set(ordinary)


def test_codes_of_cedex_are_of_present_communes() -> None:
    """They are no ordinary ones, and each is of one."""
    cog = load_cog()
    codes = texts(cog.cedex["postcode"])
    assert len(codes) == len(set(codes)) > 13_000
    assert not set(codes) & set(texts(cog.postcodes["postcode"]))
    assert set(cog.cedex["commune"]) <= set(cog.communes["commune"])
