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
    """The steps of a treatment; `titles` are those of datasets that the reader may see.

    The others are called `untitled`.
    """
    if treatment is None:
        return []
    names = {
        name: quoted(titles[one]) if one in titles else untitled
        for name, one in treatment["inputs"].items()
    }
    by_choices = choices_of(treatment) is not None
    return [_said(step, names, by_choices=by_choices) for step in treatment["steps"]]


def codes_of(treatment: Json) -> list[tuple[str, str]]:
    """The SQL and Python that people wrote for a treatment, each with what it is."""
    if treatment is None or choices_of(treatment) is not None:
        return []
    names = {"query": ("SQL", "sql"), "python": ("Python", "code")}
    known = [one for one in treatment["steps"] if one["application"] in names]
    told = ((names[one["application"]], one["parameters"]) for one in known)
    return [(title, str(parameters.get(field, ""))) for (title, field), parameters in told]


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
    told, inputs = step["parameters"], step["inputs"]
    of = french_list([names.get(name, _BEFORE) for name in dict.fromkeys(inputs.values())])
    match step["application"]:
        case "cross":
            left, right = (names.get(inputs.get(side, ""), _BEFORE) for side in ("left", "right"))
            keys = f"{quoted(told['left_key'])} et {quoted(told['right_key'])}"
            repeats = _REPEATED if told.get(CHOICE) == "kept" else ""
            said = f"Croise {left} avec {right}, là où {keys} se correspondent{repeats}."
        case "query" if by_choices:
            said = _kept(told["sql"], "" if of == _BEFORE else f" de {of}")
        case "clean" if by_choices:
            [adding] = told["operations"]
            meant = _OF_TERRITORY if adding.get("territory") else ""
            column = quoted(adding["column"])
            said = f"Ajoute à {of} les codes des communes que nomme {column}{meant}."
        case "aggregate":
            figures = [
                f"{verb} {_columns(told[name])}" for name, verb in _FIGURES if told.get(name)
            ]
            rows = ["compte les lignes"] if told.get("rows") else []
            if ratio := told.get("ratio"):
                parts = quoted(ratio["numerator"]), quoted(ratio["denominator"])
                figures.append(f"rapporte {parts[0]} à {parts[1]}")
            made = french_list([*rows, *figures]) or "garde chaque groupe une fois"
            said = f"Par {_columns(told['by'])}, {made}."
        case "chart":
            said = f"Dessine une barre par {quoted(told['label'])}, selon {quoted(told['value'])}."
        case "map":
            said = f"Colore une carte selon {quoted(told['value'])}, par {quoted(told['key'])}."
        case "report":
            said = "Écrit un rapport."
        case _:
            said = f"{APPLICATIONS[step['application']].title} : {of}."
    return said


def _kept(sql: str, of: str) -> str:
    (column, comparison, value), folds = kept_by(sql)
    said = f"où {quoted(column)} {COMPARISONS[comparison]} {quoted(value)}"
    return f"Garde les lignes{of} {said}{_FOLDED if folds else ''}."


def _columns(names: Sequence[str]) -> str:
    return french_list([quoted(name) for name in names])
