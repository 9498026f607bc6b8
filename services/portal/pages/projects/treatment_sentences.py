"""What a treatment does, in French sentences, one for each step."""

from collections.abc import Mapping, Sequence

from services.portal.building import COMPARISONS, choices_of, kept_by
from services.portal.lab import Json
from shared.engine.applications import APPLICATIONS
from shared.engine.applications.cross_application import CHOICE
from shared.words import french_list, quoted

UNSEEN = "un jeu de données qui ne vous est pas montré"
UNANSWERED = "un jeu de données que le catalogue ne nomme pas : il ne répond pas pour le moment"
_BEFORE = "le résultat de l'étape précédente"
_FOLDED = ", sans distinguer majuscules, accents ni espaces autour"
_REPEATED = ", chaque ligne avec toutes celles qui ont la même clé"
_OF_TERRITORY = " (de plusieurs communes de même nom, celle du territoire du projet)"

_FIGURES = (
    ("sums", "additionne"),
    ("means", "calcule la moyenne de"),
    ("medians", "calcule la médiane de"),
    ("mins", "prend la plus petite valeur de"),
    ("maxs", "prend la plus grande valeur de"),
    ("counts", "compte les valeurs de"),
    ("distinct", "compte les valeurs différentes de"),
)
"""What an aggregation makes of columns, by its parameters."""


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
    names = {"query": ("SQL", "sql"), "python": ("Python", "code")}
    code_steps = [step for step in treatment["steps"] if step["application"] in names]
    codes = ((names[step["application"]], step["parameters"]) for step in code_steps)
    return [(title, str(parameters.get(field, ""))) for (title, field), parameters in codes]


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
    parameters, inputs = step["parameters"], step["inputs"]
    of = french_list([names.get(name, _BEFORE) for name in dict.fromkeys(inputs.values())])
    match step["application"]:
        case "cross":
            left, right = (names.get(inputs.get(side, ""), _BEFORE) for side in ("left", "right"))
            keys = f"{quoted(parameters['left_key'])} et {quoted(parameters['right_key'])}"
            repeats = _REPEATED if parameters.get(CHOICE) == "kept" else ""
            sentence = f"Croise {left} avec {right}, là où {keys} se correspondent{repeats}."
        case "query" if by_choices:
            sentence = _kept(parameters["sql"], "" if of == _BEFORE else f" de {of}")
        case "clean" if by_choices:
            [adding] = parameters["operations"]
            meant = _OF_TERRITORY if adding.get("territory") else ""
            column = quoted(adding["column"])
            sentence = f"Ajoute à {of} les codes des communes que nomme {column}{meant}."
        case "aggregate":
            figures = [
                f"{verb} {_columns(parameters[name])}"
                for name, verb in _FIGURES
                if parameters.get(name)
            ]
            rows = ["compte les lignes"] if parameters.get("rows") else []
            if ratio := parameters.get("ratio"):
                parts = quoted(ratio["numerator"]), quoted(ratio["denominator"])
                figures.append(f"rapporte {parts[0]} à {parts[1]}")
            actions = french_list([*rows, *figures]) or "garde chaque groupe une fois"
            sentence = f"Par {_columns(parameters['by'])}, {actions}."
        case "chart":
            label, value = quoted(parameters["label"]), quoted(parameters["value"])
            sentence = f"Dessine une barre par {label}, selon {value}."
        case "map":
            value, key = quoted(parameters["value"]), quoted(parameters["key"])
            sentence = f"Colore une carte selon {value}, par {key}."
        case "report":
            sentence = "Écrit un rapport."
        case _:
            sentence = f"{APPLICATIONS[step['application']].title} : {of}."
    return sentence


def _kept(sql: str, of: str) -> str:
    (column, comparison, value), folds = kept_by(sql)
    condition = f"où {quoted(column)} {COMPARISONS[comparison]} {quoted(value)}"
    return f"Garde les lignes{of} {condition}{_FOLDED if folds else ''}."


def _columns(names: Sequence[str]) -> str:
    return french_list([quoted(name) for name in names])
