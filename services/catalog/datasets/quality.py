"""How well a dataset is described and filled: named criteria, each with how its owner mends it.

They follow what data.gouv.fr asks of a dataset, and add what its columns show: of data that is only
referenced nothing is known of those. Age is none of them: a census is no worse for being old, and
freshness is a filter of its own.
"""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel, Field

from services.catalog.datasets.metadata import Metadata
from services.catalog.licences.licences import find_licence
from shared.engine.tables.key_file import COARSE
from shared.engine.tables.manifest import Profile
from shared.language.french import quoted

_DESCRIPTION = 100
_KEYWORDS = 3
_FILLED = 0.8
_VALID = 0.95
_UNSPECIFIED = "notspecified"


class Criterion(BaseModel):
    """One thing that makes a dataset easier to find and use; `advice` is French, for its owner."""

    name: str
    weight: int = Field(description="points; of a table's, which has all criteria, 100 in all")
    met: bool
    advice: str = Field(description="how to meet it; empty when it is met")


class Described(NamedTuple):
    """What quality is judged on: what those who read it may know of a dataset.

    `is_result`: a project made it, and its provenance says who did, and of what. `shows_counts`:
    they may know exact numbers of its cells.
    """

    about: Metadata
    profile: Profile | None
    is_result: bool
    shows_counts: bool = True


class _Rule(NamedTuple):
    """A criterion; what it can `advise` of a dataset goes before its advice to all."""

    name: str
    weight: int
    holds: Callable[[Described], bool]
    advice: str
    is_of_tables: bool = False
    is_of_cells: bool = False
    advise: Callable[[Described], str] = lambda _dataset: ""


def criteria_of(dataset: Described) -> list[Criterion]:
    """Every criterion that concerns the dataset, and whether it meets it."""
    return [_judged(rule, dataset) for rule in _rules_of(dataset)]


def score_of(dataset: Described) -> int:
    """The points of the criteria that are met, from 0 to 100 of those that concern the dataset."""
    rules = _rules_of(dataset)
    met = sum(rule.weight for rule in rules if rule.holds(dataset))
    return round(100 * met / sum(rule.weight for rule in rules))


def _rules_of(dataset: Described) -> list[_Rule]:
    """The rules that apply to it: files have no columns to be judged by, nor cells."""
    is_table = dataset.about.content == "table"
    shows_cells = is_table and dataset.shows_counts
    return [
        rule
        for rule in _RULES
        if (is_table or not rule.is_of_tables) and (shows_cells or not rule.is_of_cells)
    ]


def _judged(rule: _Rule, dataset: Described) -> Criterion:
    met = rule.holds(dataset)
    advice = "" if met else rule.advise(dataset) or rule.advice
    return Criterion(name=rule.name, weight=rule.weight, met=met, advice=advice)


def _has_licence(dataset: Described) -> bool:
    licence = find_licence(dataset.about.licence)
    return licence is not None and licence.id != _UNSPECIFIED


def _is_crossed(dataset: Described) -> bool:
    """Whether it has a key, or areas too coarse for one and no column that names finer ones."""
    columns = dataset.profile.columns if dataset.profile else ()
    is_coarse = any(column.type in COARSE for column in columns) and not _codes_to_add(dataset)
    return is_coarse or any(column.key for column in columns)


def _codes_to_add(dataset: Described) -> str:
    """Advice in French when a column names communes; else empty."""
    columns = dataset.profile.columns if dataset.profile else ()
    names = [quoted(column.name) for column in columns if column.names == "commune"]
    if not names:
        return ""
    return (
        f"La colonne {names[0]} nomme des communes ; ajoutez-en les codes INSEE à votre fichier,"
        " et il se croisera avec d'autres données. Un traitement sait aussi les ajouter."
    )


def _is_filled(dataset: Described) -> bool:
    profile = dataset.profile
    cells = profile.rows * len(profile.columns) if profile else 0
    return profile is not None and 0 < cells * _FILLED <= sum(
        column.filled for column in profile.columns
    )


def _is_valid(dataset: Described) -> bool:
    profile = dataset.profile
    meanings = [column.meaning for column in profile.columns] if profile else []
    return profile is not None and all(
        meaning is None or meaning.valid >= _VALID for meaning in meanings
    )


_RULES = (
    _Rule(
        "description",
        15,
        lambda dataset: len(dataset.about.description) >= _DESCRIPTION,
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
        _is_crossed,
        "Ajoutez une colonne qui se croise avec d'autres données : code commune, SIREN, code "
        "postal, …",
        is_of_tables=True,
        advise=_codes_to_add,
    ),
    _Rule(
        "keywords",
        10,
        lambda dataset: len(dataset.about.keywords) >= _KEYWORDS,
        f"Donnez au moins {_KEYWORDS} mots-clés, avec les mots que chercherait un autre service.",
    ),
    _Rule(
        "territory",
        5,
        lambda dataset: bool(dataset.about.territory),
        "Indiquez le territoire couvert par ses codes INSEE : départements ou communes.",
    ),
    _Rule(
        "producer",
        5,
        lambda dataset: bool(dataset.about.producer or dataset.is_result),
        "Nommez l'organisme qui produit les données.",
    ),
    _Rule(
        "filled",
        10,
        _is_filled,
        f"Remplissez les cases vides, ou retirez les colonnes peu remplies : {_FILLED:.0%} des "
        "cases au moins devraient avoir une valeur.",
        is_of_cells=True,
    ),
    _Rule(
        "frequency",
        5,
        lambda dataset: dataset.about.frequency not in {None, "UNKNOWN"},
        "Dites à quel rythme les données sont renouvelées.",
    ),
    _Rule(
        "contact",
        5,
        lambda dataset: dataset.about.contact is not None,
        "Dites à qui poser une question sur les données.",
    ),
    _Rule(
        "source",
        5,
        lambda dataset: bool(dataset.about.source_url or dataset.is_result),
        "Donnez l'adresse de la page d'où viennent les données.",
    ),
    _Rule(
        "valid",
        5,
        _is_valid,
        "Corrigez les identifiants invalides : chaque colonne qui en a cite des exemples.",
        is_of_cells=True,
    ),
    _Rule(
        "intact",
        5,
        lambda dataset: dataset.profile is not None and not dataset.profile.repairs,
        "Déposez un fichier qui se lit sans réparation : celles qu'il a fallu sont décrites.",
        is_of_cells=True,
    ),
)
