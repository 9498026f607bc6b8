"""What a treatment does, in French sentences, one for each step."""

from collections.abc import Mapping

from services.portal.building import choices_of
from services.portal.lab import Json
from shared.engine.applications import APPLICATIONS
from shared.language.french import quoted

UNSEEN = "un jeu de données qui ne vous est pas montré"
UNANSWERED = "un jeu de données que le catalogue ne nomme pas : il ne répond pas pour le moment"
_BEFORE = "le résultat de l'étape précédente"
_OF_TERRITORY = " (de plusieurs communes de même nom, celle du territoire du projet)"


def sentences_of(treatment: Json, titles: Mapping[str, str], untitled: str = UNSEEN) -> list[str]:
    """Describe the steps of a treatment; `titles` are of datasets that the reader may see.

    The others are called `untitled`.
    """
    if treatment is None:
        return []
    names = {
        name: quoted(titles[dataset_id]) if dataset_id in titles else untitled
        for name, dataset_id in treatment["inputs"].items()
    }
    by_choices = choices_of(treatment) is not None
    return [_said(step, names, by_choices=by_choices) for step in treatment["steps"]]


def codes_of(treatment: Json) -> list[tuple[str, str]]:
    """Return the SQL and Python that people wrote for a treatment, each with its language."""
    if treatment is None or choices_of(treatment) is not None:
        return []
    steps = (
        (APPLICATIONS[step["application"]].traits, step["parameters"])
        for step in treatment["steps"]
        if step["application"] in APPLICATIONS
    )
    return [
        ("Python", str(parameters.get("code", "")))
        if traits.runs_code
        else ("SQL", str(parameters.get("sql", "")))
        for traits, parameters in steps
        if traits.runs_code or traits.runs_sql
    ]


def _said(step: Json, names: Mapping[str, str], *, by_choices: bool) -> str:
    """A step in a sentence; of one that is wrongly written what its application is for."""
    try:
        return _sentence(step, names, by_choices=by_choices)
    except (KeyError, TypeError):
        application = APPLICATIONS.get(step["application"])
        return (
            f"{application.title}." if application else "Une étape que le Datalab ne connaît pas."
        )


def _sentence(step: Json, names: Mapping[str, str], *, by_choices: bool) -> str:
    parameters = step["parameters"]
    tables = {role: names.get(name, _BEFORE) for role, name in step["inputs"].items()}
    chosen = _CHOSEN.get(step["application"]) if by_choices else None
    if chosen:
        return chosen(parameters, tables["table"])
    return APPLICATIONS[step["application"]].in_words(parameters, tables)


def _added(parameters: Json, table: str) -> str:
    [adding] = parameters["operations"]
    meant = _OF_TERRITORY if adding.get("territory") else ""
    column = quoted(adding["column"])
    return f"Ajoute à {table} les codes des communes que nomme {column}{meant}."


_CHOSEN = {"clean": _added}
"""What steps do that choices make of applications that do more."""
