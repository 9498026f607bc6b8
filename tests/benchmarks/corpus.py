"""Columns whose type is known: real ones, and made ones that are hard to tell apart (seeded)."""

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_DEMO, _DATA = _ROOT / "deploy" / "demo" / "data", _ROOT / "tests" / "data"
_ROWS = 1500
_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
_FAULTS = 0.02
_UAI = "ABCDEFGHJKLMNPRSTUVWXYZ"
_NAF = ("01.11Z", "10.71C", "41.20A", "47.11F", "56.10A", "62.01Z", "68.20B", "84.11Z", "85.20Z")
_NAF_DIVISIONS = sorted({*range(1, 96)} - {4, 20, 34, 40, 44, 48, 54, 57, 67, 76, 83, 89})
_REGIONS = ("11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "94")
_RNB = "123456789ABCDEFGHJKMNPQRSTVWXYZ"

REAL = (
    ("communes_2026.csv", "code", "commune", "code_postal"),
    ("communes_2026.csv", "siren", "siren", "montant"),
    ("communes_2026.csv", "nom", "text", "code_commune"),
    ("communes_2026.csv", "departement", "departement", "nombre"),
    ("communes_2026.csv", "region", "region", "nombre"),
    ("communes_2026.csv", "population", "integer", "siren"),
    ("communes_2019.csv", "code", "commune", "code_postal"),
    ("epci_2026.csv", "epci", "epci", "numero"),
    ("epci_2026.csv", "nom", "text", "adresse"),
    ("epci_2026.csv", "financement", "category", "date"),
    ("epci_2026.csv", "populationTotale", "integer", "code_insee"),
    ("codes_postaux.csv", "codePostal", "postcode", "code_insee"),
    ("codes_postaux.csv", "codeCommune", "commune", "cp"),
    ("logements.csv", "iris", "iris", "siren"),
    ("logements.csv", "logements", "integer", "code_postal"),
    ("irve_2020_cp1252.csv", "code_insee", "commune", "code_postal"),
    ("irve_2020_cp1252.csv", "Xlongitude", "longitude", "montant"),
    ("irve_2020_cp1252.csv", "Ylatitude", "latitude", "montant"),
    ("irve_2020_cp1252.csv", "nbre_pdc", "integer", "departement"),
    ("irve_2020_cp1252.csv", "date_maj", "date", "telephone"),
    ("irve_2020_cp1252.csv", "type_prise", "category", "code"),
)
"""File, column, type, and a name that speaks for something else."""

BESIDE = {
    "departement": ("code",),
    "region": ("code",),
    "Xlongitude": ("code_insee", "Ylatitude"),
    "Ylatitude": ("Xlongitude",),
}
"""Columns of the same file that stand before one that alone is a number like others."""


@dataclass(frozen=True)
class Sample:
    """A column with its own name, the type it has, and a name that misleads.

    `beside` are the columns before it in its table, whose names say nothing.
    """

    header: str
    type: str
    misleading: str
    values: tuple[str, ...]
    group: str
    beside: tuple[tuple[str, ...], ...] = ()


def samples() -> Iterator[Sample]:
    """The whole corpus; of some made columns also a version with a few faults."""
    for file, column, kind, misleading in REAL:
        beside = tuple(tuple(_column(file, name)) for name in BESIDE.get(column, ()))
        yield Sample(column, kind, misleading, tuple(_column(file, column)), "real", beside)
    chance = random.Random(2026)
    for header, kind, misleading, make in _made():
        values = tuple(make(chance) for _ in range(_ROWS))
        yield Sample(header, kind, misleading, values, "made")
        if kind in {"siren", "siret", "uai", "date", "email", "decimal", "postcode"}:
            spoilt = (("inconnu" if chance.random() < _FAULTS else cell) for cell in values)
            yield Sample(header, kind, misleading, tuple(spoilt), "with faults")
    yield from _alike(chance)


def _alike(chance: random.Random) -> Iterator[Sample]:
    """Columns that are nearly places: numbers of two digits, and shares beside rates."""
    communes = tuple(_column("communes_2026.csv", "code")[:_ROWS])
    for header, kind, numbers in (
        ("jour", "category", range(1, 32)),
        ("semaine", "category", range(1, 54)),
        ("minute", "category", range(60)),
        ("division", "category", _NAF_DIVISIONS),
        ("age", "integer", range(18, 100)),
    ):
        values = tuple(f"{chance.choice([*numbers]):02}" for _ in range(_ROWS))
        yield Sample(header, kind, "code", values, "made", (communes,))
    growth, men = (
        tuple(f"{chance.gauss(middle, 1.5):.5f}" for _ in range(_ROWS)) for middle in (0.4, 49.3)
    )
    yield Sample("part_hommes", "decimal", "code", men, "made", (communes, growth))
    yield Sample("evolution", "decimal", "code", growth, "made", (communes, men))


def _column(file: str, name: str) -> list[str]:
    folder = _DEMO if (_DEMO / file).exists() else _DATA
    encoding = "cp1252" if "cp1252" in file else "utf-8"
    with (folder / file).open(encoding=encoding, newline="") as source:
        return [row[name] for row in csv.DictReader(source, delimiter=";")]


Make = Callable[[random.Random], str]


def _made() -> Iterator[tuple[str, str, str, Make]]:
    yield from _made_identifiers()
    yield from _made_places()
    yield from _made_values()


def _made_identifiers() -> Iterator[tuple[str, str, str, Make]]:
    yield "siren", "siren", "numero", lambda c: luhn(_digits(c, 8))
    yield "siret", "siret", "numero", lambda c: luhn(luhn(_digits(c, 8)) + _digits(c, 4))
    yield "siret", "siret", "reference", _la_poste
    yield "tva", "tva", "libelle", _vat
    yield "rna", "rna", "numero", lambda c: f"W{_digits(c, 9)}"
    yield "uai", "uai", "reference", lambda c: _uai(c, 0)
    yield "reference", "text", "uai", lambda c: _uai(c, 1)
    yield "id_rnb", "rnb", "reference", lambda c: "".join(c.choices(_RNB, k=12))
    yield "naf", "naf", "code", lambda c: c.choice(_NAF)
    yield "nir", "nir", "montant", _nir
    yield "numero", "integer", "siren", lambda c: str(c.randrange(10**8, 10**9))
    yield "numero", "integer", "siret", lambda c: str(c.randrange(10**13, 10**14))
    yield "identifiant", "integer", "code_postal", lambda c: str(c.randrange(10**4, 10**5))


def _made_places() -> Iterator[tuple[str, str, str, Make]]:
    communes = _column("communes_2026.csv", "code")
    postcodes = _column("codes_postaux.csv", "codePostal")
    both = sorted(set(communes) & set(postcodes))
    ain = [str(number) for number in range(1001, 1460) if number not in {1003, 1048, 1055, 1070}]
    yield "code_postal", "postcode", "code_insee", lambda c: c.choice(both)
    yield "code_postal", "postcode", "code", lambda c: c.choice(postcodes)
    departements = _departements()
    yield "dep", "departement", "nombre", lambda c: c.choice(departements)
    yield "reg", "region", "nombre", lambda c: c.choice(_REGIONS)
    yield "CODGEO", "commune", "nombre", lambda c: c.choice(communes)
    yield "insee", "commune", "nombre", lambda c: c.choice(ain)
    yield "lat", "latitude", "montant", lambda c: f"{c.uniform(41, 51):.5f}"
    yield "lon", "longitude", "montant", lambda c: f"{c.uniform(-5, 9):.5f}"
    yield "geo", "geo_point", "libelle", lambda c: f"{c.uniform(41, 51):.5f},{c.uniform(-5, 9):.5f}"


def _made_values() -> Iterator[tuple[str, str, str, Make]]:
    yield "courriel", "email", "nom", lambda c: f"contact{_digits(c, 4)}@mairie.example"
    yield "telephone", "phone", "siren", lambda c: f"0{c.randrange(1, 10)}{_digits(c, 8)}"
    yield "site", "url", "nom", lambda c: f"https://www.data.gouv.fr/datasets/{_digits(c, 4)}"
    for shape in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d"):
        yield "date", "date", "nombre", _day(shape)
    yield "horodatage", "datetime", "nombre", _day("%Y-%m-%dT%H:%M:%S")
    yield (
        "montant",
        "decimal",
        "code_postal",
        lambda c: f"{c.uniform(0, 9e4):.2f}".replace(".", ","),
    )
    yield "montant", "decimal", "siren", lambda c: f"{c.uniform(0, 9e6):,.2f}".translate(_FRENCH)
    yield "taux", "decimal", "latitude", lambda c: f"{c.uniform(100, 900):.3f}"
    yield (
        "effectif",
        "integer",
        "code_insee",
        lambda c: f"{c.randrange(10**6):,}".translate(_FRENCH),
    )
    yield "actif", "boolean", "code", lambda c: c.choice(("oui", "non"))
    yield "est_actif", "boolean", "nombre", lambda c: c.choice(("0", "1"))
    yield "annee", "year", "code_postal", lambda c: str(c.randrange(1950, 2027))
    yield "statut", "category", "commune", lambda c: c.choice(("ouvert", "fermé", "en travaux"))
    yield "avis", "free_text", "commune", _sentence


def _departements() -> list[str]:
    mainland = [f"{number:02}" for number in range(1, 96) if number != 20]
    return [*mainland, "2A", "2B", "971", "972", "973", "974", "976"]


_FRENCH = str.maketrans({",": " ", ".": ","})
_WORDS = ("le", "la", "une", "ville", "gare", "école", "marché", "ouvert", "fermé", "place", "très")


def luhn(head: str) -> str:
    """The digits with the check digit that Luhn's sum asks for."""
    doubled = [
        int(row_text) * (2 if at % 2 == 0 else 1) for at, row_text in enumerate(reversed(head))
    ]
    total = sum(text - 9 if text > 9 else text for text in doubled)
    return f"{head}{-total % 10}"


def _digits(chance: random.Random, length: int) -> str:
    return "".join(chance.choices("0123456789", k=length))


def _la_poste(chance: random.Random) -> str:
    head = f"356000000{_digits(chance, 4)}"
    return f"{head}{-sum(map(int, head)) % 5}"


def _vat(chance: random.Random) -> str:
    siren = luhn(_digits(chance, 8))
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"


def _uai(chance: random.Random, shift: int) -> str:
    number = int(f"{chance.choice((14, 27, 50, 61, 76)):03}{_digits(chance, 4)}")
    return f"{number:07}{_UAI[(number + shift) % 23]}"


def _nir(chance: random.Random) -> str:
    month, place = chance.randrange(1, 13), chance.randrange(14001, 14766)
    head = f"{chance.choice('12')}{_digits(chance, 2)}{month:02}{place}{_digits(chance, 3)}"
    return f"{head}{97 - int(head) % 97:02}"


def _day(shape: str) -> Make:
    return lambda chance: (_SINCE + timedelta(seconds=chance.randrange(8 * 10**8))).strftime(shape)


def _sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randrange(6, 15)))
