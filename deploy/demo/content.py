"""What the story's people send in: datasets, members, a project, its treatment.

Data: see data/ATTRIBUTION.md. Nobody here exists; the figures are real.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.engine.analysis.yaml_text import read_object

DATA = Path(__file__).parent / "data"
RECIPE = Path(__file__).parent / "vacance-par-epci.yaml"
TERRITORY = ["14", "27", "50", "61", "76"]
"""The departments of Normandy."""

IN_2026 = {"temporal": {"start": "2026-01-01"}, "frequency": "ANNUAL"}
"""The codes and bodies in force since that day, which INSEE publishes anew each year."""

OPEN_DATA: dict[str, dict[str, Any]] = {
    "communes_2026.csv": {
        "title": "Code officiel géographique 2026 : communes de Normandie",
        "description": "Communes actuelles, déléguées et associées, et leurs anciens codes.",
        "theme": "territoire",
        "keywords": ["commune", "code officiel géographique", "COG"],
        "producer": "INSEE",
        **IN_2026,
    },
    "epci_2026.csv": {
        "title": "Intercommunalités de Normandie et leurs communes membres, 2026",
        "description": "Chaque commune et l'établissement public (EPCI) dont elle est membre.",
        "theme": "territoire",
        "keywords": ["EPCI", "intercommunalité", "commune"],
        "producer": "DGCL et INSEE",
        **IN_2026,
    },
    "codes_postaux.csv": {
        "title": "Codes postaux des communes de Normandie",
        "description": "Correspondance entre codes postaux et communes, de plusieurs à plusieurs.",
        "theme": "territoire",
        "keywords": ["code postal", "commune", "adresse"],
        "producer": "La Poste et INSEE",
    },
}

HOMES_FILE = "logements.csv"
HOMES: dict[str, Any] = {
    "title": "Logements par IRIS, recensement 2021",
    "description": "Logements, résidences principales et secondaires, logements vacants.",
    "theme": "habitat",
    "keywords": ["logement", "vacance", "IRIS"],
    "territory": TERRITORY,
    "licence": "fr-lo",
    "access": "restricted",
    "producer": "INSEE",
    "temporal": {"start": "2021-01-01", "end": "2021-12-31"},
    "frequency": "ANNUAL",
}

MEMBERS: dict[str, dict[str, Any]] = {
    "agency": {"name": "Agence d'urbanisme", "kind": "association", "skills": ["urbanisme"]},
    "city": {"name": "Ville pilote", "kind": "local_authority", "skills": ["habitat"]},
    "laboratory": {
        "name": "Laboratoire de géographie",
        "kind": "laboratory",
        "skills": ["cartographie", "statistique"],
    },
    "lab": {"name": "Service données du lab", "kind": "local_authority", "skills": ["données"]},
}


MISSPELT = "intercomunalités normandes"
"""What somebody in a hurry types into the search."""


RESULT_FILES = ("result.csv", "graphique.png", "carte.svg", "report.html")
"""What is downloaded of the result: its table, chart, map and report."""


def homes_without_last_row(folder: Path) -> Path:
    """Write the homes as they were first sent in: the last IRIS comes with the next version."""
    *lines, _last = (DATA / HOMES_FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    file = folder / HOMES_FILE
    file.write_text("".join(lines), encoding="utf-8")
    return file


def open_dataset(filename: str) -> dict[str, Any]:
    """The metadata of one of the lab's open datasets."""
    common = {"territory": TERRITORY, "licence": "lov2", "access": "open"}
    return {**OPEN_DATA[filename], **common}


def member(role: str) -> dict[str, Any]:
    """A member as it is registered."""
    return {**MEMBERS[role], "territory": TERRITORY}


def project(homes: str, treatment: Mapping[str, Any] | None) -> dict[str, Any]:
    """The project, on the holder's dataset `homes`."""
    return {
        "title": "Où les logements sont-ils vacants en Normandie ?",
        "problem": (
            "Les intercommunalités préparent leur programme de l'habitat sans savoir où la vacance"
            " des logements est la plus forte. Nous voulons la mesurer par EPCI."
        ),
        "theme": "habitat",
        "territory": TERRITORY,
        "keywords": ["logement", "vacance", "intercommunalité"],
        "skills": ["cartographie", "statistique"],
        "dataset_ids": [homes],
        "treatment": treatment,
    }


def recipe() -> dict[str, Any]:
    """Cross homes with the inter-communal bodies, add up by body, draw bars, a map and a report."""
    return read_object(RECIPE.read_text(encoding="utf-8"))


def delivery(job_id: str) -> dict[str, Any]:
    """How the result is presented in the catalogue."""
    return {
        "job_id": job_id,
        "title": "Taux de vacance des logements par EPCI, Normandie, 2021",
        "description": "Logements vacants rapportés aux logements, par intercommunalité de 2026.",
        "licence": "lov2",
        "keywords": ["vacance", "EPCI"],
    }
