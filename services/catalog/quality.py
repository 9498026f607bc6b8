"""How well a dataset is described and filled: named criteria, each with how its owner mends it.

They follow what data.gouv.fr asks of a dataset, and add what its columns show. Age is none of them:
a census is no worse for being old, and freshness is a filter of its own.
"""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel, Field

from services.catalog.licences import find_licence
from services.catalog.model import Dataset
from shared.manifest import Profile

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
    holds: Callable[[Dataset, Profile], bool]
    advice: str


def criteria_of(dataset: Dataset) -> list[Criterion]:
    """Every criterion, judged on the published version; none before there is one."""
    profile = dataset.published.profile if dataset.published else None
    if profile is None:
        return []
    return [_judged(rule, met=rule.holds(dataset, profile)) for rule in _RULES]


def score_of(dataset: Dataset) -> int | None:
    """The points of the criteria that are met, from 0 to 100; None before a version is read."""
    criteria = criteria_of(dataset)
    return sum(one.weight for one in criteria if one.met) if criteria else None


def _judged(rule: _Rule, *, met: bool) -> Criterion:
    advice = "" if met else rule.advice
    return Criterion(name=rule.name, weight=rule.weight, met=met, advice=advice)


def _is_described(dataset: Dataset, _profile: Profile) -> bool:
    return len(dataset.metadata.description) >= _DESCRIPTION


def _has_licence(dataset: Dataset, _profile: Profile) -> bool:
    licence = find_licence(dataset.metadata.licence)
    return licence is not None and licence.id != _UNSPECIFIED


def _has_producer(dataset: Dataset, _profile: Profile) -> bool:
    # Who made a project's result, and of what, stands in its provenance.
    return bool(dataset.metadata.producer or dataset.project_id)


def _has_source(dataset: Dataset, _profile: Profile) -> bool:
    return bool(dataset.metadata.source_url or dataset.project_id)


def _has_keywords(dataset: Dataset, _profile: Profile) -> bool:
    return len(dataset.metadata.keywords) >= _KEYWORDS


def _has_territory(dataset: Dataset, _profile: Profile) -> bool:
    return bool(dataset.metadata.territory)


def _has_keys(_dataset: Dataset, profile: Profile) -> bool:
    return bool(profile.keys)


def _is_filled(_dataset: Dataset, profile: Profile) -> bool:
    cells = profile.rows * len(profile.columns)
    return cells > 0 and sum(column.filled for column in profile.columns) >= _FILLED * cells


def _is_valid(_dataset: Dataset, profile: Profile) -> bool:
    return all(
        column.meaning is None or column.meaning.valid >= _VALID for column in profile.columns
    )


def _is_intact(_dataset: Dataset, profile: Profile) -> bool:
    return not profile.repairs


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
        10,
        _has_territory,
        "Indiquez le territoire couvert par ses codes INSEE : départements ou communes.",
    ),
    _Rule("producer", 10, _has_producer, "Nommez l'organisme qui produit les données."),
    _Rule(
        "filled",
        10,
        _is_filled,
        f"Remplissez les cases vides, ou retirez les colonnes peu remplies : {_FILLED:.0%} des "
        "cases au moins devraient avoir une valeur.",
    ),
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
