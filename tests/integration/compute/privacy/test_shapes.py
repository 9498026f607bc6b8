"""Tables shaped as those that France publishes: which are about persons, and which are not."""

import csv
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.compute.jobs import DEMO
from tests.integration.compute.privacy.test_screening import COMMUNES, FIRST, LAST, as_csv, screened

Column = Callable[[random.Random], object]


def one_of(*values: str) -> Column:
    """Any of these."""
    return lambda chance: chance.choice(values)


def between(low: int, high: int, pattern: str = "{}") -> Column:
    """A number, in a text."""
    return lambda chance: pattern.format(chance.randint(low, high))


def towns() -> list[str]:
    """The names of real communes."""
    with (DEMO / "communes_2026.csv").open(encoding="utf-8", newline="") as file:
        return [row["nom"] for row in csv.DictReader(file, delimiter=";")]


TOWN, COMMUNE = one_of(*towns()), one_of(*COMMUNES)
NAME = one_of(*(name.upper() for name in LAST))
FIRST_NAME = one_of(*(name.title() for name in FIRST))
SHAPES: dict[tuple[str, str], dict[str, dict[str, Column]]] = {
    ("quasi", "persons"): {
        "injured": {
            "Num_Acc": between(10**9, 10**10),
            "catu": one_of("1", "2", "3"),
            "grav": one_of("1", "2", "3", "4"),
            "sexe": one_of("1", "2"),
            "an_nais": between(1930, 2010),
        }
    },
    ("direct", "persons"): {
        "elected": {
            "nom": NAME,
            "prenom": FIRST_NAME,
            "sexe": one_of("M", "F"),
            "date_naissance": between(1935, 2000, "{}-03-17"),
            "code_commune": COMMUNE,
        }
    },
    ("none", "other"): {
        "trees": {
            "genre": one_of("Acer", "Tilia", "Quercus"),
            "espece": one_of("rubra", "alba"),
            "age": between(1, 110),
            "date_plantation": between(1900, 2020, "{}-01-01"),
        },
        "pools": {
            "nom": lambda chance: f"Piscine {TOWN(chance)}",
            "adresse": lambda chance: f"{chance.randint(1, 99)} rue {NAME(chance)}",
            "commune": TOWN,
            "telephone": between(10, 99, "02 31 45 {} 10"),
            "email": between(1, 999, "piscine{}@ville.fr"),
        },
        "schools": {
            "nom": lambda chance: f"École {FIRST_NAME(chance)} {NAME(chance)}",
            "commune": TOWN,
        },
        "streets": {
            "nom_voie": lambda chance: f"Rue {FIRST_NAME(chance)} {NAME(chance)}",
            "commune": TOWN,
        },
        "sales": {
            "date_mutation": between(1, 9, "2023-0{}-12"),
            "valeur_fonciere": between(10**5, 10**6),
            "adresse_nom_voie": lambda chance: f"RUE {NAME(chance)}",
            "code_commune": COMMUNE,
            "type_local": one_of("Maison", "Appartement"),
        },
        "charging": {
            "nom_operateur": one_of("A", "B"),
            "contact_operateur": one_of("contact@a.com", "support.it@b.com", "exploitation@c.com"),
            "telephone_operateur": one_of("0970830213", "0186860000"),
            "adresse_station": lambda chance: (
                f"{chance.randint(1, 99)} av {NAME(chance)} 14000 Caen"
            ),
            "code_insee_commune": COMMUNE,
        },
    },
    ("none", "groups"): {
        "newborn": {
            "annee": between(2000, 2020),
            "sexe": one_of("1", "2"),
            "prenom": FIRST_NAME,
            "nombre": between(3, 80),
        },
        "census": {
            "commune": COMMUNE,
            "sexe": one_of("H", "F"),
            "tranche_age": one_of("0-14 ans", "15-29 ans", "75 ans et plus"),
            "population": between(3, 3000),
        },
    },
}
"""By the verdict and what a row is about: the columns of tables, by what they list."""


@pytest.mark.parametrize(
    ("expected", "columns"),
    [
        pytest.param(expected, columns, id=name)
        for expected, tables in SHAPES.items()
        for name, columns in tables.items()
    ],
)
def test_verdict_on_what_is_published(
    tmp_path: Path, expected: tuple[str, str], columns: dict[str, Column]
) -> None:
    """Named, told apart by their traits, counted, or not there at all."""
    chance = random.Random(7)
    rows = [{name: str(make(chance)) for name, make in columns.items()} for _ in range(300)]
    privacy = screened(tmp_path, as_csv(rows, **{name: name for name in columns}))
    assert (privacy.verdict, privacy.subject) == expected
