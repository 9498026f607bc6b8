"""Restricted tables of individuals as their owners hold them, their policies, and open tables.

All cells are text, as in a CSV; places are real, all else is drawn from a seed.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

_DATA = Path(__file__).parents[3] / "deploy" / "demo" / "data"
_POLICIES = Path(__file__).with_name("policies.json")
_PLACES = """
    76351 76540 14118 50129 27229 76575 76681 76217 76322 61001 27681 14327 76498 76451 14366
    50502 27375 14762 76259 76447 61169 61006 27701 14047 50218 76057 14341 76114 50041 76758
    14437 50025 27467 14431 14123 14556 76254 50407 27537 50222 50437
"""
"""Where individuals live: towns, and a few villages with hardly any of them."""

Cells = Mapping[str, Sequence[str]]
"""The columns of a table with their values, as text; an empty cell is an empty text."""

Policy = Mapping[str, Any]
"""The fields of a ReleasePolicy."""

_Weights = dict[str, float]


@dataclass(frozen=True)
class World:
    """A table; one with a policy is restricted, the others are open or the holder's own."""

    cells: Mapping[str, Sequence[str | None]]
    policy: Policy | None = None


@cache
def policies() -> Mapping[str, Policy]:
    """Return what each owner lets be shown, by the name of the table."""
    read: Mapping[str, Policy] = json.loads(_POLICIES.read_text("utf-8"))
    return read


@cache
def worlds() -> Mapping[str, World]:
    """Return all tables by name; the same ones whenever they are asked for."""
    return {
        name: World(_as_taken_in(columns()), policies().get(name))
        for name, columns in _TABLES.items()
    }


def _as_taken_in(columns: Cells) -> Mapping[str, Sequence[str | None]]:
    """The columns of a table as the lab stores a CSV: an empty cell is missing."""
    return {name: [cell or None for cell in cells] for name, cells in columns.items()}


def _csv(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


def _table(columns: str, rows: Iterable[tuple[str, ...]]) -> Cells:
    return dict(zip(columns.split(), zip(*rows, strict=True), strict=True))


@cache
def _communes() -> Cells:
    """All communes of Normandy, with the population of each and its EPCI."""
    epci = {row["code"]: (row["epci"], row["nom_epci"]) for row in _csv("epci_2026.csv")}
    current = [row for row in _csv("communes_2026.csv") if row["type"] == "commune-actuelle"]
    rows = [
        (row["code"], row["nom"], row["departement"], *epci[row["code"]], row["population"])
        for row in current
    ]
    return _table("code nom departement code_epci nom_epci population", rows)


@cache
def _people() -> _Weights:
    """The population of the places where individuals live."""
    communes = _communes()
    people = dict(zip(communes["code"], map(int, communes["population"]), strict=True))
    return {code: people[code] for code in _PLACES.split()}


def _epci() -> Cells:
    """The EPCI of Normandy, with their people."""
    communes, people = _communes(), dict[tuple[str, str], int]()
    columns = ("code_epci", "nom_epci", "population")
    for code, name, population in zip(*(communes[column] for column in columns), strict=True):
        people[code, name] = people.get((code, name), 0) + int(population)
    return _table(" ".join(columns), [(*place, str(count)) for place, count in people.items()])


def _drawn(random: Random, weights: _Weights) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def _day(random: Random, first: date, last: date) -> str:
    """A day, the later ones more often."""
    days = (last - first).days
    return (first + timedelta(days=int(days * random.random() ** 0.6))).isoformat()


def _ids(random: Random, prefix: str, number: int) -> list[str]:
    return [f"{prefix}{identifier:07}" for identifier in random.sample(range(10**7), number)]


def _checked(digits: str) -> str:
    """Digits with their check digit (Luhn), as SIREN and SIRET have."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[::-2])
    return digits + str(-(doubled + sum(map(int, digits[-2::-2]))) % 10)


_AIDS: _Weights = {"APL": 45, "AF": 25, "Prime d'activité": 20, "RSA": 14, "AAH": 7, "AJPP": 0.3}
_FAMILIES: _Weights = {"seul": 45, "couple": 33, "monoparental": 20, "veuf": 3}


def _allocataires() -> Cells:
    """A row for each person who gets an aid of the CAF."""
    random = Random(14)

    def row(identifier: str) -> tuple[str, ...]:
        family, aid = _drawn(random, _FAMILIES), _drawn(random, _AIDS)
        sex = _drawn(random, {"F": 85, "M": 15} if family == "monoparental" else {"F": 52, "M": 48})
        children = random.choices(range(6), (10, 30, 30, 15, 5, 1))[0] if family != "veuf" else 0
        age = min(94, 18 + int(random.expovariate(1 / 22)))
        amount = f"{min(1900, random.lognormvariate(5.6, 0.5)):.2f}"
        day = _day(random, date(2015, 1, 1), date(2025, 12, 31))
        where = _drawn(random, _people())
        return (identifier, where, sex, str(age), family, str(children), aid, amount, day)

    return _table(
        "id code_commune sexe age situation_familiale nb_enfants prestation montant_mensuel"
        " date_ouverture",
        map(row, _ids(random, "A", 12_000)),
    )


_SECTORS: _Weights = {"Services": 38, "Commerce": 27, "Construction": 16, "Industrie": 8}
_SECTORS |= {"Hébergement-restauration": 9, "Transport": 4, "Pêche": 0.4}


def _etablissements() -> Cells:
    """A row for each establishment of the chamber's members, some of which have several."""
    random = Random(27)

    def rows() -> Iterator[tuple[str, ...]]:
        for number in random.sample(range(10_000_000, 99_999_999), 6_500):
            siren, sector = _checked(str(number)), _drawn(random, _SECTORS)
            for nic in range(1, 1 + random.choices((1, 2, 3, 12), (80, 13, 6, 1))[0]):
                staff = int(random.paretovariate(0.9)) - 1
                turnover = round((1 + min(staff, 900)) * random.lognormvariate(11, 0.7))
                where, day = _drawn(random, _people()), _day(random, date(1988, 1, 1), _LATEST)
                siret = _checked(f"{siren}{nic:04}")
                yield siret, siren, where, sector, str(min(staff, 900)), str(turnover), day

    return _table(
        "siret siren code_commune secteur effectif chiffre_affaires date_creation", rows()
    )


_LATEST = date(2025, 12, 31)
_SIZES: _Weights = {"T1": 14, "T2": 30, "T3": 32, "T4": 18, "T5": 6}
_REASONS: _Weights = {"loyer trop cher": 30, "logement trop petit": 24, "sans logement": 14}
_REASONS |= {"séparation": 13, "handicap": 6, "rapprochement du travail": 9, "": 4}
_STATES: _Weights = {"en attente": 62, "attribuée": 21, "radiée": 14, "refusée": 3}


def _demandes_logement() -> Cells:
    """A row for each request for a social home; some without a reason, some without an income."""
    random = Random(50)

    def row(number: str) -> tuple[str, ...]:
        income = "" if random.random() < 0.06 else str(round(random.lognormvariate(9.6, 0.45)))
        household = str(random.choices(range(1, 9), (45, 22, 15, 10, 5, 2, 1, 0.3))[0])
        chosen = [_drawn(random, weights) for weights in (_people(), _SIZES, _REASONS)]
        day, state = _day(random, date(2019, 1, 1), _LATEST), _drawn(random, _STATES)
        return (number, *chosen, household, income, day, state)

    return _table(
        "num_dossier commune typologie motif nb_personnes revenu date_demande statut",
        map(row, _ids(random, "D", 9_000)),
    )


_DIPLOMAS: _Weights = {"CAP": 38, "Bac pro": 24, "BTS": 20, "Licence": 8, "Master": 10}
_TRADES: _Weights = {"bâtiment": 22, "commerce": 24, "restauration": 17, "mécanique": 15}
_TRADES |= {"santé": 9, "numérique": 8, "agriculture": 5}


def _paiements_apprentis() -> Cells:
    """A row for each monthly payment to an apprentice."""
    random = Random(61)

    def rows() -> Iterator[tuple[str, ...]]:
        for number in _ids(random, "APP", 2_200):
            about = [_drawn(random, weights) for weights in (_people(), _DIPLOMAS, _TRADES)]
            sex, age = _drawn(random, {"F": 37, "M": 63}), random.choices(range(15, 30))[0]
            first = random.randrange(30)
            for month in range(first, min(36, first + random.randint(3, 12))):
                day = date(2023 + month // 12, month % 12 + 1, random.randint(3, 9)).isoformat()
                aid = f"{random.choice((80, 120, 150, 200)) + 4.5 * random.randrange(12):.2f}"
                yield number, *about, sex, str(age), day, aid

    return _table(
        "num_dossier code_commune diplome filiere sexe age date_versement aide_versee", rows()
    )


def _listed(table: Callable[[], Cells], column: str, beside: str) -> Cells:
    """The holder's own list of persons or enterprises that a restricted table has, too."""
    units = list(dict.fromkeys(table()[column]))[10:1_210:20]
    return _table(f"{column} {beside}", [(unit, f"Q{at % 5}") for at, unit in enumerate(units)])


_TABLES: Mapping[str, Callable[[], Cells]] = {
    "allocataires": _allocataires,
    "etablissements": _etablissements,
    "demandes_logement": _demandes_logement,
    "paiements_apprentis": _paiements_apprentis,
    "communes": _communes,
    "epci": _epci,
    "liste_ccas": lambda: _listed(_allocataires, "id", "quartier"),
    "entreprises_aidees": lambda: _listed(_etablissements, "siren", "aide"),
}
