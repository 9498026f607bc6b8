"""How well a dataset is described and filled: named criteria, each with how its owner mends it.

They follow what data.gouv.fr asks of a dataset, and add what its columns show: of data that is only
referenced nothing is known of those. Age is none of them: a census is no worse for being old, and
freshness is a filter of its own.
"""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel, Field

from services.catalog.datasets.model import Dataset
from services.catalog.licences.licences import find_licence
from shared.tables.manifest import Profile

_DESCRIPTION = 100
_KEYWORDS = 3
_FILLED = 0.8
_VALID = 0.95
_UNSPECIFIED = "notspecified"


class Criterion(BaseModel):
    """One thing that makes a dataset easier to find and use; `advice` is French, for its owner."""

    name: str
    weight: int = Field(description="points of 100")
    met: bool
    advice: str = Field(description="how to meet it; empty when it is met")


class _Rule(NamedTuple):
    name: str
    weight: int
    holds: Callable[[Dataset], bool]
    advice: str


def criteria_of(dataset: Dataset) -> list[Criterion]:
    """Every criterion, judged on what everybody may know; none before there is something."""
    return [_judged(rule, met=rule.holds(dataset)) for rule in _RULES if dataset.is_known]


def score_of(dataset: Dataset) -> int | None:
    """The points of the criteria that are met, from 0 to 100; None where nothing is."""
    if not dataset.is_known:
        return None
    return sum(rule.weight for rule in _RULES if rule.holds(dataset))


def _judged(rule: _Rule, *, met: bool) -> Criterion:
    advice = "" if met else rule.advice
    return Criterion(name=rule.name, weight=rule.weight, met=met, advice=advice)


def _is_described(dataset: Dataset) -> bool:
    return len(dataset.metadata.description) >= _DESCRIPTION


def _has_licence(dataset: Dataset) -> bool:
    licence = find_licence(dataset.metadata.licence)
    return licence is not None and licence.id != _UNSPECIFIED


def _has_producer(dataset: Dataset) -> bool:
    # Who made a project's result, and of what, stands in its provenance.
    return bool(dataset.metadata.producer or dataset.project_id)


def _has_source(dataset: Dataset) -> bool:
    return bool(dataset.metadata.source_url or dataset.project_id)


def _has_frequency(dataset: Dataset) -> bool:
    return dataset.metadata.frequency not in {None, "UNKNOWN"}


def _has_contact(dataset: Dataset) -> bool:
    return dataset.metadata.contact is not None


def _has_keywords(dataset: Dataset) -> bool:
    return len(dataset.metadata.keywords) >= _KEYWORDS


def _has_territory(dataset: Dataset) -> bool:
    return bool(dataset.metadata.territory)


def _has_keys(dataset: Dataset) -> bool:
    return bool(dataset.keys)


def _is_filled(dataset: Dataset) -> bool:
    profile = _profile(dataset)
    cells = profile.rows * len(profile.columns) if profile else 0
    return profile is not None and 0 < cells * _FILLED <= sum(one.filled for one in profile.columns)


def _is_valid(dataset: Dataset) -> bool:
    profile = _profile(dataset)
    meanings = [column.meaning for column in profile.columns] if profile else []
    return profile is not None and all(one is None or one.valid >= _VALID for one in meanings)


def _is_intact(dataset: Dataset) -> bool:
    profile = _profile(dataset)
    return profile is not None and not profile.repairs


def _profile(dataset: Dataset) -> Profile | None:
    return dataset.published.profile if dataset.published else None


_RULES = (
    _Rule(
        "description",
        15,
        _is_described,
        f"Décrivez en {_DESCRIPTION} caractères au moins ce que contiennent les données, et "
        "comment elles ont été recueillies.",
    ),
    _Rule(
        "licence",
        15,
        _has_licence,
        "Indiquez une licence connue, par exemple « Licence Ouverte 2.0 » (lov2).",
    ),
    _Rule(
        "keys",
        15,
        _has_keys,
        "Ajoutez une colonne qui se croise avec d'autres données : code commune, SIREN, code "
        "postal, …",
    ),
    _Rule(
        "keywords",
        10,
        _has_keywords,
        f"Donnez au moins {_KEYWORDS} mots-clés, avec les mots que chercherait un autre service.",
    ),
    _Rule(
        "territory",
        5,
        _has_territory,
        "Indiquez le territoire couvert par ses codes INSEE : départements ou communes.",
    ),
    _Rule("producer", 5, _has_producer, "Nommez l'organisme qui produit les données."),
    _Rule(
        "filled",
        10,
        _is_filled,
        f"Remplissez les cases vides, ou retirez les colonnes peu remplies : {_FILLED:.0%} des "
        "cases au moins devraient avoir une valeur.",
    ),
    _Rule("frequency", 5, _has_frequency, "Dites à quel rythme les données sont renouvelées."),
    _Rule("contact", 5, _has_contact, "Dites à qui poser une question sur les données."),
    _Rule("source", 5, _has_source, "Donnez l'adresse de la page d'où viennent les données."),
    _Rule(
        "valid",
        5,
        _is_valid,
        "Corrigez les identifiants invalides : chaque colonne qui en a cite des exemples.",
    ),
    _Rule(
        "intact",
        5,
        _is_intact,
        "Déposez un fichier qui se lit sans réparation : celles qu'il a fallu sont décrites.",
    ),
)
