"""Persons are found in short tables, under names that organisations use, and not among things."""

from pathlib import Path

import pytest

from tests.integration.compute.test_privacy import kinds, screened

LAST_NAMES = [
    "Martin",
    "Bernard",
    "Dubois",
    "Lefevre",
    "Moreau",
    "Girard",
    "Kpodékon",
    "Ouzounian",
    "Fontaine",
    "Blanchard",
    "Roy",
    "Xhemaili",
    "Vasseur",
    "Tchouaméni",
    "Lemoine",
]
FIRST_NAMES = [
    "Jean",
    "Marie",
    "Paul",
    "Jeanne",
    "Pierre",
    "Lucie",
    "Louis",
    "Anne",
    "Jacques",
    "Claire",
    "Michel",
    "Sophie",
    "Henri",
    "Alice",
    "Denis",
]
SERVICES = ("Voirie", "Eau", "Culture")
NAMED = [
    "nom_agent",
    "nom_elu",
    "nom_beneficiaire",
    "nom_eleve",
    "nom_du_demandeur",
    "lb_nom",
    "nomElu",
    "agent_nom",
    "nom_visiteur",
    "NOM DE L'USAGER",
    "Nom de l'élu",
]


def as_file(names: list[str], columns: list[list[str]]) -> bytes:
    """A file whose columns have these names."""
    return "\n".join(";".join(row) for row in [names, *zip(*columns, strict=True)]).encode()


@pytest.mark.parametrize("header", NAMED)
def test_names_beside_first_names_are_surnames(tmp_path: Path, header: str) -> None:
    """Fifteen rows, whose surnames are rare ones in part."""
    services = [SERVICES[at % 3] for at in range(15)]
    content = as_file([header, "prenom_agent", "service"], [LAST_NAMES, FIRST_NAMES, services])
    found = screened(tmp_path, content)
    assert found.verdict == "direct"
    assert kinds(found) == {header: "surname", "prenom_agent": "first_name"}


def test_rare_surnames_beside_first_names_are_surnames(tmp_path: Path) -> None:
    """No list knows one of them."""
    rare = [f"{one}zkw" for one in LAST_NAMES]
    found = screened(tmp_path, as_file(["nom_agent", "prenom"], [rare, FIRST_NAMES]))
    assert kinds(found) == {"nom_agent": "surname", "prenom": "first_name"}


@pytest.mark.parametrize("header", ["nom_commune", "nom_epci", "nom_voie", "nom_departement"])
def test_names_of_places_beside_first_names_are_no_surnames(tmp_path: Path, header: str) -> None:
    """First names given in places, and how often."""
    places = ["Calvados", "Orne", "Manche", "Eure", "Seine-Maritime"] * 3
    counts = [str(at + 3) for at in range(15)]
    content = as_file(["prenom", header, "nombre"], [FIRST_NAMES, places, counts])
    assert screened(tmp_path, content).verdict == "none"


def numbers(birthplace: str, month: str = "05") -> list[str]:
    """Thirteen digits, without a key."""
    return [f"{1 + at % 2}{60 + at}{month}{birthplace}{100 + 7 * at}" for at in range(15)]


@pytest.mark.parametrize(
    "header", ["numero_securite_sociale", "numero_ss", "nss", "nir", "n_insee", "N° INSEE", "x"]
)
@pytest.mark.parametrize("birthplace", ["14118", "2A004", "99350"])
def test_nir_without_its_key_is_direct(tmp_path: Path, header: str, birthplace: str) -> None:
    """By its name, or when all were born in a month and a commune that exist, or abroad."""
    content = as_file([header, "rang"], [numbers(birthplace), [str(at) for at in range(15)]])
    found = screened(tmp_path, content)
    assert (found.verdict, kinds(found)) == ("direct", {header: "nir"})


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("x", numbers("14118", month="13")),
        ("x", numbers("00000")),
        ("x", numbers("14118")[:1] * 15),
        ("code_insee", [f"14{118 + at}" for at in range(15)]),
        ("nir", [f"zone {at}" for at in range(15)]),
        ("horodatage", [str(1_790_000_000_000 + 61_000 * at) for at in range(15)]),
    ],
)
def test_other_long_numbers_are_no_nirs(tmp_path: Path, header: str, values: list[str]) -> None:
    """Born in no month or nowhere, one number again and again, or something shorter."""
    content = as_file([header, "rang"], [values, [str(at) for at in range(15)]])
    assert screened(tmp_path, content).verdict == "none"
