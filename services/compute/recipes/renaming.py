"""Lets a recipe read data whose columns are called otherwise than those that it names."""

from collections.abc import Iterator, Mapping, Sequence

from services.compute.recipes.model import RecipeVersion
from shared.applications.query import QUERY
from shared.applications.sql import quoted
from shared.errors import Invalid
from shared.events import Step
from shared.words import unique

Columns = Mapping[str, Mapping[str, str]]
"""By input: the column that the recipe names -> that of the dataset."""

MOST_STEPS = 10
_TABLE = "table"


def renamed(recipe: RecipeVersion, steps: Sequence[Step], columns: Columns) -> tuple[Step, ...]:
    """The steps, after others that give the tables the names of columns that the recipe knows.

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
                update={"inputs": {role: outputs.get(it, it) for role, it in step.inputs.items()}}
            )
            for step in steps
        ),
    )


def _sql(recipe: RecipeVersion, name: str, chosen: Mapping[str, str]) -> str:
    """The query that calls the columns so; none where they are called so already."""
    if name not in recipe.inputs:
        raise Invalid(f"la recette ne connaît pas « {name} »", f"columns.{name}")
    needed = recipe.inputs[name].columns
    for column in chosen:
        if column not in needed:
            raise Invalid(f"la recette ne lit pas « {column} »", f"columns.{name}.{column}")
    if all(column == called for column, called in chosen.items()):
        return ""
    return f"SELECT {', '.join(_selected(needed, chosen))} FROM {quoted(_TABLE)}"  # noqa: S608 - quoted


def _selected(needed: Mapping[str, str], chosen: Mapping[str, str]) -> Iterator[str]:
    for column in needed:
        yield f"{quoted(chosen.get(column, column))} AS {quoted(column)}"
