"""What a treatment does, in French sentences, one for each step."""

from collections.abc import Mapping

from services.portal.lab import Json
from shared.engine.applications import APPLICATIONS
from shared.language.french import quoted

UNSEEN = "un jeu de données qui ne vous est pas montré"
UNANSWERED = "un jeu de données que le catalogue ne nomme pas : il ne répond pas pour le moment"
_BEFORE = "le résultat de l'étape précédente"


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
    return [_sentence(step, names) for step in treatment["steps"]]


def codes_of(treatment: Json) -> list[tuple[str, str]]:
    """Return the SQL and Python that people wrote for a treatment, each with its language."""
    if treatment is None:
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


def _sentence(step: Json, names: Mapping[str, str]) -> str:
    """A step in a sentence; of one that is wrongly written what its application is for."""
    application = APPLICATIONS.get(step["application"])
    if application is None:
        return "Une étape que le Datalab ne connaît pas."
    tables = {role: names.get(name, _BEFORE) for role, name in step["inputs"].items()}
    try:
        return application.in_words(step["parameters"], tables)
    except (KeyError, TypeError, ValueError):
        return f"{application.title}."
