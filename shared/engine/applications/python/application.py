"""Runs a holder's own Python code, or notebook, on the tables of a treatment."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from shared.engine.applications.application import Application, Totals, Traits, kept
from shared.engine.applications.effect import (
    Columns,
    Effect,
    Named,
    ShownTable,
    Source,
    as_it_is,
    named_each,
)
from shared.engine.applications.parameters import ColumnName, Parameters
from shared.errors import Invalid, invalid_of
from shared.events.event import Step
from shared.language.french import french_list, quoted

LIBRARIES = (
    "pandas",
    "numpy",
    "pyarrow",
    "duckdb",
    "scikit-learn",
    "statsmodels",
    "shapely",
    "matplotlib",
    "altair",
)
"""What code may import besides Python's own, by the names of their packages."""

_NEEDED = (*LIBRARIES, "nbclient", "nbconvert", "ipykernel")
CODE_PARAMETERS = ("code", "notebook")
"""The parameters that hold code."""

NO_RUN = "il faut y définir « def run(tables, parameters): »"
"""What is said of code that defines no `run`."""

_CODE_BYTES = 200_000
_RUN = re.compile(r"^def\s+run\s*\(", re.MULTILINE)
_SEEDS = 2**32

_Names = Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=500)]


class PythonParameters(Parameters):
    """The code, and what it is given."""

    code: str = Field(
        default="",
        description="Un fichier Python qui définit run(tables, parameters) ; 200 ko au plus. Il est"
        " essayé avant d'être enregistré sur un échantillon des données ouvertes ou des vôtres, et"
        " refusé avec sa ligne s'il échoue ; avec des données restreintes d'autrui, il est"
        " seulement relu",
    )
    notebook: str = Field(
        default="",
        description="À la place de code : le JSON d'un notebook Jupyter (.ipynb), exécuté et rendu"
        " en HTML ; tables et parameters y sont donnés, et la variable resultat est gardée comme ce"
        " que run rend",
    )
    parameters: dict[str, Any] = Field(default={}, description="Un objet JSON, donné au code")
    columns: dict[str, _Names] = Field(
        default={},
        description="Par table, les colonnes données au code, et rien d'autre : ce que leurs"
        " propriétaires auront à accorder ; sans cela, toutes",
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=_SEEDS,
        description="Graine des tirages au hasard (random, numpy, ordre des ensembles)",
    )
    totals: Totals = "left_out"

    @property
    def text(self) -> str:
        """Return the code or the notebook: what those who decide on it read."""
        return self.code or self.notebook

    @property
    def hash(self) -> str:
        """Return the SHA-256 of that text."""
        return sha256(self.text.encode()).hexdigest()

    @field_validator("code", "notebook")
    @classmethod
    def _without_mark(cls, text: str) -> str:
        """Return the text without the mark that some editors write before it (BOM)."""
        return text.removeprefix("\ufeff")

    @field_validator("code", "notebook")
    @classmethod
    def _is_text(cls, text: str) -> str:
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise ValueError("ce n'est pas du texte Unicode") from error
        if size > _CODE_BYTES or "\0" in text:
            raise ValueError(f"dépasse {_CODE_BYTES // 1000} ko, ou contient NUL")
        return text

    @field_validator("code")
    @classmethod
    def _defines_run(cls, code: str) -> str:
        if code and not _RUN.search(code):
            raise ValueError(NO_RUN)
        return code

    @field_validator("notebook")
    @classmethod
    def _is_notebook(cls, notebook: str) -> str:
        if notebook and not _has_cells(notebook):
            raise ValueError("ce n'est pas le JSON d'un notebook Jupyter")
        return notebook

    @model_validator(mode="after")
    def _has_code(self) -> Self:
        if bool(self.code) == bool(self.notebook):
            raise ValueError("code ou notebook doit être donné, et l'un des deux seulement")
        return self


def _has_cells(notebook: str) -> bool:
    try:
        read = json.loads(notebook)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and isinstance(read.get("cells"), list)


def _effect(parameters: PythonParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return the effect: any column that the code gets may come out, row by row."""
    for role in parameters.columns:
        if role not in tables:
            raise Invalid(f"cette étape n'a pas de table {quoted(role)}", f"columns.{role}")
    columns_by_role = {
        role: parameters.columns.get(role, columns or ()) for role, columns in tables.items()
    }
    code_columns = {
        f"{role}.{name}": as_it_is(Source(role, name))
        for role, names in columns_by_role.items()
        for name in names
    }
    whole = tuple(role for role in tables if role not in parameters.columns)
    return Effect(
        {},
        named=tuple(_named(parameters)),
        whole=whole,
        shows=(ShownTable(code_columns),),
        passes=tuple(role for role in whole if tables[role] is None),
        is_open=True,
        code=parameters.hash,
    )


def _named(parameters: PythonParameters) -> Iterator[Named]:
    for role, names in parameters.columns.items():
        yield from named_each(f"columns.{role}", names, role=role)


def check_code_text(step: Step, at: str) -> None:
    """Raise Invalid, in French, for a step's code that cannot run whatever its data.

    It names the parameter that holds the code; `at` is where the step stands.
    """
    if step.application != PYTHON.name:
        return
    texts = {name: step.parameters[name] for name in CODE_PARAMETERS if name in step.parameters}
    try:
        PythonParameters.model_validate(texts)
    except ValidationError as error:
        fault = invalid_of(error)
        field = fault.field or CODE_PARAMETERS[0]
        raise Invalid(fault.args[0], f"{at}.parameters.{field}") from error


def check_installed(steps: Iterable[Step], needed: Iterable[str] = _NEEDED) -> None:
    """Raise Invalid, in French, for code where this machine lacks what it may import: an extra."""
    for number, step in enumerate(steps):
        if step.application == PYTHON.name and (why := not_installed(needed)):
            raise Invalid(why, f"steps.{number}.application")


def not_installed(needed: Iterable[str] = _NEEDED) -> str:
    """State in French why this machine runs no own code; empty where it has what code imports."""
    missing = [name for name in needed if not _version(name)]
    if not missing:
        return ""
    return (
        "ce laboratoire n'exécute pas de code Python : il n'a pas installé"
        f" {french_list(missing)} (make code)"
    )


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries, by name."""
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _without(parameters: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    if "columns" not in parameters:
        return parameters
    columns = {role: kept(names, gone) for role, names in parameters["columns"].items()}
    return {**parameters, "columns": columns}


PYTHON = Application(
    name="python",
    title="Exécuter votre code Python",
    description=(
        "Exécute la fonction run(tables, parameters) de votre fichier Python : tables donne les"
        " DataFrame pandas par leur nom de rôle, avec leurs types (les codes restent du texte), ou"
        " d'un jeu de fichiers leurs chemins par nom, en lecture seule ; et parameters l'objet JSON"
        " de l'étape. Elle rend un DataFrame, qui devient la table de"
        " l'étape, ou un dictionnaire de DataFrame, de figures (matplotlib, altair), d'octets et de"
        " chemins de fichiers écrits dans le dossier courant ; le premier DataFrame est la table de"
        " l'étape. Ou exécute un notebook, rendu en HTML. Bibliothèques :"
        f" {', '.join(LIBRARIES)}. Ni réseau, ni autre fichier ; ce qui est imprimé va au journal."
        " Le code est lu par les relecteurs et par les propriétaires des données. Quand des données"
        " d'autrui à accès restreint y entrent, figures, fichiers et journal attendent un"
        " relecteur."
    ),
    roles=(),
    parameters=PythonParameters,
    effect=_effect,
    without=_without,
    open_roles=True,
    traits=Traits(
        draws=False,
        runs_code=True,
        runs_sql=False,
        joins=False,
        sums=False,
        reads_files=True,
        needs_key=False,
        picks_rows=True,
        is_repeatable=lambda _parameters: False,
        splits=lambda _parameters: False,
    ),
)
