"""An address tells who lives there, where something is said of who does."""

from pathlib import Path

import pytest

from tests.integration.compute.privacy.test_screening import kinds, screened
from tests.integration.compute.privacy.test_shapes import Column, between, one_of
from tests.integration.compute.privacy.test_traces import table

ADDRESS = between(1, 99, "{} rue des Lilas")
STREET = one_of("rue des Lilas", "avenue Pasteur", "impasse du Moulin")
HOMES: dict[str, dict[str, Column]] = {
    "aid": {"Adresse": ADDRESS, "Aide versée": between(100, 900)},
    "people": {"adresse_logement": ADDRESS, "nb_occupants": between(1, 6)},
    "school": {"adresse": ADDRESS, "ecole_secteur": one_of("A", "B"), "nb_enfants": one_of("2")},
    "bills": {"adresse": ADDRESS, "impayes": one_of("oui", "non")},
    "sales": {"adresse": ADDRESS, "type": one_of("Maison", "Appartement"), "prix": one_of("1")},
    "evicted": {"adresse": ADDRESS, "motif": one_of("impayés de loyer", "congé pour vente")},
    "energy": {"adresse": ADDRESS, "type": one_of("maison"), "etiquette": one_of("A", "G")},
}
NUMBERED: dict[str, Column] = {"adresse_numero": between(1, 99), "adresse_nom_voie": STREET}
OTHERS: dict[str, dict[str, Column]] = {
    "streets": {"adresse": STREET, "type_local": one_of("Maison"), "prix": between(100, 900)},
    "public": {"batiment": one_of("Mairie", "Gymnase"), "adresse": ADDRESS, "kwh": one_of("90")},
    "named": {
        "x": one_of("École Jean Moulin", "Mairie"),
        "adresse": ADDRESS,
        "eleves": one_of("9"),
    },
    "shops": {"enseigne": one_of("Optique Vire"), "adresse": ADDRESS, "personnel": one_of("4")},
    "sums": {"adresse": ADDRESS, "nb_logements": between(10, 90), "conso_mwh": between(10, 90)},
    "stations": {"adresse_station": ADDRESS, "prise": one_of("T2", "T3"), "chauffage": one_of("x")},
    "agencies": {"adresse": ADDRESS, "agence": one_of("A", "B"), "gestionnaire": one_of("C")},
    "works": {"adresse": ADDRESS, "motif": one_of("fuite d'eau", "élagage")},
    "addresses": {"adresse": ADDRESS, "commune": one_of("Caen", "Vire")},
}


@pytest.mark.parametrize("columns", HOMES.values(), ids=HOMES)
def test_home_with_a_fact_about_who_lives_there_is_direct(
    tmp_path: Path, columns: dict[str, Column]
) -> None:
    """Though nobody is named, and households are counted."""
    privacy = screened(tmp_path, table(columns))
    assert (privacy.verdict, privacy.subject) == ("direct", "persons")
    assert set(kinds(privacy).values()) == {"address"}


@pytest.mark.parametrize("is_home", [True, False])
def test_number_of_a_home_may_stand_in_a_column_of_its_own(
    tmp_path: Path, *, is_home: bool
) -> None:
    """As the sales of homes are published."""
    columns = NUMBERED | {"type_local": one_of("Maison" if is_home else "Local industriel")}
    privacy = screened(tmp_path, table(columns))
    assert kinds(privacy) == ({"adresse_nom_voie": "address"} if is_home else {})


@pytest.mark.parametrize("columns", OTHERS.values(), ids=OTHERS)
def test_other_addresses_are_nobody_s(tmp_path: Path, columns: dict[str, Column]) -> None:
    """Of buildings for all, of shops, of ten dwellings and more together, and alone."""
    assert screened(tmp_path, table(columns)).findings == ()
