"""Puts datasets, columns and values into a recipe, and its steps into an order that can run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from types import MappingProxyType
from typing import Any

from services.compute.recipes.model import ParameterType, RecipeParameter, RecipeVersion
from shared.engine.applications import traits_of
from shared.engine.applications.python.application import CODE_PARAMETERS
from shared.engine.applications.query.application import QUERY, filled_query
from shared.engine.applications.query.sql import PLACEHOLDER
from shared.engine.applications.query.sql import quoted as quoted_name
from shared.engine.tables.column_names import unique
from shared.errors import Invalid
from shared.events import Step, Treatment
from shared.language.french import french_list, quoted

Columns = Mapping[str, Mapping[str, str]]
"""By input: the column that the recipe names -> that of the dataset."""

MOST_STEPS = 10
_LONGEST_NUMBER = 100
_TABLE, _SQL = "table", "sql"
_TYPES: Mapping[ParameterType, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "un texte"),
    "number": ((int, float), "un nombre"),
    "integer": ((int,), "un nombre entier"),
    "boolean": ((bool,), "vrai ou faux"),
}


def ordered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Order the steps: each after those whose tables it reads.

    Raises Invalid, naming the steps, when some wait for one another.
    """
    producers = {step.output: number for number, step in enumerate(steps)}
    needs = {
        number: {producers[table] for table in step.inputs.values() if table in producers}
        for number, step in enumerate(steps)
    }
    try:
        return tuple(steps[number] for number in TopologicalSorter(needs).static_order())
    except CycleError as error:
        names = french_list([quoted(steps[number].output) for number in error.args[1]])
        raise Invalid(f"ces étapes s'attendent l'une l'autre : {names}", "steps") from error


def fill(
    recipe: RecipeVersion,
    name: str,
    inputs: Mapping[str, str],
    values: Mapping[str, Any],
    columns: Columns = MappingProxyType({}),
) -> Treatment:
    """Return the treatment that the recipe makes of these datasets, by input, and values.

    `columns` says which of their columns it reads in place of those that it names. Raises Invalid
    naming an input that is missing, an input, parameter or column that is unknown, or a value of a
    wrong type.
    """
    _check_known("inputs", inputs, recipe.inputs)
    _check_known("parameters", values, recipe.parameters)
    for missing in sorted(
        input_name for input_name in recipe.inputs if not inputs.get(input_name, "").strip()
    ):
        raise Invalid("un jeu de données doit être choisi", f"inputs.{missing}")
    filled_values = {
        key: _value(key, parameter, values) for key, parameter in recipe.parameters.items()
    }
    steps = tuple(
        step.model_copy(update={"parameters": _parameters(number, step, filled_values)})
        for number, step in enumerate(recipe.steps)
    )
    return Treatment(
        inputs=dict(inputs),
        steps=_renamed(recipe, steps, columns),
        recipe=f"{name}@{recipe.number}",
    )


def check_places(version: RecipeVersion) -> None:
    """Raise Invalid when a step names a parameter that the recipe does not have."""
    for number, step in enumerate(version.steps):
        for key in _places(_without_code(step)):
            if key not in version.parameters:
                at = f"steps.{number}.parameters"
                raise Invalid(f"la recette n'a pas de paramètre « {key} »", at)


def _without_code(step: Step) -> dict[str, Any]:
    """Return a step's parameters without its code, into which no value goes."""
    is_code = CODE_PARAMETERS if traits_of(step).runs_code else ()
    return {key: value for key, value in step.parameters.items() if key not in is_code}


def _check_known(field: str, chosen_names: Iterable[str], known_names: Iterable[str]) -> None:
    for key in sorted(set(chosen_names) - set(known_names)):
        raise Invalid(f"la recette ne connaît pas « {key} »", f"{field}.{key}")


def _value(key: str, parameter: RecipeParameter, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    value = values.get(key, parameter.default)
    if isinstance(value, str):
        value = _read(value, parameter.type)
    types, expected = _TYPES[parameter.type]
    # In Python, True is an int.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise Invalid(f"doit être {expected}", f"parameters.{key}")
    return value


def _read(text: str, kind: ParameterType) -> str | float | bool:
    """Return what a form or a command brings as a text; the text itself where it says no such."""
    plain = text.replace(",", ".").replace(" ", "")
    if kind == "boolean":
        return {"true": True, "false": False}.get(plain.lower(), text)
    # No figure has more digits, and what is beyond all numbers is no JSON either.
    if kind == "text" or len(plain) > _LONGEST_NUMBER:
        return text
    try:
        number = int(plain) if kind == "integer" else float(plain)
    except ValueError:
        return text
    return number if isfinite(number) else text


def _places(value: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return the parameters that a JSON value names."""
    if isinstance(value, str):
        return set(PLACEHOLDER.findall(value))
    parts = value.values() if isinstance(value, dict) else value
    is_nested = isinstance(value, dict | list | tuple)
    return {key for part in parts for key in _places(part)} if is_nested else set()


def _parameters(number: int, step: Step, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's parameters with values filled in; Invalid where one may not stand."""
    parameters = {**step.parameters, **_filled(_without_code(step), values)}
    sql = step.parameters.get(_SQL)
    if traits_of(step).runs_sql and isinstance(sql, str):
        try:
            parameters[_SQL] = filled_query(sql, values)
        except Invalid as error:
            at = f"steps.{number}.parameters.{_SQL}"
            raise Invalid(error.args[0], at) from error
    return parameters


def _filled(value: Any, values_by_name: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Replace `${name}` in a JSON value: alone by the value itself, within a text as text."""
    if isinstance(value, dict):
        return {key: _filled(part, values_by_name) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(part, values_by_name) for part in value]
    if not isinstance(value, str):
        return value
    if place := PLACEHOLDER.fullmatch(value):
        return values_by_name[place[1]]
    return PLACEHOLDER.sub(lambda place: str(values_by_name[place[1]]), value)


def _renamed(recipe: RecipeVersion, steps: Sequence[Step], columns: Columns) -> tuple[Step, ...]:
    """Return the steps after others that rename columns as the recipe knows them.

    Of such a table they read the columns that the recipe names, and no others. Raises Invalid
    naming an input or a column that the recipe does not know, or for too many steps.
    """
    first = {name: sql for name, chosen in columns.items() if (sql := _sql(recipe, name, chosen))}
    taken = [*recipe.inputs, *(step.output for step in steps)]
    outputs = dict(zip(first, unique([f"colonnes_{name}" for name in first], taken), strict=True))
    if len(first) + len(steps) > MOST_STEPS:
        raise Invalid(f"le traitement aurait plus de {MOST_STEPS} étapes", "columns")
    return (
        *(
            Step(
                application=QUERY.name,
                inputs={_TABLE: name},
                parameters={"sql": sql},
                output=outputs[name],
            )
            for name, sql in first.items()
        ),
        *(
            step.model_copy(
                update={
                    "inputs": {
                        role: outputs.get(table, table) for role, table in step.inputs.items()
                    }
                }
            )
            for step in steps
        ),
    )


def _sql(recipe: RecipeVersion, name: str, chosen: Mapping[str, str]) -> str:
    """Return the query that renames the columns; none where they have these names already."""
    if name not in recipe.inputs:
        raise Invalid(f"la recette ne connaît pas « {name} »", f"columns.{name}")
    needed = recipe.inputs[name].columns
    for column in chosen:
        if column not in needed:
            raise Invalid(f"la recette ne lit pas « {column} »", f"columns.{name}.{column}")
    if all(column == called for column, called in chosen.items()):
        return ""
    return f"SELECT {', '.join(_selected(needed, chosen))} FROM {quoted_name(_TABLE)}"  # noqa: S608 - quoted


def _selected(needed: Mapping[str, str], chosen: Mapping[str, str]) -> Iterator[str]:
    for column in needed:
        yield f"{quoted_name(chosen.get(column, column))} AS {quoted_name(column)}"
