"""Findings count the rows that are persons'; mailboxes of shops and clubs are none."""

from pathlib import Path

import pytest

from tests.integration.compute.privacy.test_names import as_file
from tests.integration.compute.privacy.test_screening import kinds, screened

SHOPS = ["Boulangerie du Port", "Le Comptoir d'Auge", "Tennis Club de Vire", "Café des Halles"] * 9
BOXES = [
    "boulangerieduport14@gmail.com",
    "le.comptoir-auge@orange.fr",
    "tcvire@gmail.com",
    "cafe.deshalles@hotmail.fr",
] * 9


@pytest.mark.parametrize("persons", [0, 1, 5])
def test_mailboxes_of_persons_are_counted_among_those_of_shops(
    tmp_path: Path, persons: int
) -> None:
    """At public providers, called as their row is; some are somebody's own."""
    boxes = [f"{person}.dupont{at}@gmail.com" for at, person in enumerate(["marie"] * persons)]
    content = as_file(["enseigne", "courriel"], [SHOPS, boxes + BOXES[persons:]])
    privacy = screened(tmp_path, content)
    assert [(finding.kind, finding.rows) for finding in privacy.findings] == [
        ("email", persons)
    ] * (persons > 0)


def test_mailboxes_of_town_halls_at_public_providers_are_nobody_s(tmp_path: Path) -> None:
    """Before and behind the commune's name, with a sign between or none."""
    boxes = [
        "mairie.vire@orange.fr",
        "communedebayeux@wanadoo.fr",
        "mairielisieux@orange.fr",
        "caen.mairie@free.fr",
    ]
    content = as_file(["commune", "mail"], [["Vire", "Bayeux", "Lisieux", "Caen"] * 5, boxes * 5])
    assert screened(tmp_path, content).findings == ()


def test_mailboxes_that_name_nobody_are_persons_where_nothing_else_is(tmp_path: Path) -> None:
    """Subscribers of a letter."""
    boxes = [f"soleil{at}@hotmail.fr" for at in range(20)]
    content = as_file(["email", "actif"], [boxes, ["oui", "non"] * 10])
    assert kinds(screened(tmp_path, content)) == {"email": "email"}


def test_companies_among_persons_are_not_counted(tmp_path: Path) -> None:
    """Those who ask for a permit."""
    names = ["M. MARTIN", "Mme LE GALL", "SCI du Port", "SARL Toitures", "M. OUZOUNIAN"] * 4
    content = as_file(["demandeur", "rang"], [names, [str(at) for at in range(20)]])
    assert [(finding.kind, finding.rows) for finding in screened(tmp_path, content).findings] == [
        ("full_name", 12)
    ]


def test_texts_that_name_somebody_are_counted(tmp_path: Path) -> None:
    """With a number, behind a civility, or a surname in capitals; not those that do not."""
    texts = [
        "Le lampadaire du coin de la rue est éteint",
        "M. Perrin a appelé, il faut le rappeler au 06 39 98 12 34",
        "Travaux EDF rue du Port, Mme Collet se plaint du bruit",
        "Trottoir cassé, vu par Alain MARCHAND devant chez lui",
        "Grand trou devant l'école, Mme la Directrice prévenue",
    ] * 4
    content = as_file(["rang", "texte"], [[str(at) for at in range(20)], texts])
    (finding,) = screened(tmp_path, content).findings
    assert (finding.kind, finding.rows) == ("mention", 12)


@pytest.mark.parametrize(
    "cell",
    [
        "NIR {nir}",
        "mailto:lea.perrin{at}@gmail.com",
        "Tél. 06 39 98 12 {at}",
        "lea.perrin{at}@gmail.com / hugo.collet{at}@orange.fr",
    ],
)
def test_what_reaches_somebody_is_sure_wherever_it_stands(tmp_path: Path, cell: str) -> None:
    """Behind a word, or beside another's: the owner's word alone is not enough for it."""
    numbers = [2700176540000 + at for at in range(10, 40)]
    cells = [
        cell.format(at=number % 100, nir=f"{number}{97 - number % 97:02}") for number in numbers
    ]
    content = as_file(["ref", "x"], [[str(at) for at in range(30)], cells])
    (finding,) = screened(tmp_path, content).findings
    assert (finding.column, finding.role, finding.is_doubtful) == ("x", "direct", False)


def test_name_in_a_text_is_doubtful(tmp_path: Path) -> None:
    """It may be a street's."""
    texts = ["Travaux au droit de la rue Alain MARCHAND, près du carrefour", "Rien à signaler"] * 20
    content = as_file(["rang", "texte"], [[str(at) for at in range(40)], texts])
    assert all(finding.is_doubtful for finding in screened(tmp_path, content).findings)


def test_mailbox_with_an_accent_is_one(tmp_path: Path) -> None:
    """One in five makes no text of the column (RFC 6531)."""
    boxes = [
        f"{('chloé', 'hugo', 'lea', 'jean', 'luc')[at % 5]}.perrin{at}@gmail.com"
        for at in range(40)
    ]
    content = as_file(["id", "courriel"], [[str(at) for at in range(40)], boxes])
    (finding,) = screened(tmp_path, content).findings
    assert (finding.kind, finding.rows) == ("email", 40)


def test_animals_and_ships_have_names_sexes_and_births(tmp_path: Path) -> None:
    """Their owners are persons."""
    animals = {
        "nom": ["Oscar", "Princesse", "Léa de Caux", "Victor"] * 5,
        "race": ["percheron", "berger"] * 10,
        "robe": ["bai", "gris"] * 10,
        "sexe": ["H", "F"] * 10,
        "date_naissance": ["04/05/2010", "12/11/2015"] * 10,
    }
    assert screened(tmp_path / "a", as_file(list(animals), list(animals.values()))).findings == ()
    owners = animals | {"proprietaire": ["M. MARTIN", "Mme GIRARD"] * 10}
    privacy = screened(tmp_path / "b", as_file(list(owners), list(owners.values())))
    assert kinds(privacy) == {"proprietaire": "full_name"}
    ships = {"nom": ["Petit Pierre", "Jean Bart"] * 10, "longueur": ["10,2", "21,5"] * 10}
    assert screened(tmp_path / "c", as_file(list(ships), list(ships.values()))).findings == ()
