"""Persons are found in short tables, under names that organisations use, and not among things."""

from pathlib import Path

import pytest

from tests.integration.compute.privacy.test_screening import kinds, screened

PERSONS = (
    "Jean Martin, Marie Bernard, Paul Dubois, Jeanne Lefevre, Pierre Moreau, Lucie Girard,"
    " Louis Kpodékon, Anne Ouzounian, Jacques Fontaine, Claire Blanchard, Michel Roy,"
    " Sophie Xhemaili, Henri Vasseur, Alice Tchouaméni, Denis Lemoine"
)
FIRST_NAMES, LAST_NAMES = map(list, zip(*map(str.split, PERSONS.split(", ")), strict=True))
RARE = [f"{last_name}zkw" for last_name in LAST_NAMES]
RANKS = [str(at) for at in range(15)]
SERVICES = ["Voirie", "Eau", "Culture"] * 5
NAMED = ["nom_agent", "nom_du_demandeur", "lb_nom", "nomElu", "agent_nom", "Nom de l'élu"]


def as_file(names: list[str], columns: list[list[str]]) -> bytes:
    """A file whose columns have these names."""
    return "\n".join(";".join(row) for row in [names, *zip(*columns, strict=True)]).encode()


@pytest.mark.parametrize("header", NAMED)
def test_names_beside_first_names_are_surnames(tmp_path: Path, header: str) -> None:
    """Fifteen rows, whose surnames are rare ones in part."""
    content = as_file([header, "prenom_agent", "service"], [LAST_NAMES, FIRST_NAMES, SERVICES])
    privacy = screened(tmp_path, content)
    assert privacy.verdict == "direct"
    assert kinds(privacy) == {header: "surname", "prenom_agent": "first_name"}


def numbers(birthplace: str, month: str = "05") -> list[str]:
    """Thirteen digits, without a key."""
    return [f"{1 + at % 2}{60 + at}{month}{birthplace}{100 + 7 * at}" for at in range(15)]


@pytest.mark.parametrize(
    ("header", "birthplace"),
    [
        *((header, "14118") for header in ("numero_securite_sociale", "numero_ss", "nss")),
        *((header, "2A004") for header in ("nir", "n_insee", "N° INSEE")),
        *(("x", birthplace) for birthplace in ("14118", "2A004", "99350")),
    ],
)
def test_nir_without_its_key_is_direct(tmp_path: Path, header: str, birthplace: str) -> None:
    """By its name, or when all were born in a month and a commune that exist, or abroad."""
    content = as_file([header, "rang"], [numbers(birthplace), RANKS])
    privacy = screened(tmp_path, content)
    assert (privacy.verdict, kinds(privacy)) == ("direct", {header: "nir"})


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
    content = as_file([header, "rang"], [values, RANKS])
    assert screened(tmp_path, content).verdict == "none"


DEMANDERS = {
    "civility": ["M. MARTIN", "Mme X", "M. X Y", "Mme LE GALL", "M. et Mme Girard"],
    "initial": ["A. Martin", "J.-P. Dubois", "MOREAU B.", "L. Girard", "C. Bernard"],
    "among companies": ["SCI du Port", "SARL Toitures", "M. OUZOUNIAN", "SCI Les Iris", "SAS Nord"],
}


@pytest.mark.parametrize("names", DEMANDERS.values(), ids=DEMANDERS)
def test_civility_or_initial_and_surname_are_a_full_name(tmp_path: Path, names: list[str]) -> None:
    """Those who ask for a permit, with their addresses, also where companies ask as well."""
    addresses = [f"{at + 1} rue du Port" for at in range(15)]
    privacy = screened(tmp_path, as_file(["demandeur", "adresse"], [names * 3, addresses]))
    assert kinds(privacy) == {"demandeur": "full_name", "adresse": "address"}


UAI = ["0140013N", "0140014P", "0140017T", "0141275K", "0140052F"]


def test_schools_are_called_after_persons(tmp_path: Path) -> None:
    """Not so the teachers, who have first names or a civility."""
    schools = ["Jules Ferry", "Jean Moulin", "Marie Curie", "Victor Hugo", "Paul Bert"]
    content = as_file(["uai", "nom", "commune"], [UAI, schools, ["Caen"] * 5])
    privacy = screened(tmp_path / "a", content)
    assert (privacy.verdict, privacy.subject) == ("none", "organisations")
    for beside, names in (("prenom", FIRST_NAMES[:5]), ("chef", ["Mme X", "M. MARTIN"] * 3)):
        content = as_file(["uai", "nom", beside], [UAI, LAST_NAMES[:5], names[:5]])
        assert screened(tmp_path / beside, content).verdict == "direct"


def test_surnames_alone_are_persons(tmp_path: Path) -> None:
    """Headed just `nom`, beside nothing of a person."""
    privacy = screened(tmp_path, as_file(["nom", "service"], [LAST_NAMES, SERVICES]))
    assert kinds(privacy) == {"nom": "surname"}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": FIRST_NAMES}, {"x": "first_name"}),
        ({"x": FIRST_NAMES, "y": LAST_NAMES}, {"x": "first_name", "y": "surname"}),
        (
            {"x": [" ".join(names) for names in zip(LAST_NAMES, FIRST_NAMES, strict=True)]},
            {"x": "full_name"},
        ),
        ({"nom_de_famille": RARE}, {"nom_de_famille": "surname"}),
        ({"nom": RARE, "sexe": ["H", "F", "F"] * 5}, {"nom": "surname"}),
    ],
    ids=["first names", "both", "in one", "header", "beside sex"],
)
def test_few_names_are_found(
    tmp_path: Path, columns: dict[str, list[str]], expected: dict[str, str]
) -> None:
    """Nearly all of a short list are names; or a column's name, or what stands beside, says so."""
    privacy = screened(tmp_path, as_file([*columns, "rang"], [*columns.values(), RANKS]))
    quasi = {} if "direct" in privacy.verdict else kinds(privacy, "quasi")
    assert kinds(privacy) | quasi == expected


NO_PERSONS = {
    "flowers": {"x": ["Rose", "Iris", "Violette", "Jasmin", "Marguerite"] * 3, "rang": RANKS},
    "schools": {"nom": ["Jules Ferry", "Jean Moulin", "Paul Bert", "Les Lilas", "Jean Macé"] * 3},
    "kinds of school": {
        "nom": ["Claude Monet", "Jean Guéhenno", "Marie Guérin", "Paul Roux", "Alain Chartier"] * 3,
        "type": ["Collège", "Lycée", "Lycée professionnel"] * 5,
    },
    "stops": {"nom_arret": ["Henri Barbusse", "Paul Vaillant", "Gabriel Péri"] * 5},
    "rooms": {"salle": ["Simone", "Rosa", "Marie", "Grace", "Frida"] * 3, "places": RANKS},
    "both sexes": {"sexe": ["Femmes", "Hommes", "Ensemble"] * 5, "taux": RANKS},
    "given in places": {
        "prenom": FIRST_NAMES,
        "nom": ["Ablon", "Acqueville", "Agy", "Airan", "Amayé"] * 3,
        "nombre": RANKS,
    },
    "trees": {"nom": ["Chêne", "Hêtre", "Orme", "Tilleul", "Pin noir"] * 3, "hauteur": RANKS},
    "orchard": {
        "nom": ["Pommier", "Cerisier", "Olivier", "Noyer", "Poirier"] * 3,
        "hauteur": RANKS,
    },
    "bars": {
        "nom": ["Chez Paul", "Le Bouchon", "Bar des Sports", "La Rose", "Chez Martin"] * 3,
        "terrasse": RANKS,
    },
    "functions": {
        "nom": ["M. le Maire", "Mme la Préfète", "M. le Directeur", "Accueil", "SIG"] * 3,
        "rang": RANKS,
    },
} | {
    header: {
        "prenom": FIRST_NAMES,
        header: ["Calvados", "Orne", "Manche", "Eure", "Seine-Maritime"] * 3,
        "nombre": [str(at + 3) for at in range(15)],
    }
    for header in ("nom_commune", "nom_epci", "nom_voie", "nom_departement")
}


@pytest.mark.parametrize("columns", NO_PERSONS.values(), ids=NO_PERSONS)
def test_namesakes_are_no_persons(tmp_path: Path, columns: dict[str, list[str]]) -> None:
    """Flowers, trees and bars; schools, without a UAI as well, and places among first names."""
    content = as_file(list(columns), list(columns.values()))
    assert screened(tmp_path, content).verdict == "none"
